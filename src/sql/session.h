// A SqlSession is one client's connection as SQL sees it: the one entry for serve/ and `millrace
// sql`. It takes the text of a COM_QUERY, splits it into statements, sends ours to the engine and
// the rest, translated, to the store, and keeps what a MySQL session has: current database,
// variables, autocommit, warnings. It belongs to the thread of its connection; interrupt() alone
// may be called from another. It knows no protocol: results are streams of chunks, errors are
// values.
//
//   TRY(auto execution, session.execute(text));
//   while (!execution->done()) {
//     TRY(auto result, execution->next());      // an error ends the execution
//     ... result.stream: send columns, then chunks until null; else send an OK ...
//     more = !execution->done();                // SERVER_MORE_RESULTS_EXISTS of this result
//   }
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/access_token.h"
#include "sql/account.h"
#include "store/session.h"

namespace millrace::engine {
class Engine;
class LoadInput;
}  // namespace millrace::engine
namespace millrace::store {
class Store;
}

namespace millrace::sql {

struct AuditEvent;

/// Who is connected, known after authentication.
struct SessionInfo {
  uint64_t connection_id = 0;
  std::string user;  // "root"
  std::string host;  // the client's, as in SHOW PROCESSLIST: "127.0.0.1:51234"
  bool tls_offered = false;
  std::string tls_version{};  // "TLSv1.3"; empty: the client came without TLS
  std::string tls_cipher{};
  bool by_token = false;  // it came with an access token, and not with a password
};

/// Of a statement, in a row of SHOW PROCESSLIST.
inline constexpr size_t kShownTextBytes = 8192;

/// A row of SHOW PROCESSLIST.
struct Process {
  uint64_t id = 0;
  std::string user;
  std::string host;
  std::string database;
  std::string command;  // "Query", "Sleep"
  int64_t seconds = 0;  // in that command
  std::string state;
  std::string text;  // the statement, empty when there is none
};

enum class KillScope : uint8_t { kQuery, kConnection };

/// What a session asks of the server around it; implemented by serve/, thread-safe, outlives the
/// sessions.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  virtual std::vector<Process> processes() = 0;
  /// kNotFound when there is no such connection. May be the caller's own.
  virtual Status kill(uint64_t connection_id, KillScope scope) = 0;
  virtual Accounts& accounts() = 0;
  virtual AccessTokens& tokens() = 0;
  /// For the audit log, if there is one.
  virtual bool audits() const = 0;
  virtual void audit(const AuditEvent& event) = 0;
  /// False: no statement of anyone's reaches a file of this machine.
  virtual bool file_access() const = 0;
  /// LOAD DATA LOCAL: whether clients may be asked for files.
  virtual bool local_infile() const = 0;
  virtual void set_local_infile(bool allowed) = 0;
  /// Text that nobody can guess, another at each call.
  virtual std::string new_secret() = 0;
  /// VERSION(): as in the handshake, "8.0.36-millrace-0.1.0".
  virtual std::string server_version() const = 0;
  /// @@port; 0 before listening.
  virtual int port() const = 0;
  /// SHOW STATUS: seconds since start.
  virtual int64_t uptime_seconds() const = 0;
};

/// The files of the client, as its protocol hands them over. Lives as long as the session, on its
/// thread.
class ClientFiles {
 public:
  virtual ~ClientFiles() = default;
  /// Asks the client for a file. What is left of it is read and thrown away when the input goes.
  /// Errors: kPermission when the client said that it gives none.
  virtual Result<std::unique_ptr<engine::LoadInput>> open(const std::string& name) = 0;
};

/// What one statement came to: rows to stream, or an OK.
struct StatementResult {
  std::unique_ptr<store::ResultStream> stream;  // null: an OK without rows
  int64_t rows_changed = 0;                     // of the OK
  uint64_t last_insert_id = 0;                  // the AUTO_INCREMENT column of the first row
  uint16_t warnings = 0;                        // see SHOW WARNINGS
  std::string info;                             // the OK's text, often empty
};

/// The statements of one text, run one after another as they are asked for. Must be gone before the
/// session's next execute().
class Execution {
 public:
  virtual ~Execution() = default;
  /// True when no statement is left: because all ran, or because one failed. Comments and empty
  /// statements at the end do not count. A stream that fails half-way does not end the execution by
  /// itself: the caller stops asking.
  virtual bool done() const = 0;
  /// Runs the next statement; done() must be false. The result before it must be gone. An error's
  /// `position` counts from the beginning of the whole text.
  virtual Result<StatementResult> next() = 0;
};

/// A statement of COM_STMT_PREPARE, with a parameter for each `?` in it. One that is ours has no
/// parameters. It must be gone before its session.
class PreparedStatement {
 public:
  virtual ~PreparedStatement() = default;
  /// kNull where only a value will tell the type.
  virtual const std::vector<store::SqlType>& parameters() const = 0;
  /// As far as they are known before it runs; those of the result are what counts.
  virtual const std::vector<store::ResultColumn>& columns() const = 0;
  virtual const std::string& text() const = 0;
};

class SqlSession {
 public:
  /// Store, engine and host outlive the session. No database is current at first.
  static Result<std::unique_ptr<SqlSession>> open(store::Store& store, engine::Engine& engine,
                                                  SessionInfo info, SessionHost& host);
  virtual ~SqlSession() = default;

  /// `text` is copied. Errors: kSyntax for an empty text, for an unfinished quote or comment, and
  /// for a second statement when only one is allowed; nothing of the text has run then.
  virtual Result<std::unique_ptr<Execution>> execute(std::string_view text) = 0;
  /// One statement. Errors: kSyntax, kUnsupported for a parameter where there can be none, those of
  /// the store's planner.
  virtual Result<std::unique_ptr<PreparedStatement>> prepare(std::string_view text) = 0;
  /// `statement` is one of this session's and outlives the Execution; the values its next().
  virtual Result<std::unique_ptr<Execution>> execute(PreparedStatement& statement,
                                                     std::span<const store::BoundValue> values) = 0;
  /// COM_SET_OPTION and the CLIENT_MULTI_STATEMENTS flag. At first: allowed.
  virtual void allow_multi_statements(bool allowed) = 0;
  /// For LOAD DATA LOCAL; without one there are no files of the client's.
  virtual void set_client_files(ClientFiles& files) = 0;
  /// COM_INIT_DB, USE. kUnknownDatabase when there is no such database.
  virtual Status use(std::string_view database) = 0;
  /// COM_RESET_CONNECTION: rolls back, forgets variables, temporary tables and warnings, keeps the
  /// database.
  virtual Status reset() = 0;

  // For the status flags of each OK and EOF.
  virtual const std::string& database() const = 0;  // empty: none
  virtual bool autocommit() const = 0;
  virtual bool in_transaction() const = 0;

  /// Ends the statement at work soon, with kCancelled, and the statements after it. Without one at
  /// work it does nothing. Thread-safe.
  virtual void interrupt() = 0;
};

}  // namespace millrace::sql
