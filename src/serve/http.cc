#include "serve/http.h"

#include <httplib.h>
#include <openssl/ssl.h>

#include "base/thread.h"
#include "serve/http_routes.h"

namespace millrace::serve {
namespace {

constexpr size_t kSpareThreads = 4;  // besides those of sessions at work
constexpr time_t kPauseSecondsMax = 10;
constexpr time_t kKeepAliveSeconds = 2;  // stop() waits so long for an idle connection
constexpr const char* kPlainText = "text/plain; charset=utf-8";

void add_health_routes(httplib::Server& server, const HttpOptions& options,
                       const ServerCounters& counters) {
  server.Get("/healthz", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("ok\n", kPlainText);
  });
  server.Get("/readyz", [&counters](const httplib::Request&, httplib::Response& response) {
    const bool now = !counters.stopping;
    response.status = now ? 200 : 503;
    response.set_content(now ? "ready\n" : "not ready\n", kPlainText);
  });
  server.Get("/", [version = options.server_version](const httplib::Request&,
                                                     httplib::Response& response) {
    response.set_content(
        "millrace " + version +
            "\nConnect with a MySQL client. /healthz and /readyz tell of health, /metrics of\n"
            "work, /api/v1/openapi.json of what else can be asked here.\n",
        kPlainText);
  });
}

Result<std::unique_ptr<httplib::Server>> make_server(const TlsFiles& tls) {
  if (tls.certificate.empty()) return std::make_unique<httplib::Server>();
  auto server = std::make_unique<httplib::SSLServer>(tls.certificate.c_str(), tls.key.c_str());
  if (!server->is_valid() ||
      SSL_CTX_set_min_proto_version(server->ssl_context(), TLS1_2_VERSION) != 1)
    return Error(Code::kInvalidArgument, "HTTP cannot use the certificate \"" + tls.certificate +
                                             "\" with the key \"" + tls.key + "\"");
  return std::unique_ptr<httplib::Server>(std::move(server));
}

}  // namespace

struct HttpServer::Inside {
  Inside(HttpOptions options, const HttpContext& context)
      : api(context.sessions, context.backend, context.host, context.counters),
        routes{api,
               context.users,
               context.tokens,
               context.guard,
               context.host,
               logins,
               std::move(options.allowed_origins),
               context.sessions.limits().body_bytes_max} {}

  HttpApi api;
  HttpLogins logins;
  const RouteContext routes;
  std::unique_ptr<httplib::Server> server;  // an SSLServer for TLS
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

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpOptions options,
                                                      const HttpContext& context) {
  auto inside = std::make_unique<Inside>(options, context);
  TRY(inside->server, make_server(options.tls));
  auto& server = *inside->server;
  const auto& limits = context.sessions.limits();
  server.new_task_queue = [&self = *inside, threads = limits.sessions_max + kSpareThreads] {
    self.set_listening();
    return new httplib::ThreadPool(threads);  // tidy: allow new: the library takes it over
  };
  server.set_payload_max_length(limits.body_bytes_max);
  server.set_read_timeout(kPauseSecondsMax, 0);
  server.set_write_timeout(kPauseSecondsMax, 0);
  server.set_keep_alive_timeout(kKeepAliveSeconds);
  server.set_tcp_nodelay(true);  // head and body are two writes: a delayed ACK would cost 40 ms
  // The library's own choice, SO_REUSEPORT, would let two processes share one port unseen.
  server.set_socket_options([](socket_t fd) {
    const int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  });
  add_health_routes(server, options, context.counters);
  add_api_routes(server, inside->routes);
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
  inside_->server->stop();
  inside_->thread.join();
}

}  // namespace millrace::serve
