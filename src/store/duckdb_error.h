// DuckDB's errors in our words. Connections of this store have errors_as_json set, so that a
// message says its kind, the position in the SQL text and the near names; error_of() makes an Error
// of it: the right Code, a message in our style, `Did you mean ...?` as the hint. Text that is not
// such JSON (errors before a connection is set up) is understood by its "Parser Error: " prefix.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace millrace::store {

Error error_of(const char* text);
Error error_of(std::string_view text);

/// An error of ours that passes through DuckDB, as the text a function fails with: error_of() makes
/// the same Error of what DuckDB says then.
std::string carried(const Error& error);

/// Whether an error of an INSERT or SELECT over a batch may come from the values of single rows
/// (an expression that fails, a constraint), so that the other rows can go on without them.
bool is_of_rows(const Error& error);

}  // namespace millrace::store
