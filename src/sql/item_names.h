// The names of a SELECT list's columns: MySQL calls an unnamed item by its text, COUNT(*) or a + 1;
// the store has names of its own. This finds the items without a name, for translate() to write
// one, and those whose name is written as a string, which the store takes behind AS alone.
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
  bool is_alias = false;  // token `last` is the name, written as a string: SELECT 1 "one"
};

/// For the lists of a SELECT at the outermost level; an item that may have a name already, or may
/// stand for several columns, is left out. So is a member of something: predict('m', t).probability
/// is called probability.
std::vector<ItemName> item_names(std::string_view text, std::span<const Token> tokens,
                                 LexOptions options);

}  // namespace millrace::sql
