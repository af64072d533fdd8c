#include "decode/avro_schema.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "data/utf8.h"

namespace millrace::decode {

using Json = nlohmann::json;

namespace {

constexpr int kSchemaDepthMax = 128;
constexpr size_t kFixedBytesMax = 1 << 20;

constexpr auto kPrimitives = std::to_array<std::pair<std::string_view, AvroKind>>({
    {"null", AvroKind::kNull},
    {"boolean", AvroKind::kBoolean},
    {"int", AvroKind::kInt},
    {"long", AvroKind::kLong},
    {"float", AvroKind::kFloat},
    {"double", AvroKind::kDouble},
    {"bytes", AvroKind::kBytes},
    {"string", AvroKind::kString},
});

struct LogicalFacts {
  std::string_view name;
  AvroKind kind;
  AvroLogical logical;
};
constexpr auto kLogicals = std::to_array<LogicalFacts>({
    {"date", AvroKind::kInt, AvroLogical::kDate},
    {"time-millis", AvroKind::kInt, AvroLogical::kTimeMillis},
    {"time-micros", AvroKind::kLong, AvroLogical::kTimeMicros},
    {"timestamp-millis", AvroKind::kLong, AvroLogical::kTimestampMillis},
    {"timestamp-micros", AvroKind::kLong, AvroLogical::kTimestampMicros},
    {"timestamp-nanos", AvroKind::kLong, AvroLogical::kTimestampNanos},
    {"local-timestamp-millis", AvroKind::kLong, AvroLogical::kTimestampMillis},
    {"local-timestamp-micros", AvroKind::kLong, AvroLogical::kTimestampMicros},
    {"local-timestamp-nanos", AvroKind::kLong, AvroLogical::kTimestampNanos},
    {"decimal", AvroKind::kBytes, AvroLogical::kDecimal},
    {"decimal", AvroKind::kFixed, AvroLogical::kDecimal},
    {"uuid", AvroKind::kString, AvroLogical::kUuid},
    {"uuid", AvroKind::kFixed, AvroLogical::kUuid},
    {"duration", AvroKind::kFixed, AvroLogical::kDuration},
});

Error bad_schema(const std::string& why) {
  return Error(Code::kInvalidArgument, "the Avro schema is not valid: " + why);
}

}  // namespace

class AvroSchemaParser {
 public:
  explicit AvroSchemaParser(AvroSchema& schema) : schema_(schema) {}

  Result<const AvroType*> parse(const Json& json, const std::string& space, int depth);
  void set_root(const AvroType* type) { schema_.root_ = type; }

 private:
  Result<const AvroType*> named(const std::string& name, const std::string& space);
  Result<const AvroType*> parse_union(const Json& json, const std::string& space, int depth);
  Status parse_record(const Json& json, AvroType& type, const std::string& space, int depth);
  Status parse_field(const Json& json, AvroType& type, const std::string& space, int depth);
  Status parse_enum(const Json& json, AvroType& type);
  Status parse_fixed(const Json& json, AvroType& type);
  /// Gives `type` its name and makes it known. Returns the namespace of what it holds.
  Result<std::string> name_type(const Json& json, AvroType& type, const std::string& space);
  void read_logical(const Json& json, AvroType& type) const;
  AvroType& add(AvroKind kind) {
    schema_.types_.push_back(std::make_unique<AvroType>());
    schema_.types_.back()->kind = kind;
    return *schema_.types_.back();
  }

