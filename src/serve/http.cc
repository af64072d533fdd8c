#include "serve/http.h"

#include <httplib.h>

#include "base/thread.h"

namespace millrace::serve {
namespace {

constexpr size_t kThreads = 4;
constexpr size_t kBodyBytesMax = size_t{1} << 20;
constexpr time_t kPauseSecondsMax = 10;
constexpr time_t kKeepAliveSeconds = 2;  // stop() waits so long for an idle connection
constexpr const char* kText = "text/plain; charset=utf-8";

void add_routes(httplib::Server& server, const HttpOptions& options) {
  server.Get("/healthz", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("ok\n", kText);
  });
  server.Get("/readyz",
             [ready = options.ready](const httplib::Request&, httplib::Response& response) {
               const bool now = ready();
               response.status = now ? 200 : 503;
               response.set_content(now ? "ready\n" : "not ready\n", kText);
             });
  server.Get("/", [version = options.server_version](const httplib::Request&,
                                                     httplib::Response& response) {
    response.set_content(
        "millrace " + version +
            "\nConnect with a MySQL client; /healthz and /readyz tell of health.\n",
        kText);
  });
}

}  // namespace

struct HttpServer::Inside {
  httplib::Server server;
  std::jthread thread;
  Mutex mutex;
  Condition changed;
  bool listening GUARDED_BY(mutex) = false;

  /// The library asks for its threads when it is about to accept: from then on stop() reaches it.
  void set_listening() {
    Lock lock(mutex);
    listening = true;
    changed.notify_all();
  }
  void wait_listening() {
    Lock lock(mutex);
    while (!listening) changed.wait(mutex);
  }
};

HttpServer::HttpServer(std::unique_ptr<Inside> inside, Address address)
    : inside_(std::move(inside)), address_(std::move(address)) {}

HttpServer::~HttpServer() {
  stop();
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpOptions options) {
  auto inside = std::make_unique<Inside>();
  auto& server = inside->server;
  server.new_task_queue = [&self = *inside] {
    self.set_listening();
    return new httplib::ThreadPool(kThreads);  // tidy: allow new: the library takes it over
  };
  server.set_payload_max_length(kBodyBytesMax);
  server.set_read_timeout(kPauseSecondsMax, 0);
  server.set_write_timeout(kPauseSecondsMax, 0);
  server.set_keep_alive_timeout(kKeepAliveSeconds);
  // The library's own choice, SO_REUSEPORT, would let two processes share one port unseen.
  server.set_socket_options([](socket_t fd) {
    const int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  });
  add_routes(server, options);
  Address address = options.listen;
  bool bound = false;
  if (address.port == 0) {
    const int port = server.bind_to_any_port(address.host);
    bound = port > 0;
    address.port = static_cast<uint16_t>(bound ? port : 0);
  } else {
    bound = server.bind_to_port(address.host, address.port);
  }
  if (!bound)
    return Error(Code::kUnavailable, "cannot listen on " + options.listen.to_string() + " for HTTP",
                 "Another program may listen there; port 0 takes a free one.");
  inside->thread = run_thread("http", [&server](const std::stop_token&) {
    (void)server.listen_after_bind();  // false tells only that it was stopped
  });
  inside->wait_listening();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(inside), std::move(address)));
}

void HttpServer::stop() {
  if (!inside_->thread.joinable()) return;
  inside_->server.stop();
  inside_->thread.join();
}

}  // namespace millrace::serve
