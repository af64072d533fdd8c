// The Server takes MySQL clients and HTTP requests until it is stopped: one thread accepts, each
// client has a thread of its own (at most connections_max of them), HTTP has its few. It is the
// SessionHost of the sessions: process list, KILL, passwords. The Backend outlives it. It refuses
// to listen beyond the loopback while root has no password.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/thread.h"
#include "serve/audit_log.h"
#include "serve/backend.h"
#include "serve/connection.h"
#include "serve/http.h"
#include "serve/http_sessions.h"
#include "serve/login.h"
#include "serve/socket.h"
#include "serve/tls.h"
#include "serve/token_book.h"
#include "serve/users.h"

namespace millrace::serve {

struct ServerOptions {
  Address mysql_listen{"127.0.0.1", 3306};  // port 0 takes a free one
  Address http_listen{"127.0.0.1", 8080};
  std::string auth_plugin{kSha2Plugin};  // the one that the greeting names; both are accepted
  size_t connections_max = 500;
  std::vector<std::string> http_allowed_origins;  // see HttpOptions
  HttpLimits http_limits;
  bool http_tls = false;      // HTTP speaks TLS alone, with the same certificate
  TlsFiles tls;               // empty: a certificate of its own, in tls_directory
  std::string tls_directory;  // empty, too: no TLS
  bool tls_only = false;      // refuse MySQL clients without TLS
  bool file_access = true;    // see sql::SessionHost
  bool local_infile = false;  // likewise, at first
  std::string audit_log;      // a file; empty: none
  ConnectionLimits limits;
};

class Server : public sql::SessionHost {
 public:
  /// Listens from now on. Errors: kPermission (no password and an address beyond the loopback),
  /// kUnavailable (address taken), kInvalidArgument (unknown plugin), those of the backend.
  static Result<std::unique_ptr<Server>> open(ServerOptions options, Backend& backend);
  ~Server() override;

  const Address& mysql_address() const { return listener_.address(); }
  const Address& http_address() const { return http_->address(); }

  /// Takes no more clients, interrupts the statements at work, tells the clients, and waits until
  /// all are gone. Idempotent; on the owner's thread.
  void stop();

  // SessionHost.
  std::vector<sql::Process> processes() override;
  Status kill(uint64_t connection_id, sql::KillScope scope) override;
  sql::Accounts& accounts() override { return *users_; }
  sql::AccessTokens& tokens() override { return *tokens_; }
  bool audits() const override { return audit_ != nullptr; }
  void audit(const sql::AuditEvent& event) override {
    if (audit_) audit_->write(event);
  }
  bool file_access() const override { return options_.file_access; }
  bool local_infile() const override { return local_infile_; }
  void set_local_infile(bool allowed) override { local_infile_ = allowed; }
  std::string new_secret() override { return to_hex(make_scramble()); }
  std::string server_version() const override;
  int port() const override { return listener_.address().port; }
  int64_t uptime_seconds() const override { return since_start_.micros() / 1'000'000; }

 private:
  struct Guest {
    std::unique_ptr<Connection> connection;
    std::jthread thread;
  };

  /// What open() could make, and a constructor could not.
  struct Ground {
    ServerOptions options;
    std::unique_ptr<UserBook> users;
    std::unique_ptr<TokenBook> tokens;
    Listener listener;
    std::unique_ptr<TlsContext> tls;
    std::unique_ptr<AuditLog> audit;
  };

  Server(Ground ground, Backend& backend);
  void accept_clients(const std::stop_token& stop);
  void welcome(Socket socket);
  void leave(uint64_t id);
  void sweep();
  void turn_away(Socket socket);
  uint64_t take_id();

  const ServerOptions options_;
  const std::unique_ptr<UserBook> users_;
  const std::unique_ptr<TokenBook> tokens_;
  const std::unique_ptr<AuditLog> audit_;  // null: none
  LoginGuard guard_;
  const LoginDesk desk_;
  const std::unique_ptr<TlsContext> tls_;  // null: no TLS
  const Stopwatch since_start_;
  ServerCounters counters_;
  std::atomic<bool> local_infile_;
  Seats seats_;
  const ConnectionContext context_;
  Listener listener_;
  HttpSessions http_sessions_;
  std::unique_ptr<HttpServer> http_;
  std::jthread accepter_;

  Mutex mutex_;
  Condition changed_;
  uint64_t next_id_ GUARDED_BY(mutex_) = 1;
  std::map<uint64_t, Guest> guests_ GUARDED_BY(mutex_);
  std::vector<Guest> gone_ GUARDED_BY(mutex_);  // to be joined by the accepting thread
};

}  // namespace millrace::serve
