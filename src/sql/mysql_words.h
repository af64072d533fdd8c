// Words of MySQL's and SingleStore's expressions that need more than one token to be told: DIV and
// MOD between operands, CONVERT, the casts :> and !:>, REGEXP, units; and, in a pipeline's
// expression, the @variables that stand where a number or a time is meant, which are text to the
// store. A part of the translation; looks at tokens and never at meaning. Pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/lexer.h"

namespace millrace::sql {

/// `count` tokens from `token` on are `sql` to the store; 0: it stands before that token.
struct Rewrite {
  size_t token = 0;
  size_t count = 1;
  std::string sql;
};

enum class RewriteFor : uint8_t { kSession, kPipeline };

/// Ascending, and none reaches into the next. `tokens` end with kEnd.
std::vector<Rewrite> rewrites(std::string_view text, std::span<const Token> tokens,
                              LexOptions options, RewriteFor what);

}  // namespace millrace::sql
