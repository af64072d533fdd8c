#include "sql/json_object.h"

#include <nlohmann/json.hpp>

namespace millrace::sql {

using Json = nlohmann::json;

Result<std::map<std::string, std::string>> parse_json_object(const std::string& json) {
  const Json parsed = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) {
    return Error(Code::kInvalidArgument, "this is no JSON object",
                 R"(It is written '{"name": "value"}'.)");
  }
  std::map<std::string, std::string> result;
  for (const auto& [key, value] : parsed.items()) {
    if (value.is_string()) {
      result[key] = value.get<std::string>();
    } else if (value.is_number() || value.is_boolean()) {
      result[key] = value.dump();
    } else {
      return Error(Code::kInvalidArgument,
                   "the value of \"" + key + "\" is neither text nor a number");
    }
  }
  return result;
}

Result<std::map<std::string, std::string>> read_json_object(TokenReader& reader,
                                                            std::string_view what,
                                                            std::string_view expected) {
  const int64_t position = reader.position();
  TRY(const std::string json, reader.string(expected));
  auto object = parse_json_object(json);
  if (object) return object;
  Error error = std::move(object).error().within(what);
  error.position = position;
  return error;
}

std::string json_object(const std::map<std::string, std::string>& values) {
  // Bytes that are no UTF-8 cannot be in JSON; they came from JSON, so there are none.
  return Json(values).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace millrace::sql
