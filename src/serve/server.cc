#include "serve/server.h"

#include <system_error>

#include "base/check.h"
#include "base/log.h"
#include "serve/version.h"
#include "serve/wire.h"

namespace millrace::serve {
namespace {

constexpr Milliseconds kSweepInterval{1000};
constexpr Milliseconds kRefusalTimeout{1000};

Error unsafe(const Address& address) {
  return Error(Code::kPermission,
               "cannot listen on " + address.to_string() + ": user \"root\" has no password",
               "Start on 127.0.0.1 first, run SET PASSWORD = '...', then start again.");
}

/// Empty: there is no certificate.
Result<TlsFiles> tls_files(const ServerOptions& options) {
  if (options.tls.certificate.empty() != options.tls.key.empty())
    return Error(Code::kInvalidArgument, "a certificate needs its key, and a key its certificate",
                 "Give both --tls-cert and --tls-key.");
  if (!options.tls.certificate.empty() || options.tls_directory.empty()) return options.tls;
  return own_certificate(options.tls_directory);
}

}  // namespace

Result<std::unique_ptr<Server>> Server::open(ServerOptions options, Backend& backend) {
  if (options.auth_plugin != kSha2Plugin && options.auth_plugin != kNativePlugin)
    return Error(Code::kInvalidArgument,
                 "authentication plugin \"" + options.auth_plugin + "\" does not exist",
                 did_you_mean(options.auth_plugin, {kSha2Plugin, kNativePlugin}));
  SettingsPlace place{[&backend](const std::string& key) { return backend.setting(key); },
                      [&backend](const std::string& key, const std::string& value) {
                        return backend.set_setting(key, value);
                      }};
  TRY(auto users, UserBook::open(place));
  TRY(auto tokens, TokenBook::open(std::move(place), *users));
  bool beyond = false;
  for (const Address* address : {&options.mysql_listen, &options.http_listen}) {
    TRY(const bool loopback, is_loopback(address->host));
    if (!loopback && !users->record(kRoot).has_password()) return unsafe(*address);
    beyond = beyond || !loopback;
  }
  if (beyond) users->keep_root_password();
  TRY(const auto files, tls_files(options));
  std::unique_ptr<TlsContext> tls;
  if (!files.certificate.empty()) {
    TRY(tls, TlsContext::server(files));
  }
  if ((options.tls_only || options.http_tls) && !tls)
    return Error(Code::kInvalidArgument,
                 "clients cannot be asked for TLS: there is no certificate");
  std::unique_ptr<AuditLog> audit;
  if (!options.audit_log.empty()) {
    TRY(audit, AuditLog::open(options.audit_log));
  }
  TRY(auto listener, Listener::open(options.mysql_listen));
  Ground ground{std::move(options),  std::move(users), std::move(tokens),
                std::move(listener), std::move(tls),   std::move(audit)};
  auto server = std::unique_ptr<Server>(new Server(std::move(ground), backend));
  HttpOptions http{server->options_.http_listen, server->server_version(),
                   server->options_.http_allowed_origins,
                   server->options_.http_tls ? files : TlsFiles()};
  const HttpContext context{server->http_sessions_, backend,          *server,
                            *server->users_,        *server->tokens_, server->guard_,
                            server->counters_};
  TRY(server->http_, HttpServer::start(std::move(http), context));
  server->accepter_ = run_thread("mysql-accept", [&self = *server](const std::stop_token& stop) {
    self.accept_clients(stop);
  });
  return server;
}

Server::Server(Ground ground, Backend& backend)
    : options_(std::move(ground.options)),
      users_(std::move(ground.users)),
      tokens_(std::move(ground.tokens)),
      audit_(std::move(ground.audit)),
      desk_(*users_, options_.auth_plugin, guard_),
      tls_(std::move(ground.tls)),
      local_infile_(options_.local_infile),
      context_{backend, *this,           desk_,      counters_,
               seats_,  options_.limits, tls_.get(), options_.tls_only},
      listener_(std::move(ground.listener)),
      http_sessions_(
          backend, *this, [this] { return take_id(); }, seats_, options_.http_limits) {}

Server::~Server() {
  stop();
}

void Server::accept_clients(const std::stop_token& stop) {
  Stopwatch since_sweep;
  while (!stop.stop_requested()) {
    auto client = listener_.accept(kSweepInterval);
    if (!client) {
      log_error("no more clients can be taken", {{"why", client.error().message}});
      return;
    }
    if (*client) welcome(std::move(**client));
    if (since_sweep.micros() < kSweepInterval.count() * 1000) continue;
    since_sweep.restart();
    sweep();
  }
}

void Server::welcome(Socket socket) {
  {
    Lock lock(mutex_);
    if (guests_.size() < options_.connections_max) {
      const uint64_t id = next_id_++;
      ++counters_.connections;
      Guest& guest = guests_[id];
      guest.connection =
          std::make_unique<Connection>(id, std::make_unique<Socket>(std::move(socket)), context_);
      try {
        guest.thread = run_thread("mysql-" + std::to_string(id),
                                  [this, id, one = guest.connection.get()](const auto&) {
                                    one->run();
                                    leave(id);
                                  });
      } catch (const std::system_error& e) {  // no thread to be had: the client sees us hang up
        log_warn("could not start a thread for a client", {{"why", e.what()}});
        guests_.erase(id);
      }
      return;
    }
  }
  turn_away(std::move(socket));
}

void Server::turn_away(Socket socket) {
  PacketChannel channel(socket, {.write_pause_max = kRefusalTimeout});
  // Before the greeting there is no capability, and so no SQLSTATE.
  const WireError error{1040, "08004", "Too many connections"};
  if (channel.write(write_error(error, 0)) && channel.flush()) socket.shut(Shut::kBoth);
}

/// The last act of a client's thread; who joins it is the accepting thread, or stop().
void Server::leave(uint64_t id) {
  Lock lock(mutex_);
  auto node = guests_.extract(id);
  CHECK(!node.empty(), "a client leaves once");
  gone_.push_back(std::move(node.mapped()));
  changed_.notify_all();
}

void Server::sweep() {
  if (http_) http_sessions_.sweep(http_address().port);
  std::vector<Guest> gone;
  Lock lock(mutex_);
  gone.swap(gone_);
  for (auto& [id, guest] : guests_) guest.connection->sweep();
}

uint64_t Server::take_id() {
  Lock lock(mutex_);
  return next_id_++;
}

void Server::stop() {
  counters_.stopping = true;
  guard_.stop();
  http_sessions_.stop();
  if (accepter_.joinable()) {
    accepter_.request_stop();
    listener_.wake();
    accepter_.join();
    listener_.close();
  }
  {
    Lock lock(mutex_);
    for (auto& [id, guest] : guests_) guest.connection->kill(sql::KillScope::kConnection);
    while (!guests_.empty()) {
      if (changed_.wait_for(mutex_, kSweepInterval)) continue;
      for (auto& [id, guest] : guests_) guest.connection->sweep();
    }
  }
  sweep();
  if (http_) http_->stop();
}

std::vector<sql::Process> Server::processes() {
  auto list = http_sessions_.processes();
  Lock lock(mutex_);
  for (const auto& [id, guest] : guests_) list.push_back(guest.connection->process());
  return list;
}

Status Server::kill(uint64_t connection_id, sql::KillScope scope) {
  if (http_sessions_.kill(connection_id)) return {};
  Lock lock(mutex_);
  const auto found = guests_.find(connection_id);
  if (found == guests_.end())
    return Error(Code::kNotFound, "connection " + std::to_string(connection_id) + " does not exist",
                 "SHOW PROCESSLIST names those that do.");
  found->second.connection->kill(scope);
  return {};
}

std::string Server::server_version() const {
  return std::string(kServerVersion);
}

}  // namespace millrace::serve
