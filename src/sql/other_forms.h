// Statements that MySQL has in a form of its own, and the store in another: INSERT ... SET, DROP
// TABLE of several, RENAME TABLE, ALTER TABLE, DROP INDEX ... ON, CREATE VIEW with a definer,
// CREATE TABLE ... SELECT, UPDATE and DELETE with ORDER BY or LIMIT, or of joined tables, ANALYZE
// TABLE and its kind.
// They are written anew, as text, before anything looks at them: what holds for a statement holds
// for what it became. A pure function.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/lexer.h"

namespace millrace::sql {

/// What is to be run in the place of the statement, one after the other; empty: it stays.
std::vector<std::string> other_forms(std::string_view text, std::span<const Token> tokens,
                                     LexOptions options);

}  // namespace millrace::sql
