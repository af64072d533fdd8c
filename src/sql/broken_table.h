// Which table a statement takes from those who write into it: DROP TABLE, ALTER TABLE ... RENAME
// and DROP COLUMN, CREATE OR REPLACE TABLE. A pipeline that runs would stop over it in state Error.
// A pure function.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/definition.h"
#include "sql/lexer.h"

namespace millrace::sql {

/// `database` is the current one. Nothing: none, or a temporary one.
std::optional<engine::ObjectName> broken_table(std::string_view text, std::span<const Token> tokens,
                                               LexOptions options, const std::string& database);

}  // namespace millrace::sql
