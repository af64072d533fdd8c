// A small MySQL client: what `millrace sql` and the demo ask with. Text protocol only; TLS when
// the server has it, whoever it is. One
// connection, one thread; close() and the destructor say goodbye. Results come either row by row
// (query) or gathered (run), the latter for answers that are known to be small.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "serve/messages.h"
#include "serve/packet.h"
#include "serve/socket.h"
#include "serve/tls.h"

namespace millrace::serve {

struct ClientOptions {
  Address server{"127.0.0.1", 3306};
  std::string user = "root";
  std::string password;
  std::string database;
  bool local_infile = false;  // the server may ask for any file that this process can read
  Milliseconds connect_timeout{10'000};
  Milliseconds answer_timeout{24 * 3'600'000};
};

/// A value, or nothing for NULL.
using Cell = std::optional<std::string>;

struct QueryResult {
  std::vector<std::string> columns;
  std::vector<bool> is_number;  // for each column: right-aligned when shown
  std::vector<std::vector<Cell>> rows;
  uint64_t rows_changed = 0;
  std::string info;
};

/// Takes results as they come. on_columns() once for each that has rows, before its rows.
class ResultSink {
 public:
  virtual ~ResultSink() = default;
  virtual void on_columns(const std::vector<ColumnDefinition>& columns) = 0;
  /// The cells are valid during the call; an absent one is NULL.
  virtual void on_row(const std::vector<std::optional<std::string_view>>& cells) = 0;
  /// A result, with rows or without, is complete.
  virtual void on_end(const Ok& ok) = 0;
};

class Client {
 public:
  /// Errors: kUnavailable, kTimeout, kAuthentication, and the server's.
  static Result<std::unique_ptr<Client>> connect(const ClientOptions& options);
  ~Client();

  /// Runs one or several statements. A statement's error ends them; its code is kInvalidArgument
  /// (or kCancelled), its message begins with the server's number and SQLSTATE as in
  /// `ERROR 1064 (42000): ...`.
  Status query(std::string_view sql, ResultSink& sink);
  /// All results at once.
  Result<std::vector<QueryResult>> run(std::string_view sql);

  uint32_t connection_id() const { return connection_id_; }

 private:
  explicit Client(Socket socket, const ClientOptions& options);
  Status log_in(const ClientOptions& options);
  Status start_tls(const Login& login);
  Status prove(const std::string& password, std::string plugin, std::string scramble);
  Result<bool> read_result(ResultSink& sink);
  Status send_file(const std::string& name);
  Status read_columns(uint64_t count, ResultSink& sink);
  Result<bool> read_rows(size_t columns, ResultSink& sink);

  Socket socket_;
  std::unique_ptr<TlsContext> tls_context_;
  std::unique_ptr<TlsStream> tls_;  // over the socket, when the server has TLS
  PacketChannel channel_;
  Milliseconds patience_;
  uint32_t connection_id_ = 0;
  uint32_t capabilities_ = 0;
  std::string packet_;
};

}  // namespace millrace::serve
