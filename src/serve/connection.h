// A Connection is one client from its greeting to its goodbye: login, then commands, each answered
// before the next is read. It lives on a thread of its own, where its SqlSession lives too; kill(),
// sweep() and process() may be called from any thread. Rows go out as the store gives them: a
// result is never gathered.
//
// Source: MySQL's client/server protocol, "Connection Lifecycle", "Command Phase".
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/thread.h"
#include "serve/backend.h"
#include "serve/client_file.h"
#include "serve/compressed_stream.h"
#include "serve/login.h"
#include "serve/messages.h"
#include "serve/open_statements.h"
#include "serve/packet.h"
#include "serve/result_writer.h"
#include "serve/seats.h"
#include "serve/socket.h"
#include "serve/tls.h"

namespace millrace::serve {

struct ConnectionLimits {
  Milliseconds login_timeout{10'000};         // for each packet of the login
  Milliseconds idle_timeout{28'800'000};      // between two commands; MySQL's wait_timeout
  size_t packet_bytes_max = size_t{1} << 26;  // of a logged-in client; MySQL's max_allowed_packet
};

struct ServerCounters {
  std::atomic<uint64_t> questions{0};
  std::atomic<uint64_t> connections{0};
  std::atomic<bool> stopping{false};
};

/// What the connections of a server share; outlives them.
struct ConnectionContext {
  Backend& backend;
  sql::SessionHost& host;
  const LoginDesk& desk;
  ServerCounters& counters;
  Seats& seats;
  ConnectionLimits limits;
  const TlsContext* tls = nullptr;  // null: no TLS
  bool tls_only = false;            // who comes without it is sent away
};

class Connection {
 public:
  Connection(uint64_t id, std::unique_ptr<PeerStream> peer, const ConnectionContext& context);

  /// The whole life of the connection; returns when it is over.
  void run();

  /// kQuery ends the statement at work; kConnection ends the connection as well, after the answer
  /// to what it is doing. Thread-safe.
  void kill(sql::KillScope scope);
  /// Once a second: ends the statement that was killed or whose client has gone, and a killed
  /// connection whose client does not take its answer. Thread-safe.
  void sweep();
  sql::Process process() const;

 private:
  // connection.cc: the life.
  Status log_in();
  Status start_tls();
  void start_compression();
  uint32_t offered() const;
  Status open_session(const Login& login);
  Result<std::unique_ptr<sql::SqlSession>> make_session(const Login& login);
  void close_session();
  void serve_commands();
  void farewell();

  // commands.cc: an Error of these ends the connection; errors of SQL are sent to the client.
  Status answer(const std::string& packet);
  Status query(std::string_view text);
  struct ResultForm {
    RowForm rows;
    bool more;  // another result follows
  };
  Status send_result(sql::StatementResult result, ResultForm form, bool& failed);
  Status use_database(std::string_view name);
  Status change_user(std::string_view payload);
  Status field_list(std::string_view payload);
  Status set_option(std::string_view payload);
  Status process_kill(std::string_view payload);
  Status statistics();
  Status reset();
  Status send_status(const Status& status);
  Status send_ok(Ok ok = {});
  Status send_end();
  Status send_error(const Error& error);
  Status send_error(const WireError& error);
  void note_changes(Ok& ok);
  /// A statement that we interrupted ran out of its account's time.
  Error explained(const Error& error) const;
  uint16_t status_flags() const;
  void begin_command(std::string_view command, std::string_view text);
  void end_command();

  // statement_commands.cc
  Status answer_statement_command(uint8_t command, std::string_view payload);
  Status prepare(std::string_view text);
  Status execute(std::string_view payload);
  Status open_cursor(OpenStatement& statement);
  Status fetch(std::string_view payload);
  Status reset_statement(std::string_view payload);
  void take_long_data(std::string_view payload);

  const uint64_t id_;
  const Address peer_;
  const ConnectionContext& context_;
  const std::unique_ptr<PeerStream> stream_;
  std::unique_ptr<TlsStream> tls_;                // over the socket, when the client asked for it
  std::unique_ptr<CompressedStream> compressed_;  // over either, likewise
  PacketChannel channel_;
  std::string scramble_;
  uint32_t capabilities_ = 0;
  ClientFileDesk files_{channel_, capabilities_};
  bool goodbye_ = false;
  std::atomic<bool> killed_{false};

  /// Changed on the connection's thread under the lock, so that a kill() from another thread
  /// never meets a session that is being closed; used on its thread without it.
  std::unique_ptr<sql::SqlSession> session_;
  OpenStatements statements_;  // of the session: gone before it
  std::string told_database_;  // by session tracking
  Seat seat_;
  mutable Mutex mutex_;
  sql::Process process_ GUARDED_BY(mutex_);
  int64_t command_began_ GUARDED_BY(mutex_) = 0;  // microseconds since 1970
  bool busy_ GUARDED_BY(mutex_) = false;
  /// Of the command at work: how long it may take, which is the account's; null: as it likes.
  std::shared_ptr<const sql::Account> timed_ GUARDED_BY(mutex_);
  bool overdue_ GUARDED_BY(mutex_) = false;
  bool cut_short_ GUARDED_BY(mutex_) = false;  // killed while it was at work
  int sweeps_since_kill_ GUARDED_BY(mutex_) = 0;
};

}  // namespace millrace::serve
