// Words that mean something: those that can never be a bare column name, and those a statement
// begins with. Tables for whoever looks at tokens without a syntax tree, and for hints; no state.
#pragma once

#include <string_view>
#include <vector>

#include "sql/lexer.h"

namespace millrace::sql {

/// True for a word of SQL that, written bare, is never a column's name (case ignored).
bool is_reserved(std::string_view word);

/// True when an operand may end with this token: what stands behind it is an operator, an alias or
/// the next clause, never an operand.
bool ends_operand(std::string_view text, const Token& token);

/// The words a statement may begin with, upper case: ours, MySQL's, the store's.
const std::vector<std::string_view>& statement_words();

}  // namespace millrace::sql
