// The JSON of CONFIG and CREDENTIALS: one object whose values are strings, numbers or booleans.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "sql/token_reader.h"

namespace millrace::sql {

/// Errors: kInvalidArgument, for text that is no such object.
Result<std::map<std::string, std::string>> parse_json_object(const std::string& json);
/// The same, of the quoted text that comes next, for the clause `what`; errors have its place.
Result<std::map<std::string, std::string>> read_json_object(TokenReader& reader,
                                                            std::string_view what,
                                                            std::string_view expected);
std::string json_object(const std::map<std::string, std::string>& values);

}  // namespace millrace::sql
