// What stands for a system table in the statements of an account that sees only its own rows: the
// view that shows those (store/duckdb_shown_views.h). A part of the translation. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "sql/token_reader.h"
#include "sql/translate.h"

namespace millrace::sql {

struct ShownTable {
  std::string sql;
  size_t tokens = 0;  // that it stands for
};

/// At information_schema.TABLES or millrace.rejects: its view, under the table's own name unless
/// an alias follows. At a column of one, information_schema.TABLES.TABLE_NAME: that name. Else
/// nothing.
std::optional<ShownTable> shown_table(const TokenReader& reader);
/// The same at a table of MySQL's that `tables` has a query for.
std::optional<ShownTable> made_table(const TokenReader& reader, const SessionTables& tables);

}  // namespace millrace::sql
