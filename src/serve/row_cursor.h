// A RowCursor is a result that a client takes a few rows at a time, by COM_STMT_FETCH. While
// nothing else is asked of the session its rows stay with the store; before another statement runs
// the rest is read into memory, up to a number of rows. It belongs to its statement, and to the
// connection's thread.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "serve/packet.h"
#include "serve/row_encoder.h"
#include "sql/session.h"

namespace millrace::serve {

class RowCursor {
 public:
  /// `result` has rows and is of `execution`.
  RowCursor(std::unique_ptr<sql::Execution> execution, sql::StatementResult result);
  ~RowCursor();

  const std::vector<store::ResultColumn>& columns() const { return columns_; }
  /// Asks for the first rows, so that a query that fails does so when it is run.
  Status begin() { return fill(); }
  /// Reads what is left, and lets the session go.
  void detach();
  /// True when the client has all rows.
  bool ended() const { return chunks_.empty() && !result_.stream; }

  struct Fetched {
    size_t rows = 0;
    Status query;  // the query's error, which is not sent yet
  };
  /// Writes up to `rows_max` rows. An Error of its own is the channel's.
  Result<Fetched> fetch(PacketChannel& channel, size_t rows_max);

 private:
  Status fill();

  std::unique_ptr<sql::Execution> execution_;
  sql::StatementResult result_;  // its stream is null when all is read
  const std::vector<store::ResultColumn> columns_;
  const RowEncoder encoder_;
  std::deque<std::unique_ptr<store::ResultChunk>> chunks_;
  size_t row_ = 0;  // of the first chunk: the next to send
  Status failed_;   // of detach(): told when its rows are asked for
};

}  // namespace millrace::serve
