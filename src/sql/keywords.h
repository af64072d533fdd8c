// Words that mean something: those that can never be a bare column name, and those a statement
// begins with. Tables for the expression reader, the translation and for hints; no state.
#pragma once

#include <string_view>
#include <vector>

namespace millrace::sql {

/// True for a word of SQL that, written bare, is never a column's name (case ignored).
bool is_reserved(std::string_view word);

/// The words a statement may begin with, upper case: ours, MySQL's, the store's.
const std::vector<std::string_view>& statement_words();

}  // namespace millrace::sql
