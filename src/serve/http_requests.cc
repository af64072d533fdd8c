#include "serve/http_requests.h"

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

namespace millrace::serve {
namespace {

using nlohmann::json;

constexpr int kDepthMax = 32;  // nobody asks deeper, and writing JSON again is recursive

/// An object. The library's iterative parser; deeper values than kDepthMax are refused.
Result<json> read_object(std::string_view body) {
  bool too_deep = false;
  const auto guard = [&too_deep](int depth, json::parse_event_t, json&) {
    too_deep = too_deep || depth > kDepthMax;
    return !too_deep;
  };
  json read = json::parse(body.begin(), body.end(), guard, /*allow_exceptions=*/false);
  if (too_deep)
    return Error(Code::kInvalidArgument,
                 "the body's JSON is nested more than " + std::to_string(kDepthMax) + " deep");
  if (read.is_discarded())
    return Error(Code::kSyntax, "the body is not JSON in UTF-8",
                 "Send a JSON object, such as {\"sql\": \"SELECT 1\"}.");
  if (!read.is_object())
    return Error(Code::kInvalidArgument,
                 "the body must be a JSON object, and is " + std::string(read.type_name()));
  return read;
}

Status check_members(const json& object, const std::vector<std::string_view>& known) {
  for (const auto& [name, value] : object.items()) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      return Error(Code::kInvalidArgument, "the body has an unknown member \"" + name + "\"",
                   did_you_mean(name, known));
  }
  return {};
}

/// Empty when it is absent or null.
Result<std::string> text_member(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return std::string();
  if (!found->is_string())
    return Error(Code::kInvalidArgument,
                 "\"" + std::string(name) + "\" must be a string, and is " + found->type_name());
  return found->get<std::string>();
}

// --- Instances ---------------------------------------------------------------------------------

enum class Scalar : uint8_t { kUnknown, kBoolean, kWhole, kUnsigned, kReal, kText };

/// The type of one member, as far as the instances have told.
struct MemberType {
  bool list = false;
  bool told = false;  // whether it is a list
  Scalar scalar = Scalar::kUnknown;
};

std::optional<Scalar> scalar_of(const json& value) {
  switch (value.type()) {
    case json::value_t::null:
      return Scalar::kUnknown;
    case json::value_t::boolean:
      return Scalar::kBoolean;
    case json::value_t::number_integer:
      return Scalar::kWhole;
    case json::value_t::number_unsigned:
      // Up to 2^63 - 1 it is whole like any other.
      return (value.get<uint64_t>() >> 63) != 0 ? Scalar::kUnsigned : Scalar::kWhole;
    case json::value_t::number_float:
      return Scalar::kReal;
    case json::value_t::string:
      return Scalar::kText;
    default:
      return std::nullopt;
  }
}

bool is_number(Scalar scalar) {
  return scalar == Scalar::kWhole || scalar == Scalar::kUnsigned || scalar == Scalar::kReal;
}

/// What holds both; nothing when nothing does.
std::optional<Scalar> joined(Scalar a, Scalar b) {
  if (a == b || b == Scalar::kUnknown) return a;
  if (a == Scalar::kUnknown) return b;
  // Whole numbers on both sides of 2^63 have no type of their own but DOUBLE.
  if (is_number(a) && is_number(b)) return Scalar::kReal;
  return std::nullopt;
}

bool learn_scalar(const json& value, MemberType& type) {
  const auto scalar = scalar_of(value);
  const auto both = scalar ? joined(type.scalar, *scalar) : std::nullopt;
  if (both) type.scalar = *both;
  return both.has_value();
}

bool learn_type(const json& value, MemberType& type) {
  if (value.is_null()) return true;
  if (type.told && type.list != value.is_array()) return false;
  type.told = true;
  type.list = value.is_array();
  if (!type.list) return learn_scalar(value, type);
  for (const auto& element : value) {
    if (!learn_scalar(element, type)) return false;
  }
  return true;
}

const char* store_type(Scalar scalar) {
  switch (scalar) {
    case Scalar::kBoolean:
      return "BOOLEAN";
    case Scalar::kUnsigned:
      return "UBIGINT";
    case Scalar::kReal:
      return "DOUBLE";
    case Scalar::kText:
      return "VARCHAR";
    case Scalar::kUnknown:  // nothing but NULLs, which every column takes in this type
    case Scalar::kWhole:
      break;
  }
  return "BIGINT";
}

std::string named(size_t instance) {
  return "instances[" + std::to_string(instance) + "]";
}

Status learn_instance(const json& instance, size_t at, std::map<std::string, MemberType>& types) {
  if (!instance.is_object())
    return Error(Code::kInvalidArgument,
                 named(at) + " must be an object, and is " + std::string(instance.type_name()),
                 "Name each feature: {\"age\": 30, \"field\": \"law\"}.");
  for (const auto& [name, value] : instance.items()) {
    const auto found = at == 0 ? types.try_emplace(name).first : types.find(name);
    if (found == types.end())
      return Error(Code::kTypeMismatch,
                   named(at) + " has \"" + name + "\", which instances[0] does not have",
                   "All instances have the same members; null says that there is no value.");
    if (!learn_type(value, found->second))
      return Error(Code::kTypeMismatch,
                   named(at) + ": \"" + name +
                       "\" is of another type than before it, or of one "
                       "that no feature has",
                   "A feature is a number, a string, true or false, or an array of one of them.");
  }
  if (instance.size() == types.size()) return {};
  for (const auto& [name, type] : types) {
    if (!instance.contains(name))
      return Error(Code::kTypeMismatch,
                   named(at) + " lacks \"" + name + "\", which instances[0] has",
                   "All instances have the same members; null says that there is no value.");
  }
  return {};
}

Result<std::string> structure_of(const json& instances) {
  std::map<std::string, MemberType> types;
  for (size_t i = 0; i < instances.size(); ++i) TRY_OK(learn_instance(instances[i], i, types));
  if (types.empty())
    return Error(Code::kInvalidArgument, "instances[0] has no members", "Name its features.");
  json structure = json::object();
  for (const auto& [name, type] : types) {
    const char* scalar = store_type(type.scalar);
    structure[name] = type.list ? json::array({scalar}) : json(scalar);
  }
  return json::array({std::move(structure)}).dump();
}

Result<Signature> read_signature(const std::string& name) {
  static const std::map<std::string, Signature, std::less<>> known{
      {"", Signature::kPredict},
      {"serving_default", Signature::kPredict},
      {"predict", Signature::kPredict},
      {"classify", Signature::kClassify},
      {"classification", Signature::kClassify},
      {"regress", Signature::kRegress},
      {"regression", Signature::kRegress}};
  const auto found = known.find(name);
  if (found == known.end())
    return Error(Code::kInvalidArgument, "signature \"" + name + "\" does not exist",
                 "There are predict, classify and regress.");
  return found->second;
}

}  // namespace

