// The answers to SHOW, in the columns and words of MySQL: some are rows made here, most are queries
// over the store's own catalogue. Pure functions; the session runs the queries.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sql/rows.h"
#include "sql/session.h"
#include "sql/statement.h"
#include "sql/variables.h"

namespace millrace::sql {

struct Warning {
  std::string level;  // Note, Warning, Error
  uint16_t code = 0;
  std::string message;
};

/// What a session knows for SHOW.
struct ShowFacts {
  const Variables& variables;
  const std::vector<Warning>& warnings;
  SessionHost& host;
  const SessionInfo& info;
  const Account& account;
};

/// The rows of a SHOW that needs no store; nothing when it does.
std::optional<Rows> show_rows(const Show& show, const ShowFacts& facts);
/// The query of one that does, without its LIKE and WHERE.
std::string show_query(const Show& show);
/// The name of its first column, which LIKE looks at.
std::string first_column(const Show& show);
/// `query` with LIKE on `column`, as a query.
std::string with_like(const std::string& query, const std::string& column,
                      const std::string& pattern);

/// (name, index from 0, default) of the column that a sequence numbers, if the table has one.
std::string auto_column_query(const std::string& database, const std::string& table);
/// A row for each column of each key that no two rows have alike: the key's name, the column's, and
/// the primary one first.
std::string unique_keys_query(const std::string& database, const std::string& table);
/// Those that are not generated.
std::string written_columns_query(const std::string& database, const std::string& table);
/// One row when the table or view is there: its columns' number.
std::string table_exists_query(const std::string& database, const std::string& table);
/// The names of the tables and views of a database.
std::string table_names_query(const std::string& database);

/// For SHOW CREATE TABLE: (name, type, nullable, default), the lines of its keys, and a view's
/// text, to be put together by create_table_text().
std::string table_columns_query(const std::string& database, const std::string& table);
std::string table_keys_query(const std::string& database, const std::string& table);
std::string view_query(const std::string& database, const std::string& table);
/// The store's text of a view in MySQL's lexis, without the view's database: it is made where it is
/// loaded.
std::string create_view_text(const std::string& view, const std::string& sql);
/// The columns and keys in their parentheses.
std::string table_text(const Rows& columns, const Rows& keys);
std::string create_table_text(const std::string& table, const Rows& columns, const Rows& keys);

}  // namespace millrace::sql
