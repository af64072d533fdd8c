// Fetches a program over HTTP: the door to httplib in this room. What comes is run as the server's
// user, so nothing that was asked for over TLS comes without it. Free functions without state.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace millrace::transform {

bool is_web_address(const std::string& uri);  // http:// or https://
/// Errors: kInvalidArgument for one without a host, or with a name and password in it, which SHOW
/// CREATE would show.
Status check_web_address(const std::string& uri);

/// The bytes that GET gives, through five redirects at most, within five minutes, and of TLS with a
/// certificate that the system trusts. Errors: kNotFound (404, 410), kPermission (401, 403),
/// kInvalidArgument for more than `bytes_max`, kUnavailable for all else.
Result<std::string> download(const std::string& uri, int64_t bytes_max);

}  // namespace millrace::transform
