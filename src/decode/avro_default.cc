#include "decode/avro_default.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

namespace millrace::decode {
namespace {

using Json = nlohmann::json;

constexpr int kDefaultDepthMax = 64;

void append_whole(int64_t value, std::string& out) {
  auto bits = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
  for (; bits >= 0x80; bits >>= 7) out += static_cast<char>(bits | 0x80);
  out += static_cast<char>(bits);
}

void append_text(std::string_view text, std::string& out) {
  append_whole(static_cast<int64_t>(text.size()), out);
  out += text;
}

template <class T>
void append_real(double value, std::string& out) {
  const auto real = static_cast<T>(value);
  char bytes[sizeof(T)];
  std::memcpy(bytes, &real, sizeof(T));
  out.append(bytes, sizeof(T));
}

/// Text of the characters 0 to 255, each a byte. Empty and false when there are others.
bool bytes_of(const std::string& text, std::string& bytes) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      bytes += text[i];
    } else if ((byte == 0xC2 || byte == 0xC3) && i + 1 < text.size()) {
      bytes += static_cast<char>((byte & 3) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3F));
    } else {
      return false;
    }
  }
  return true;
}

bool append(const AvroType& type, const Json& json, std::string& out, int depth);

bool append_record(const AvroType& type, const Json& json, std::string& out, int depth) {
  if (!json.is_object()) return false;
  for (const auto& field : type.fields) {
    const auto at = json.find(field.name);
    if (at == json.end() && !field.default_json) return false;
    const Json value =
        at == json.end() ? Json::parse(*field.default_json, nullptr, false) : Json(*at);
    if (value.is_discarded() || !append(*field.type, value, out, depth + 1)) return false;
  }
  return true;
}

bool append_items(const AvroType& type, const Json& json, std::string& out, int depth) {
  const bool map = type.kind == AvroKind::kMap;
  if (map ? !json.is_object() : !json.is_array()) return false;
  if (!json.empty()) append_whole(static_cast<int64_t>(json.size()), out);
  for (const auto& [key, value] : json.items()) {
    if (map) append_text(key, out);
    if (!append(*type.items, value, out, depth + 1)) return false;
  }
  out += '\0';
  return true;
}

/// The first branch that the value fits: the first of all, in schemas before 1.12.
bool append_union(const AvroType& type, const Json& json, std::string& out, int depth) {
  for (size_t i = 0; i < type.branches.size(); ++i) {
    std::string tried;
    append_whole(static_cast<int64_t>(i), tried);
    if (!append(*type.branches[i], json, tried, depth + 1)) continue;
    out += tried;
    return true;
  }
  return false;
}

bool append_bytes(const AvroType& type, const Json& json, std::string& out) {
  std::string bytes;
  if (!json.is_string() || !bytes_of(json.get<std::string>(), bytes)) return false;
  if (type.kind == AvroKind::kBytes) {
    append_text(bytes, out);
    return true;
  }
  out += bytes;
  return bytes.size() == type.size;
}

bool append(const AvroType& type, const Json& json, std::string& out, int depth) {
  if (depth > kDefaultDepthMax) return false;
  switch (type.kind) {
    case AvroKind::kNull:
      return json.is_null();
    case AvroKind::kBoolean:
      if (!json.is_boolean()) return false;
      out += json.get<bool>() ? '\1' : '\0';
      return true;
    case AvroKind::kInt:
    case AvroKind::kLong:
      if (!json.is_number_integer()) return false;
      append_whole(json.get<int64_t>(), out);
      return true;
    case AvroKind::kFloat:
      if (!json.is_number()) return false;
      append_real<float>(json.get<double>(), out);
      return true;
    case AvroKind::kDouble:
      if (!json.is_number()) return false;
      append_real<double>(json.get<double>(), out);
      return true;
    case AvroKind::kString:
      if (!json.is_string()) return false;
      append_text(json.get<std::string>(), out);
      return true;
    case AvroKind::kEnum: {
      if (!json.is_string()) return false;
      const auto at = std::find(type.symbols.begin(), type.symbols.end(), json.get<std::string>());
      append_whole(at - type.symbols.begin(), out);
      return at != type.symbols.end();
    }
    case AvroKind::kBytes:
    case AvroKind::kFixed:
      return append_bytes(type, json, out);
    case AvroKind::kRecord:
      return append_record(type, json, out, depth);
    case AvroKind::kArray:
    case AvroKind::kMap:
      return append_items(type, json, out, depth);
    case AvroKind::kUnion:
      return append_union(type, json, out, depth);
  }
  return false;
}

}  // namespace

Result<std::string> encode_avro_default(const AvroType& type, const std::string& json) {
  std::string bytes;
  const Json value = Json::parse(json, nullptr, false);
  if (!value.is_discarded() && append(type, value, bytes, 0)) return bytes;
  return Error(Code::kInvalidArgument, "the Avro schema is not valid: default " + json + " is no " +
                                           std::string(branch_name(type)));
}

}  // namespace millrace::decode
