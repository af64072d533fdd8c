// The HTTP side: /healthz (the process lives), /readyz (it takes sessions), a pointer at /, and
// what HttpApi answers: /metrics and /api/v1. Its own port and a few threads of its own, of which
// the sessions at work leave some free, so that health can always be asked for. start() listens,
// stop() ends it and joins its threads.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "serve/connection.h"
#include "serve/http_sessions.h"
#include "serve/login_guard.h"
#include "serve/socket.h"
#include "serve/tls.h"
#include "serve/token_book.h"
#include "serve/users.h"

namespace millrace::serve {

struct HttpOptions {
  Address listen;
  std::string server_version;
  std::vector<std::string> allowed_origins;  // whose pages browsers let ask; none: CORS is off
  TlsFiles tls;                              // empty: no TLS
};

/// What the HTTP side stands on; all outlive it.
struct HttpContext {
  HttpSessions& sessions;
  Backend& backend;
  sql::SessionHost& host;
  const UserBook& users;
  const TokenBook& tokens;
  LoginGuard& guard;
  const ServerCounters& counters;
};

class HttpServer {
 public:
  /// Listens and answers from now on. Errors: kUnavailable when the address is taken,
  /// kInvalidArgument for a certificate and key that cannot be used.
  static Result<std::unique_ptr<HttpServer>> start(HttpOptions options, const HttpContext& context);
  ~HttpServer();
  /// As bound: the port is a real one.
  const Address& address() const { return address_; }
  /// Idempotent.
  void stop();

 private:
  struct Inside;
  HttpServer(std::unique_ptr<Inside> inside, Address address);
  std::unique_ptr<Inside> inside_;
  Address address_;
};

}  // namespace millrace::serve
