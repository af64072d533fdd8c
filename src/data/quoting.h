// How SQL and MySQL's text files write what stands between quotes.
#pragma once

#include <string>
#include <string_view>

namespace millrace {

/// What a character after a backslash stands for: MySQL's table of escapes (Reference Manual,
/// "String Literals" and "LOAD DATA"); anything else stands for itself.
char unescaped(char c);

/// The text between quotes, with the quotes in it doubled.
std::string with_doubled(char quote, std::string_view text);

}  // namespace millrace
