// Words that mean something: those that can never be a bare column name, and those a statement
// begins with. Tables for whoever looks at tokens without a syntax tree, and for hints; no state.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "data/schema.h"
#include "sql/lexer.h"

namespace millrace::sql {

/// Whether `name` is one of `words`, case ignored.
template <class Words>
bool is_one_of(std::string_view name, const Words& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return same_name(word, name); });
}

/// True for a word of SQL that, written bare, is never a column's name (case ignored).
bool is_reserved(std::string_view word);

/// True when an operand may end with this token: what stands behind it is an operator, an alias or
/// the next clause, never an operand.
bool ends_operand(std::string_view text, const Token& token);

/// The words a statement may begin with, upper case: ours, MySQL's, the store's.
const std::vector<std::string_view>& statement_words();

}  // namespace millrace::sql
