// Who an HTTP request comes from: HTTP Basic authentication (RFC 7617) against the users of the
// MySQL side, or an access token of one of them as a bearer token (RFC 6750). A user without a
// password is admitted from this machine alone, and only under a name of this machine, so that no
// web page can reach the server through a name of its own (DNS rebinding). Requests that a browser
// sends for another site's page are refused unless that site is allowed. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "serve/login_guard.h"
#include "serve/token_book.h"
#include "serve/users.h"

namespace millrace::serve {

/// What a request says of itself; empty where it has no such header.
struct HttpCaller {
  std::string peer;           // the address it comes from
  std::string authorization;  // the headers of these names
  std::string host;
  std::string origin;
};

/// The user that it says it is; empty when it says nothing that can be read.
std::string claimed_user(const HttpCaller& caller);

struct HttpIdentity {
  std::string user;
  bool by_token = false;
};

/// The user. Errors: kAuthentication, which never says whether user or password was wrong; kLimit
/// for who has to wait: only requests of this machine do. A token that holds never waits.
Result<HttpIdentity> authenticate(const UserBook& users, const TokenBook& tokens, LoginGuard& guard,
                                  const HttpCaller& caller);

/// Whether a page of this origin may ask. Errors: kPermission.
Status check_origin(const HttpCaller& caller, const std::vector<std::string>& allowed);

}  // namespace millrace::serve
