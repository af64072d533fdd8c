// Small results that the SQL layer makes itself (SHOW PROCESSLIST, DESCRIBE MODEL): rows held in
// memory, shown through the same interface as the store's streams.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "sql/lexer.h"
#include "store/session.h"

namespace millrace::sql {

using Cell = std::optional<std::string>;  // nothing: NULL
using Row = std::vector<Cell>;

struct Rows {
  std::vector<store::ResultColumn> columns;
  std::vector<Row> rows;

  void add_column(std::string name, store::SqlType type = store::SqlType::kVarchar) {
    columns.push_back({std::move(name), type, 0, 0});
  }
};

std::unique_ptr<store::ResultStream> stream_of(Rows rows);
/// Every kind of column; lists as JSON.
Rows rows_of(const Batch& batch);
/// Reads a stream to its end.
Result<Rows> read_all(store::ResultStream& stream);

/// The same rows as `VALUES` of the store's SQL: a SELECT that gives them.
std::string select_of(const Rows& rows);

/// MySQL's LIKE, without case: % and _, and a backslash before either.
bool is_like(std::string_view text, std::string_view pattern);

}  // namespace millrace::sql
