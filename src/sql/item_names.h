// The names of a SELECT list's columns: MySQL calls an unnamed item by its text, COUNT(*) or a + 1;
// the store has names of its own. This finds the items without a name, for translate() to write
// one.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/lexer.h"

namespace millrace::sql {

/// The item ends with token number `last`; it is to be called `name`.
struct ItemName {
  size_t last = 0;
  std::string name;
};

/// For the lists of a SELECT at the outermost level; an item that may have a name already, or may
/// stand for several columns, is left out.
std::vector<ItemName> item_names(std::string_view text, std::span<const Token> tokens);

}  // namespace millrace::sql
