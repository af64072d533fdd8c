// Access tokens: secrets that stand for a user over HTTP, for programs that should not hold a
// password. Data, and the interface of what keeps them, which serve/ implements.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace millrace::sql {

struct AccessToken {
  std::string user;
  std::string name;     // one of the user's
  int64_t created = 0;  // microseconds since 1970
  int64_t expires = 0;  // the same; 0: never
};

/// Thread-safe.
class AccessTokens {
 public:
  virtual ~AccessTokens() = default;
  /// The secret, which nobody can be told again. Errors: kAlreadyExists, kResourceExhausted when
  /// there are too many, kInvalidArgument.
  virtual Result<std::string> create(const AccessToken& token) = 0;
  /// kNotFound when there is none.
  virtual Status drop(const std::string& user, const std::string& name) = 0;
  /// All of a user that is dropped.
  virtual Status forget(const std::string& user) = 0;
  virtual std::vector<AccessToken> list() const = 0;
};

}  // namespace millrace::sql
