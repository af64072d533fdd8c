// HAVING in a query that groups nothing: MySQL filters the rows of the result by it, under the
// names that the SELECT list gives them, as Connector/J's metadata queries do; the store refuses
// it. This finds it, for translate() to make a condition over a subquery of it. Pure functions.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "sql/lexer.h"

namespace millrace::sql {

/// Where it stands, as numbers of tokens: the word itself, the ORDER BY behind its condition and
/// what stands behind that (LIMIT, the end); `order` is `end` when there is no ORDER BY.
struct PlainHaving {
  size_t having = 0;
  size_t order = 0;
  size_t end = 0;
};

/// The HAVING at the outermost level of a SELECT without GROUP BY, whose condition has no aggregate
/// in it; nothing when there is none. `tokens` end with kEnd.
std::optional<PlainHaving> plain_having(std::string_view text, std::span<const Token> tokens);

}  // namespace millrace::sql
