// Who an HTTP request comes from: HTTP Basic authentication (RFC 7617) against the users of the
// MySQL side. A user without a password is admitted from this machine alone, and only under a name
// of this machine, so that no web page can reach the server through a name of its own (DNS
// rebinding). Requests that a browser sends for another site's page are refused unless that site is
// allowed. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "serve/login_guard.h"
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

/// The user. Errors: kAuthentication, which never says whether user or password was wrong; kLimit
/// for who has to wait: only requests of this machine do.
Result<std::string> authenticate(const UserBook& users, LoginGuard& guard,
                                 const HttpCaller& caller);

/// Whether a page of this origin may ask. Errors: kPermission.
Status check_origin(const HttpCaller& caller, const std::vector<std::string>& allowed);

}  // namespace millrace::serve