  AvroSchema& schema_;
  std::map<std::string, const AvroType*, std::less<>> names_;
};

namespace {

std::optional<AvroKind> primitive(std::string_view name) {
  for (const auto& [known, kind] : kPrimitives) {
    if (known == name) return kind;
  }
  return std::nullopt;
}

Result<std::string> text_member(const Json& json, const char* key) {
  const auto at = json.find(key);
  if (at == json.end() || !at->is_string())
    return bad_schema(std::string("\"") + key + "\" is missing or no text");
  return at->get<std::string>();
}

std::vector<std::string> text_list(const Json& json, const char* key) {
  std::vector<std::string> texts;
  const auto at = json.find(key);
  if (at == json.end() || !at->is_array()) return texts;
  for (const auto& item : *at) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

std::string full_name(const std::string& name, const std::string& space) {
  return space.empty() || name.find('.') != std::string::npos ? name : space + "." + name;
}

}  // namespace

Result<const AvroType*> AvroSchemaParser::parse(const Json& json, const std::string& space,
                                                int depth) {
  if (depth > kSchemaDepthMax) return bad_schema("it is nested too deep");
  if (json.is_string()) return named(json.get<std::string>(), space);
  if (json.is_array()) return parse_union(json, space, depth);
  if (!json.is_object()) return bad_schema("a type is neither text, list nor object");
  const auto at = json.find("type");
  if (at == json.end()) return bad_schema("an object has no \"type\"");
  if (!at->is_string()) return parse(*at, space, depth + 1);
  const auto kind_name = at->get<std::string>();
  if (const auto kind = primitive(kind_name)) {
    AvroType& type = add(*kind);
    read_logical(json, type);
    return &type;
  }
  if (kind_name == "array" || kind_name == "map") {
    AvroType& type = add(kind_name == "array" ? AvroKind::kArray : AvroKind::kMap);
    const char* const key = kind_name == "array" ? "items" : "values";
    const auto items = json.find(key);
    if (items == json.end()) return bad_schema(kind_name + " without \"" + key + "\"");
    TRY(type.items, parse(*items, space, depth + 1));
    return &type;
  }
  if (kind_name != "record" && kind_name != "error" && kind_name != "enum" && kind_name != "fixed")
    return named(kind_name, space);
  AvroType& type = add(kind_name == "enum"    ? AvroKind::kEnum
                       : kind_name == "fixed" ? AvroKind::kFixed
                                              : AvroKind::kRecord);
  TRY(const std::string inner, name_type(json, type, space));
  if (type.kind == AvroKind::kEnum) {
    TRY_OK(parse_enum(json, type));
  } else if (type.kind == AvroKind::kFixed) {
    TRY_OK(parse_fixed(json, type));
  } else {
    TRY_OK(parse_record(json, type, inner, depth));
  }
  return &type;
}

Result<const AvroType*> AvroSchemaParser::named(const std::string& name, const std::string& space) {
  if (const auto kind = primitive(name)) return &add(*kind);
  auto at = names_.find(full_name(name, space));
  if (at == names_.end()) at = names_.find(name);
  if (at == names_.end()) return bad_schema("type \"" + shown(name) + "\" is not defined");
  return at->second;
}

Result<const AvroType*> AvroSchemaParser::parse_union(const Json& json, const std::string& space,
                                                      int depth) {
  AvroType& type = add(AvroKind::kUnion);
  for (const auto& branch : json) {
    TRY(const auto* made, parse(branch, space, depth + 1));
    if (made->kind == AvroKind::kUnion) return bad_schema("a union holds a union");
    for (const auto* other : type.branches) {
      if (branch_name(*other) == branch_name(*made))
        return bad_schema("a union holds \"" + std::string(branch_name(*made)) + "\" twice");
    }
    type.branches.push_back(made);
  }
  if (type.branches.empty()) return bad_schema("a union is empty");
  return &type;
}

Result<std::string> AvroSchemaParser::name_type(const Json& json, AvroType& type,
                                                const std::string& space) {
  TRY(const std::string name, text_member(json, "name"));
  const auto given = json.find("namespace");
  const std::string own =
      given != json.end() && given->is_string() ? given->get<std::string>() : space;
  type.name = full_name(name, own);
  const size_t dot = type.name.rfind('.');
  std::string inner = dot == std::string::npos ? "" : type.name.substr(0, dot);
  for (const auto& alias : text_list(json, "aliases"))
    type.aliases.push_back(full_name(alias, inner));
  if (primitive(type.name) || !names_.emplace(type.name, &type).second)
    return bad_schema("type \"" + shown(type.name) + "\" is defined twice");
  return inner;
}

Status AvroSchemaParser::parse_record(const Json& json, AvroType& type, const std::string& space,
                                      int depth) {
  const auto fields = json.find("fields");
  if (fields == json.end() || !fields->is_array())
    return bad_schema("record \"" + shown(type.name) + "\" has no \"fields\"");
  for (const auto& field : *fields) TRY_OK(parse_field(field, type, space, depth));
  return {};
}

Status AvroSchemaParser::parse_field(const Json& json, AvroType& type, const std::string& space,
                                     int depth) {
  if (!json.is_object()) return bad_schema("a field is no object");
  AvroField field;
  TRY(field.name, text_member(json, "name"));
  field.aliases = text_list(json, "aliases");
  const auto at = json.find("type");
  if (at == json.end()) return bad_schema("field \"" + shown(field.name) + "\" has no type");
  TRY(field.type, parse(*at, space, depth + 1));
  if (const auto given = json.find("default"); given != json.end())
    field.default_json = given->dump();
  for (const auto& other : type.fields) {
    if (other.name == field.name)
      return bad_schema("record \"" + shown(type.name) + "\" has field \"" + shown(field.name) +
                        "\" twice");
  }
  type.fields.push_back(std::move(field));
  return {};
}

Status AvroSchemaParser::parse_enum(const Json& json, AvroType& type) {
  type.symbols = text_list(json, "symbols");
  if (type.symbols.empty())
    return bad_schema("enum \"" + shown(type.name) + "\" has no \"symbols\"");
  if (const auto at = json.find("default"); at != json.end() && at->is_string())
    type.symbol = at->get<std::string>();
  return {};
}

Status AvroSchemaParser::parse_fixed(const Json& json, AvroType& type) {
  const auto at = json.find("size");
  if (at == json.end() || !at->is_number_unsigned() || at->get<uint64_t>() > kFixedBytesMax)
    return bad_schema("fixed \"" + shown(type.name) + "\" has no \"size\" up to 1 MiB");
  type.size = at->get<size_t>();
  read_logical(json, type);
  return {};
}

void AvroSchemaParser::read_logical(const Json& json, AvroType& type) const {
  const auto at = json.find("logicalType");
  if (at == json.end() || !at->is_string()) return;
  const auto name = at->get<std::string>();
  for (const auto& facts : kLogicals) {
    if (facts.name == name && facts.kind == type.kind) type.logical = facts.logical;
  }
  const bool fits =
      (type.logical != AvroLogical::kDuration || type.size == 12) &&
      (type.logical != AvroLogical::kUuid || type.kind == AvroKind::kString || type.size == 16);
  if (!fits) type.logical = AvroLogical::kNone;
  if (type.logical != AvroLogical::kDecimal) return;
  const auto whole = [&](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
  };
  const uint64_t scale = whole("scale");
  const bool valid = whole("precision") > 0 && scale <= whole("precision") && scale <= 1000;
  if (!valid) type.logical = AvroLogical::kNone;
  type.scale = valid ? static_cast<int32_t>(scale) : 0;
}

std::string_view branch_name(const AvroType& type) {
  switch (type.kind) {
    case AvroKind::kRecord:
    case AvroKind::kEnum:
    case AvroKind::kFixed:
      return type.name;
    case AvroKind::kArray:
      return "array";
    case AvroKind::kMap:
      return "map";
    case AvroKind::kUnion:
      return "union";
    default:
      return kPrimitives[static_cast<size_t>(type.kind)].first;
  }
}

std::string_view simple_name(std::string_view name) {
  const size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

Result<std::shared_ptr<const AvroSchema>> AvroSchema::parse(
    const std::string& json, const std::vector<std::string>& references) {
  auto schema = std::make_shared<AvroSchema>();
  AvroSchemaParser parser(*schema);
  const auto parse_one = [&](const std::string& text) -> Result<const AvroType*> {
    const Json parsed = Json::parse(text, nullptr, false);
    // A primitive may be written as a bare word: "string" without its quotes.
    if (parsed.is_discarded() && !primitive(text)) return bad_schema("it is no JSON");
    return parser.parse(parsed.is_discarded() ? Json(text) : parsed, "", 0);
  };
  for (const auto& reference : references) {
    TRY([[maybe_unused]] const auto* known, parse_one(reference));
  }
  TRY(const auto* root, parse_one(json));
  parser.set_root(root);
  return std::shared_ptr<const AvroSchema>(std::move(schema));
}

}  // namespace millrace::decode
