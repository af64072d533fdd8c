// Words of MySQL's and SingleStore's expressions that need more than one token to be told: DIV and
// MOD between operands, CONVERT, the casts :> and !:>, REGEXP, units; and, in a pipeline's
// expression, the @variables that stand where bits or a time are meant, which are text to the
// store. A part of the translation; looks at tokens and never at meaning. Pure functions.
#pragma once

#include <vector>

#include "sql/operands.h"

namespace millrace::sql {

enum class RewriteFor : uint8_t {
  kSession,
  kNumbers,   // the same, where a text beside a number is one
  kPipeline,  // where a @variable is
};

/// Ascending, and none reaches into the next. `tokens` end with kEnd.
std::vector<Rewrite> rewrites(std::string_view text, std::span<const Token> tokens,
                              LexOptions options, RewriteFor what);

}  // namespace millrace::sql
