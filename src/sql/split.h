// Cuts the text of one COM_QUERY into its statements at the semicolons that stand outside of quotes
// and comments. Reads, keeps and changes nothing.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/lexer.h"

namespace millrace::sql {

/// A statement's place in the text, without its semicolon. It has at least one token.
struct Piece {
  size_t begin = 0;
  size_t end = 0;
};

/// Errors: those of the lexer, for the whole text.
Result<std::vector<Piece>> split(std::string_view text, LexOptions options);

}  // namespace millrace::sql