Result<SqlRequest> read_sql_request(std::string_view body) {
  TRY(const json object, read_object(body));
  TRY_OK(check_members(object, {"sql", "database", "timeout_seconds"}));
  SqlRequest request;
  TRY(request.sql, text_member(object, "sql"));
  TRY(request.database, text_member(object, "database"));
  if (request.sql.empty())
    return Error(Code::kInvalidArgument, "the body has no \"sql\"",
                 "Send {\"sql\": \"SELECT 1\"}.");
  if (const auto time = object.find("timeout_seconds"); time != object.end()) {
    const double seconds = time->is_number() ? time->get<double>() : -1;
    constexpr double kSecondsMax = 86400;
    if (!(seconds > 0 && seconds <= kSecondsMax))
      return Error(Code::kInvalidArgument,
                   "\"timeout_seconds\" must be a number above 0 and at most 86400");
    request.time = Milliseconds(static_cast<int64_t>(seconds * 1000));
  }
  return request;
}

Result<PredictRequest> read_predict_request(std::string_view body) {
  TRY(const json object, read_object(body));
  if (object.contains("inputs"))
    return Error(Code::kUnsupported, "\"inputs\", the column format, is not supported",
                 "Send rows: {\"instances\": [{\"age\": 30}]}.");
  TRY_OK(check_members(object, {"signature_name", "instances"}));
  PredictRequest request;
  TRY(const auto signature, text_member(object, "signature_name"));
  TRY(request.signature, read_signature(signature));
  const auto instances = object.find("instances");
  if (instances == object.end() || !instances->is_array() || instances->empty())
    return Error(Code::kInvalidArgument, "the body has no \"instances\", an array of objects",
                 "Send {\"instances\": [{\"age\": 30}]}.");
  TRY(request.structure, structure_of(*instances));
  request.instances = instances->dump();
  return request;
}

}  // namespace millrace::serve
