// The access tokens of a server. They rest in the store's settings under "tokens", as JSON, with
// the SHA-256 of each secret: 160 random bits need no slow hash (docs/format/accounts.md). One
// TokenBook per server; thread-safe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/thread.h"
#include "serve/users.h"
#include "sql/access_token.h"

namespace millrace::serve {

class TokenBook : public sql::AccessTokens {
 public:
  /// Reads what is kept; tokens of users that are not in `users` any more are not taken over.
  /// Errors: those of the place, kDataLoss for a record that cannot be read.
  static Result<std::unique_ptr<TokenBook>> open(SettingsPlace place, const UserBook& users);

  /// The token of a secret, if there is one and it has not expired.
  std::optional<sql::AccessToken> find(std::string_view secret, int64_t now_micros) const;

  // sql::AccessTokens.
  Result<std::string> create(const sql::AccessToken& token) override;
  Status drop(const std::string& user, const std::string& name) override;
  Status forget(const std::string& user) override;
  std::vector<sql::AccessToken> list() const override;

 private:
  using Tokens = std::map<std::string, sql::AccessToken, std::less<>>;  // by the secret's hash

  explicit TokenBook(SettingsPlace place) : place_(std::move(place)) {}
  static Result<Tokens> read_tokens(std::string_view text, const UserBook& users);
  static std::string write_tokens(const Tokens& tokens);
  /// Keeps `changed`, all of it or nothing.
  Status keep(Tokens changed) REQUIRES(mutex_);

  const SettingsPlace place_;
  mutable Mutex mutex_;
  Tokens tokens_ GUARDED_BY(mutex_);
};

}  // namespace millrace::serve
