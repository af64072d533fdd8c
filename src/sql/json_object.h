// The JSON of CONFIG and CREDENTIALS: one object whose values are strings, numbers or booleans.
#pragma once

#include <map>
#include <string>

#include "base/result.h"

namespace millrace::sql {

/// Errors: kInvalidArgument, for text that is no such object.
Result<std::map<std::string, std::string>> parse_json_object(const std::string& json);
std::string json_object(const std::map<std::string, std::string>& values);

}  // namespace millrace::sql
