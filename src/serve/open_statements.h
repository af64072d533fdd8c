// The prepared statements of one connection, by the number that the client knows them under, each
// with what came in pieces for its parameters and with its cursor. It must be gone before the
// session is. Used on the connection's thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "base/result.h"
#include "serve/parameter_reader.h"
#include "serve/row_cursor.h"
#include "sql/session.h"

namespace millrace::serve {

struct OpenStatement {
  uint32_t id = 0;
  std::unique_ptr<sql::PreparedStatement> prepared;
  std::vector<ParameterType> types;  // of the last execution
  LongData long_data;
  size_t long_data_bytes = 0;
  bool long_data_is_too_big = false;  // COM_STMT_SEND_LONG_DATA has no answer: told by the next one
  std::unique_ptr<RowCursor> cursor;

  void forget_long_data() {
    long_data.clear();
    long_data_bytes = 0;
    long_data_is_too_big = false;
  }
};

class OpenStatements {
 public:
  static constexpr size_t kStatementsMax = 16'382;  // as MySQL's max_prepared_stmt_count

  bool full() const { return statements_.size() >= kStatementsMax; }
  OpenStatement& add(std::unique_ptr<sql::PreparedStatement> prepared) {
    const uint32_t id = next_id_++;
    OpenStatement& statement = statements_[id];
    statement.id = id;
    statement.prepared = std::move(prepared);
    return statement;
  }
  OpenStatement* find(uint32_t id) {
    const auto found = statements_.find(id);
    return found == statements_.end() ? nullptr : &found->second;
  }
  void close(uint32_t id) { statements_.erase(id); }
  void close_all() { statements_.clear(); }
  /// Before anything else runs in the session: cursors read what they have left.
  void detach_cursors() {
    for (auto& [id, statement] : statements_)
      if (statement.cursor) statement.cursor->detach();
  }

 private:
  std::map<uint32_t, OpenStatement> statements_;
  uint32_t next_id_ = 1;
};

}  // namespace millrace::serve
