#include "serve/http_json.h"

#include "data/json_text.h"
#include "data/utf8.h"
#include "store/value_text.h"

namespace millrace::serve {
namespace {

using store::SqlType;

std::string_view plain_name(SqlType type) {
  switch (type) {
    case SqlType::kNull:
      return "NULL";
    case SqlType::kBoolean:
      return "BOOLEAN";
    case SqlType::kTinyint:
      return "TINYINT";
    case SqlType::kSmallint:
      return "SMALLINT";
    case SqlType::kInteger:
      return "INTEGER";
    case SqlType::kBigint:
      return "BIGINT";
    case SqlType::kUTinyint:
      return "UTINYINT";
    case SqlType::kUSmallint:
      return "USMALLINT";
    case SqlType::kUInteger:
      return "UINTEGER";
    case SqlType::kUBigint:
      return "UBIGINT";
    case SqlType::kHugeint:
      return "HUGEINT";
    case SqlType::kUHugeint:
      return "UHUGEINT";
    case SqlType::kFloat:
      return "FLOAT";
    case SqlType::kDouble:
      return "DOUBLE";
    case SqlType::kDecimal:
      return "DECIMAL";
    case SqlType::kDate:
      return "DATE";
    case SqlType::kTime:
      return "TIME";
    case SqlType::kTimeTz:
      return "TIMETZ";
    case SqlType::kTimestamp:
      return "TIMESTAMP";
    case SqlType::kTimestampTz:
      return "TIMESTAMPTZ";
    case SqlType::kInterval:
      return "INTERVAL";
    case SqlType::kVarchar:
      return "VARCHAR";
    case SqlType::kBlob:
      return "BLOB";
    case SqlType::kBit:
      return "BIT";
    case SqlType::kUuid:
      return "UUID";
    case SqlType::kEnum:
      return "ENUM";
    case SqlType::kList:
      return "LIST";
    case SqlType::kArray:
      return "ARRAY";
    case SqlType::kStruct:
      return "STRUCT";
    case SqlType::kMap:
      return "MAP";
    case SqlType::kUnion:
      return "UNION";
    case SqlType::kOther:
      break;
  }
  return "OTHER";
}

/// How a value's text becomes JSON.
enum class JsonForm : uint8_t { kString, kBare, kReal, kBoolean, kBytes };

JsonForm form_of(SqlType type) {
  switch (type) {
    case SqlType::kBoolean:
      return JsonForm::kBoolean;
    case SqlType::kTinyint:
    case SqlType::kSmallint:
    case SqlType::kInteger:
    case SqlType::kBigint:
    case SqlType::kUTinyint:
    case SqlType::kUSmallint:
    case SqlType::kUInteger:
    case SqlType::kUBigint:
    case SqlType::kList:
    case SqlType::kArray:
    case SqlType::kStruct:
    case SqlType::kMap:
      return JsonForm::kBare;
    case SqlType::kFloat:
    case SqlType::kDouble:
      return JsonForm::kReal;
    case SqlType::kBlob:
      return JsonForm::kBytes;
    default:
      return JsonForm::kString;
  }
}

/// NaN and the infinities are words.
bool is_finite_text(std::string_view text) {
  return text.find_first_of("Nnyf") == std::string_view::npos;
}

/// Headers reach an error's text, and may be no UTF-8, which JSON must be.
std::string as_utf8(std::string_view text) {
  std::string out(text);
  if (is_utf8(text)) return out;
  for (char& c : out) c = static_cast<unsigned char>(c) < 0x80 ? c : '?';
  return out;
}

void append_member(std::string_view name, std::string_view text, std::string& out) {
  out += ",\"";
  out += name;
  out += "\":";
  append_json_text(text, out);
}

}  // namespace

std::string type_name(const store::ResultColumn& column) {
  std::string name(plain_name(column.type));
  if (column.type == SqlType::kDecimal)
    name += "(" + std::to_string(column.width) + "," + std::to_string(column.scale) + ")";
  return name;
}

void append_json_value(const store::ResultChunk& chunk, const store::ResultColumn& type,
                       size_t column, size_t row, std::string& out) {
  if (chunk.is_null(column, row)) {
    out += "null";
    return;
  }
  const JsonForm form = form_of(type.type);
  if (form == JsonForm::kBare) return chunk.append_text(column, row, out);
  std::string text;
  chunk.append_text(column, row, text);
  switch (form) {
    case JsonForm::kBoolean:
      out += text == "1" ? "true" : "false";
      return;
    case JsonForm::kReal:
      if (!is_finite_text(text)) return append_json_text(text, out);
      out += text;
      return;
    case JsonForm::kBytes:
      return store::append_json_bytes(text, out);
    default:
      return append_json_text(text, out);
  }
}

void append_json_row(const store::ResultChunk& chunk,
                     const std::vector<store::ResultColumn>& columns, size_t row,
                     std::string& out) {
  out += '[';
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) out += ',';
    append_json_value(chunk, columns[i], i, row, out);
  }
  out += ']';
}

void append_json_object(const store::ResultChunk& chunk,
                        const std::vector<store::ResultColumn>& columns, size_t row,
                        std::string& out) {
  out += '{';
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) out += ',';
    append_json_text(columns[i].name, out);
    out += ':';
    append_json_value(chunk, columns[i], i, row, out);
  }
  out += '}';
}

void append_json_columns(const std::vector<store::ResultColumn>& columns, std::string& out) {
  out += '[';
  for (size_t i = 0; i < columns.size(); ++i) {
    out += i > 0 ? ",{\"name\":" : "{\"name\":";
    append_json_text(columns[i].name, out);
    append_member("type", type_name(columns[i]), out);
    out += '}';
  }
  out += ']';
}

std::string json_error(const Error& error) {
  const auto& known = facts(error.code);
  std::string out = "{\"error\":{\"code\":";
  append_json_text(known.name, out);
  append_member("sqlstate", known.sqlstate, out);
  out += ",\"errno\":" + std::to_string(known.mysql_errno);
  append_member("message", as_utf8(error.message), out);
  if (!error.detail.empty()) append_member("detail", as_utf8(error.detail), out);
  if (!error.hint.empty()) append_member("hint", as_utf8(error.hint), out);
  if (error.position >= 0) out += ",\"position\":" + std::to_string(error.position);
  return out + "}}";
}

}  // namespace millrace::serve
