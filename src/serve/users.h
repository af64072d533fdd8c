// Who may connect. There is one user so far, root, with or without a password; its hashes rest in
// the store's settings, under "user.root". One UserBook per server; thread-safe. It never holds a
// password, and it never says whether a user exists: an unknown one is checked like a known one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/thread.h"

namespace millrace::serve {

inline constexpr std::string_view kRoot = "root";

/// What is kept of a user; both hashes are empty when there is no password.
struct UserRecord {
  std::string native_hash;  // 20 bytes
  std::string sha2_hash;    // 32 bytes
  bool has_password() const { return !sha2_hash.empty(); }
};

/// Where settings rest between two lives of the process (the store).
struct SettingsPlace {
  std::function<Result<std::optional<std::string>>(const std::string& key)> read;
  std::function<Status(const std::string& key, const std::string& value)> write;
};

class UserBook {
 public:
  /// Reads what is kept. Errors: those of the place, kDataLoss for a record that cannot be read.
  static Result<std::unique_ptr<UserBook>> open(SettingsPlace place);

  /// The record to check a proof against. For an unknown user: one that no proof fits.
  UserRecord find(std::string_view user) const;
  /// An empty password takes it away. kNotFound for an unknown user or host.
  Status set_password(const std::string& user, const std::string& host,
                      const std::string& password);

 private:
  explicit UserBook(SettingsPlace place) : place_(std::move(place)) {}

  const SettingsPlace place_;
  mutable Mutex mutex_;
  UserRecord root_ GUARDED_BY(mutex_);
};

}  // namespace millrace::serve
