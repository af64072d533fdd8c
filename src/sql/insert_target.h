// What an INSERT or REPLACE says of the table it writes: its name, the columns it lists, and where
// the values of one column stand. For AUTO_INCREMENT: MySQL makes a number where NULL or 0 is
// written, and tells it afterwards. Pure functions over borrowed tokens.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/lexer.h"
#include "sql/token_reader.h"

namespace millrace::sql {

struct InsertTarget {
  std::string database;  // empty: the current one
  std::string table;
  std::vector<std::string> columns;  // empty: all of them, in their order
  size_t values_begin = 0;           // the token behind the table's name and list
  bool has_returning = false;
};

/// Nothing when the statement is another, or its target cannot be read.
std::optional<InsertTarget> insert_target(std::string_view text, std::span<const Token> tokens,
                                          LexOptions options);

/// The tokens NULL and 0 that are the whole value of column number `column` in VALUES (...), (...).
std::vector<size_t> empty_values(std::string_view text, std::span<const Token> tokens,
                                 LexOptions options, const InsertTarget& target, size_t column);

}  // namespace millrace::sql
