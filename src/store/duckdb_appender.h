// Appends to a table within the transaction of its connection: chunks of a batch to a user's table,
// or rejects, value by value, to where they are kept.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "store/duckdb_handles.h"

namespace millrace::store {

/// An appender to `columns` of the table (all of them when empty); the others get their defaults.
Result<Appender> open_appender(duckdb_connection connection, const char* catalog,
                               const std::string& schema, const std::string& table,
                               const std::vector<std::string>& columns);
Status append_chunk(const Appender& appender, duckdb_data_chunk chunk);
/// Writes what was appended; constraints are checked here at the latest.
Status finish(const Appender& appender);

/// Rows of BIGINT, INTEGER, VARCHAR, BLOB and TIMESTAMP columns.
class RowAppender {
 public:
  static Result<RowAppender> open(duckdb_connection connection, const std::string& schema,
                                  const std::string& table);

  RowAppender& add(int64_t value);
  RowAppender& add(std::string_view text);
  RowAppender& add(Bytes bytes);
  RowAppender& add_time(int64_t micros);
  RowAppender& add_null();
  void end_row();
  /// Errors of any add() since open() are returned here.
  Status finish();

 private:
  explicit RowAppender(Appender appender) : appender_(std::move(appender)) {}
  void note(duckdb_state state) { failed_ = failed_ || state == DuckDBError; }

  Appender appender_;
  bool failed_ = false;
};

}  // namespace millrace::store
