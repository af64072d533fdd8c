// The HTTP side: /healthz (the process lives), /readyz (it takes sessions) and a pointer at /. The
// console and the metrics come here later. Its own port, a few threads of its own; it never touches
// a session. start() listens, stop() ends it and joins its threads.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "serve/socket.h"

namespace millrace::serve {

struct HttpOptions {
  Address listen;
  std::string server_version;
  std::function<bool()> ready;  // thread-safe
};

class HttpServer {
 public:
  /// Listens and answers from now on. Errors: kUnavailable when the address is taken.
  static Result<std::unique_ptr<HttpServer>> start(HttpOptions options);
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
