#include "store/duckdb_text.h"

#include <utility>

#include "base/check.h"
#include "data/json_text.h"
#include "store/value_text.h"

namespace millrace::store {
namespace {

Int128 wide(duckdb_hugeint value) {
  return static_cast<Int128>(static_cast<UInt128>(static_cast<uint64_t>(value.upper)) << 64 |
                             value.lower);
}

UInt128 wide(duckdb_uhugeint value) {
  return static_cast<UInt128>(value.upper) << 64 | value.lower;
}

/// The bytes of a BIT: how many bits of the first one are padding, then the bits.
void append_bits(std::string_view bytes, std::string& out) {
  const auto padding = bytes.empty() ? 0U : static_cast<unsigned char>(bytes[0]);
  for (size_t bit = padding; bit + 8 < bytes.size() * 8; ++bit) {
    const auto byte = static_cast<unsigned char>(bytes[1 + bit / 8]);
    out += ((byte >> (7 - bit % 8)) & 1) != 0 ? '1' : '0';
  }
}

/// The bytes of a BIGNUM: a header of three whose first bit is the sign, then the absolute value;
/// all of them inverted when it is negative.
void append_bignum(std::string_view bytes, std::string& out) {
  constexpr size_t kHeader = 3;
  if (bytes.size() <= kHeader) return;
  if ((static_cast<unsigned char>(bytes[0]) & 0x80) != 0)
    return append_magnitude(bytes.substr(kHeader), out);
  std::string inverted(bytes.substr(kHeader));
  for (auto& byte : inverted) byte = static_cast<char>(~byte);
  out += '-';
  append_magnitude(inverted, out);
}

/// Whether a value's plain text is JSON too.
bool is_bare(const TextType& type) {
  switch (type.sql_type()) {
    case SqlType::kTinyint:
    case SqlType::kSmallint:
    case SqlType::kInteger:
    case SqlType::kBigint:
    case SqlType::kUTinyint:
    case SqlType::kUSmallint:
    case SqlType::kUInteger:
    case SqlType::kUBigint:
    case SqlType::kHugeint:
    case SqlType::kUHugeint:
    case SqlType::kDecimal:
    case SqlType::kList:
    case SqlType::kArray:
    case SqlType::kStruct:
    case SqlType::kMap:
    case SqlType::kUnion:
      return true;
    default:
      return type.is_json || type.type == DUCKDB_TYPE_BIGNUM;
  }
}

}  // namespace

TextVector::TextVector(const TextType& type, duckdb_vector vector)
    : type_(&type),
      data_(duckdb_vector_get_data(vector)),
      validity_(duckdb_vector_get_validity(vector)) {
  const auto& kinds = type.children;
  switch (type.type) {
    case DUCKDB_TYPE_LIST:
      children_.emplace_back(kinds[0], duckdb_list_vector_get_child(vector));
      break;
    case DUCKDB_TYPE_ARRAY:
      children_.emplace_back(kinds[0], duckdb_array_vector_get_child(vector));
      break;
    case DUCKDB_TYPE_MAP: {
      // A map is a list of structs of a key and a value.
      const auto entries = duckdb_list_vector_get_child(vector);
      children_.emplace_back(kinds[0], duckdb_struct_vector_get_child(entries, 0));
      children_.emplace_back(kinds[1], duckdb_struct_vector_get_child(entries, 1));
      break;
    }
    case DUCKDB_TYPE_STRUCT:
      for (size_t i = 0; i < kinds.size(); ++i)
        children_.emplace_back(kinds[i], duckdb_struct_vector_get_child(vector, i));
      break;
    case DUCKDB_TYPE_UNION:
      // A union is a struct of its tag and its members.
      data_ = duckdb_vector_get_data(duckdb_struct_vector_get_child(vector, 0));
      for (size_t i = 0; i < kinds.size(); ++i)
        children_.emplace_back(kinds[i], duckdb_struct_vector_get_child(vector, i + 1));
      break;
    default:
      break;
  }
}

int64_t TextVector::stored_integer(size_t row) const {
  switch (type_->storage) {
    case DUCKDB_TYPE_BOOLEAN:
    case DUCKDB_TYPE_UTINYINT:
      return value<uint8_t>(row);
    case DUCKDB_TYPE_TINYINT:
      return value<int8_t>(row);
    case DUCKDB_TYPE_SMALLINT:
      return value<int16_t>(row);
    case DUCKDB_TYPE_USMALLINT:
      return value<uint16_t>(row);
    case DUCKDB_TYPE_INTEGER:
      return value<int32_t>(row);
    case DUCKDB_TYPE_UINTEGER:
      return value<uint32_t>(row);
    default:
      return value<int64_t>(row);
  }
}

void TextVector::append_decimal_value(size_t row, std::string& out) const {
  const Int128 whole = type_->storage == DUCKDB_TYPE_HUGEINT ? wide(value<duckdb_hugeint>(row))
                                                             : Int128{stored_integer(row)};
  append_decimal(whole, type_->scale, out);
}

void TextVector::append_number(size_t row, std::string& out) const {
  switch (type_->type) {
    case DUCKDB_TYPE_UBIGINT:
      return append_unsigned(value<uint64_t>(row), out);
    case DUCKDB_TYPE_HUGEINT:
      return append_wide(wide(value<duckdb_hugeint>(row)), out);
    case DUCKDB_TYPE_UHUGEINT:
      return append_wide_unsigned(wide(value<duckdb_uhugeint>(row)), out);
    case DUCKDB_TYPE_FLOAT:
      return append_float(value<float>(row), out);
    case DUCKDB_TYPE_DOUBLE:
      return append_double(value<double>(row), out);
    case DUCKDB_TYPE_UUID: {
      // Kept with the first bit inverted, so that it sorts as a signed number.
      const auto bits = static_cast<UInt128>(wide(value<duckdb_hugeint>(row)));
      return append_uuid(bits ^ (UInt128{1} << 127), out);
    }
    default:
      return append_integer(stored_integer(row), out);
  }
}

void TextVector::append_moment(size_t row, std::string& out) const {
  switch (type_->type) {
    case DUCKDB_TYPE_DATE:
      return append_date(value<int32_t>(row), out);
    case DUCKDB_TYPE_TIME:
      return append_time(value<int64_t>(row) * 1000, out);
    case DUCKDB_TYPE_TIME_NS:
      return append_time(value<int64_t>(row), out);
    case DUCKDB_TYPE_TIME_TZ: {
      const auto parts = duckdb_from_time_tz(value<duckdb_time_tz>(row));
      append_time(duckdb_to_time(parts.time).micros * 1000, out);
      return append_offset(parts.offset, out);
    }
    case DUCKDB_TYPE_TIMESTAMP_S:
      return append_timestamp(value<int64_t>(row), 1, out);
    case DUCKDB_TYPE_TIMESTAMP_MS:
      return append_timestamp(value<int64_t>(row), 1'000, out);
    case DUCKDB_TYPE_TIMESTAMP_NS:
      return append_timestamp(value<int64_t>(row), 1'000'000'000, out);
    case DUCKDB_TYPE_INTERVAL: {
      const auto interval = value<duckdb_interval>(row);
      return append_interval(interval.months, interval.days, interval.micros, out);
    }
    default:
      append_timestamp(value<int64_t>(row), 1'000'000, out);
      // Moments are shown in UTC, whatever the session's zone: the same for every client.
      if (type_->type == DUCKDB_TYPE_TIMESTAMP_TZ && out.back() != 'y') out += "+00";
  }
}

std::optional<int64_t> TextVector::moment(size_t row) const {
  constexpr int64_t kMicrosPerSecond = 1'000'000;
  // Midnights of 0000-01-01 and 10000-01-01, between which MySQL's calendar lies.
  constexpr int64_t kFirst = -62'167'219'200 * kMicrosPerSecond;
  constexpr int64_t kEnd = 253'402'300'800 * kMicrosPerSecond;
  const auto within = [](int64_t value, int64_t per_second) -> std::optional<int64_t> {
    if (value / per_second < kFirst / kMicrosPerSecond - 1) return std::nullopt;
    if (value / per_second > kEnd / kMicrosPerSecond) return std::nullopt;
    const int64_t micros = per_second > kMicrosPerSecond ? value / (per_second / kMicrosPerSecond)
                                                         : value * (kMicrosPerSecond / per_second);
    if (micros < kFirst || micros >= kEnd) return std::nullopt;
    return micros;
  };
  switch (type_->type) {
    case DUCKDB_TYPE_TIME:
      return value<int64_t>(row);
    case DUCKDB_TYPE_TIME_NS:
      return value<int64_t>(row) / 1000;
    case DUCKDB_TYPE_DATE:
      return within(int64_t{value<int32_t>(row)} * 86400, 1);
    case DUCKDB_TYPE_TIMESTAMP_S:
      return within(value<int64_t>(row), 1);
    case DUCKDB_TYPE_TIMESTAMP_MS:
      return within(value<int64_t>(row), 1'000);
    case DUCKDB_TYPE_TIMESTAMP_NS:
      return within(value<int64_t>(row), 1'000'000'000);
    default:
      return within(value<int64_t>(row), kMicrosPerSecond);
  }
}

void TextVector::append_bytes(size_t row, std::string& out) const {
  const auto& text = static_cast<const duckdb_string_t*>(data_)[row];
  switch (type_->type) {
    case DUCKDB_TYPE_BIT:
      return append_bits(view_of(text), out);
    case DUCKDB_TYPE_BIGNUM:
      return append_bignum(view_of(text), out);
    default:
      out += view_of(text);
  }
}

void TextVector::append(size_t row, std::string& out) const {
  switch (type_->sql_type()) {
    case SqlType::kDecimal:
      return append_decimal_value(row, out);
    case SqlType::kDate:
    case SqlType::kTime:
    case SqlType::kTimeTz:
    case SqlType::kTimestamp:
    case SqlType::kTimestampTz:
    case SqlType::kInterval:
      return append_moment(row, out);
    case SqlType::kVarchar:
    case SqlType::kBlob:
    case SqlType::kBit:
    case SqlType::kOther:
      return append_bytes(row, out);
    case SqlType::kEnum:
      out += type_->names[static_cast<size_t>(stored_integer(row))];
      return;
    case SqlType::kList:
    case SqlType::kArray:
    case SqlType::kStruct:
    case SqlType::kMap:
    case SqlType::kUnion:
      return append_nested(row, out);
    default:
      return append_number(row, out);
  }
}

void TextVector::append_nested(size_t row, std::string& out) const {
  switch (type_->type) {
    case DUCKDB_TYPE_LIST: {
      const auto entry = value<duckdb_list_entry>(row);
      return append_elements(entry.offset, entry.length, out);
    }
    case DUCKDB_TYPE_ARRAY:
      return append_elements(row * type_->array_size, type_->array_size, out);
    case DUCKDB_TYPE_STRUCT:
      return append_members(row, out);
    case DUCKDB_TYPE_MAP:
      return append_map(row, out);
    default:
      return append_union(row, out);
  }
}

void TextVector::append_json(size_t row, std::string& out) const {
  if (is_null(row)) {
    out += "null";
    return;
  }
  if (is_bare(*type_)) return append(row, out);
  switch (type_->type) {
    case DUCKDB_TYPE_BOOLEAN:
      out += value<uint8_t>(row) != 0 ? "true" : "false";
      return;
    case DUCKDB_TYPE_VARCHAR:
      return append_json_text(view_of(static_cast<const duckdb_string_t*>(data_)[row]), out);
    case DUCKDB_TYPE_BLOB:
    case DUCKDB_TYPE_GEOMETRY:
      return append_json_bytes(view_of(static_cast<const duckdb_string_t*>(data_)[row]), out);
    case DUCKDB_TYPE_ENUM:
      return append_json_text(type_->names[static_cast<size_t>(stored_integer(row))], out);
    default:
      break;
  }
  // What is left has no character in it that JSON escapes.
  const size_t start = out.size();
  append(row, out);
  const bool real = type_->type == DUCKDB_TYPE_DOUBLE || type_->type == DUCKDB_TYPE_FLOAT;
  const char last = out.back();
  if (real && last >= '0' && last <= '9') return;
  out.insert(start, 1, '"');
  out += '"';
}

void TextVector::append_elements(size_t first, size_t count, std::string& out) const {
  out += '[';
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) out += ", ";
    children_[0].append_json(first + i, out);
  }
  out += ']';
}

void TextVector::append_members(size_t row, std::string& out) const {
  // A struct without names is a tuple.
  const bool named = !type_->names.empty() && !type_->names[0].empty();
  out += named ? '{' : '[';
  for (size_t i = 0; i < children_.size(); ++i) {
    if (i > 0) out += ", ";
    if (named) {
      append_json_text(type_->names[i], out);
      out += ": ";
    }
    children_[i].append_json(row, out);
  }
  out += named ? '}' : ']';
}

void TextVector::append_map(size_t row, std::string& out) const {
  const auto entry = value<duckdb_list_entry>(row);
  const auto& keys = children_[0];
  out += '{';
  for (size_t i = entry.offset; i < entry.offset + entry.length; ++i) {
    if (i > entry.offset) out += ", ";
    const size_t start = out.size();
    keys.append_json(i, out);
    if (out[start] != '"') {
      const std::string key = out.substr(start);
      out.resize(start);
      append_json_text(key, out);
    }
    out += ": ";
    children_[1].append_json(i, out);
  }
  out += '}';
}

void TextVector::append_union(size_t row, std::string& out) const {
  const auto tag = value<uint8_t>(row);
  CHECK(tag < children_.size(), "a union's tag is one of its members");
  children_[tag].append_json(row, out);
}

}  // namespace millrace::store
