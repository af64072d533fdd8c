// Who may connect, and with which rights. Root is always there, with every right, with or without a
// password; the other accounts are made by CREATE USER. They rest in the store's settings: root's
// hashes under "user.root", all others, with their rights, as JSON under "accounts" (written whole,
// so that a statement about several is one transaction; docs/format/accounts.md). One UserBook per
// server; thread-safe. It never holds a password, and it never says whether a user exists: an
// unknown one is checked like a known one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/thread.h"
#include "sql/account.h"

namespace millrace::serve {

inline constexpr std::string_view kRoot = "root";
inline constexpr size_t kNameBytesMax = 128;  // of a user, and of a token

/// What is kept of a user; both hashes are empty when there is no password.
struct UserRecord {
  std::string native_hash;  // 20 bytes
  std::string sha2_hash;    // 32 bytes
  std::string host{"%"};    // from where it may come: see sql::is_host()
  bool has_password() const { return !sha2_hash.empty(); }
};

/// Where settings rest between two lives of the process (the store).
struct SettingsPlace {
  std::function<Result<std::optional<std::string>>(const std::string& key)> read;
  std::function<Status(const std::string& key, const std::string& value)> write;
};

class UserBook : public sql::Accounts {
 public:
  /// Reads what is kept. Errors: those of the place, kDataLoss for a record that cannot be read.
  static Result<std::unique_ptr<UserBook>> open(SettingsPlace place);

  /// The record to check a proof against. For an unknown user: one that no proof fits.
  UserRecord record(std::string_view user) const;
  /// From now on root's password may be changed, and not taken away.
  void keep_root_password();

  // sql::Accounts.
  std::shared_ptr<const sql::Account> find(std::string_view name) const override;
  std::vector<std::shared_ptr<const sql::Account>> list() const override;
  Status create(const std::vector<sql::AccountChange>& accounts, bool if_not_exists) override;
  Status alter(const std::vector<sql::AccountChange>& accounts, bool if_exists) override;
  Status drop(const std::vector<sql::AccountName>& names, bool if_exists) override;
  Status grant(const sql::Grant& grant, const std::vector<sql::AccountName>& to) override;
  Status revoke(const sql::Grant& grant, const std::vector<sql::AccountName>& from) override;

 private:
  struct User {
    UserRecord record;
    std::shared_ptr<const sql::Account> account;
  };
  using Users = std::map<std::string, User, std::less<>>;

  explicit UserBook(SettingsPlace place) : place_(std::move(place)) {}
  static Result<Users> read_accounts(std::string_view text);
  static std::string write_accounts(const Users& users);
  static Status apply(const sql::AccountChange& change, User& user);
  Result<User*> known(Users& users, const std::string& name, const std::string& host) const;
  /// Keeps `changed`, all of it or nothing.
  Status keep(Users changed) REQUIRES(mutex_);

  const SettingsPlace place_;
  mutable Mutex mutex_;
  Users users_ GUARDED_BY(mutex_);  // root among them
  bool root_keeps_password_ GUARDED_BY(mutex_) = false;
};

}  // namespace millrace::serve
