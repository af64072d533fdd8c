// How names and text are written: for the store (quoted_name, quoted_text, quoted_bytes) and for
// MySQL's own syntax, which SHOW CREATE prints (mysql_name, mysql_text). Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace millrace::sql {

/// "a""b"
std::string quoted_name(std::string_view name);
/// 'it''s', as an expression: NUL bytes, which the store's literals cannot hold, are chr(0).
std::string quoted_text(std::string_view text);
/// from_hex('4D')
std::string quoted_bytes(std::string_view bytes);

/// A name in backticks unless it is plain.
std::string mysql_name(std::string_view name);
/// Always in backticks.
std::string backticked(std::string_view name);
/// 'it''s', control characters and backslashes escaped.
std::string mysql_text(std::string_view text);

}  // namespace millrace::sql
