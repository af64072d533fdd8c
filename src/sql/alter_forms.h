// ALTER TABLE as MySQL has it, several actions in a statement, in the store's statements of one
// action each: ADD with MySQL's types, MODIFY, CHANGE, ADD and DROP of an INDEX, and the options of
// a table, which say nothing here. A part of the other forms; a pure function.
#pragma once

#include <string>
#include <vector>

#include "sql/token_reader.h"

namespace millrace::sql {

/// `reader` stands behind ALTER TABLE. Empty: the statement stays as it is.
std::vector<std::string> alter_forms(TokenReader& reader);

}  // namespace millrace::sql
