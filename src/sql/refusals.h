// What the store would take for something else, or would not say well: FIRST and AFTER of a column,
// SELECT ... INTO OUTFILE, arguments of predict() and explain() that these do not have. A part of
// the translation. A pure function.
#pragma once

#include "sql/token_reader.h"

namespace millrace::sql {

/// Of the word that `reader` stands at. Errors: kUnsupported; kInvalidArgument for an argument,
/// with those there are.
Status check_refused(const TokenReader& reader);

}  // namespace millrace::sql
