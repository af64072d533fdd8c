#include "store/duckdb_text_type.h"

#include <array>
#include <utility>

namespace millrace::store {
namespace {

struct Facts {
  duckdb_type type;
  SqlType sql;
};

constexpr std::array<Facts, 38> kFacts{{
    {DUCKDB_TYPE_SQLNULL, SqlType::kNull},
    {DUCKDB_TYPE_BOOLEAN, SqlType::kBoolean},
    {DUCKDB_TYPE_TINYINT, SqlType::kTinyint},
    {DUCKDB_TYPE_SMALLINT, SqlType::kSmallint},
    {DUCKDB_TYPE_INTEGER, SqlType::kInteger},
    {DUCKDB_TYPE_BIGINT, SqlType::kBigint},
    {DUCKDB_TYPE_UTINYINT, SqlType::kUTinyint},
    {DUCKDB_TYPE_USMALLINT, SqlType::kUSmallint},
    {DUCKDB_TYPE_UINTEGER, SqlType::kUInteger},
    {DUCKDB_TYPE_UBIGINT, SqlType::kUBigint},
    {DUCKDB_TYPE_HUGEINT, SqlType::kHugeint},
    {DUCKDB_TYPE_UHUGEINT, SqlType::kUHugeint},
    {DUCKDB_TYPE_FLOAT, SqlType::kFloat},
    {DUCKDB_TYPE_DOUBLE, SqlType::kDouble},
    {DUCKDB_TYPE_DECIMAL, SqlType::kDecimal},
    {DUCKDB_TYPE_DATE, SqlType::kDate},
    {DUCKDB_TYPE_TIME, SqlType::kTime},
    {DUCKDB_TYPE_TIME_NS, SqlType::kTime},
    {DUCKDB_TYPE_TIME_TZ, SqlType::kTimeTz},
    {DUCKDB_TYPE_TIMESTAMP, SqlType::kTimestamp},
    {DUCKDB_TYPE_TIMESTAMP_S, SqlType::kTimestamp},
    {DUCKDB_TYPE_TIMESTAMP_MS, SqlType::kTimestamp},
    {DUCKDB_TYPE_TIMESTAMP_NS, SqlType::kTimestamp},
    {DUCKDB_TYPE_TIMESTAMP_TZ, SqlType::kTimestampTz},
    {DUCKDB_TYPE_INTERVAL, SqlType::kInterval},
    {DUCKDB_TYPE_VARCHAR, SqlType::kVarchar},
    {DUCKDB_TYPE_BLOB, SqlType::kBlob},
    {DUCKDB_TYPE_GEOMETRY, SqlType::kBlob},  // well-known binary, as MySQL sends its own
    {DUCKDB_TYPE_BIT, SqlType::kBit},
    {DUCKDB_TYPE_UUID, SqlType::kUuid},
    {DUCKDB_TYPE_ENUM, SqlType::kEnum},
    {DUCKDB_TYPE_LIST, SqlType::kList},
    {DUCKDB_TYPE_ARRAY, SqlType::kArray},
    {DUCKDB_TYPE_STRUCT, SqlType::kStruct},
    {DUCKDB_TYPE_MAP, SqlType::kMap},
    {DUCKDB_TYPE_UNION, SqlType::kUnion},
    {DUCKDB_TYPE_BIGNUM, SqlType::kOther},
    {DUCKDB_TYPE_INVALID, SqlType::kOther},
}};

const Facts* facts_of(duckdb_type type) {
  for (const auto& facts : kFacts) {
    if (facts.type == type && type != DUCKDB_TYPE_INVALID) return &facts;
  }
  return nullptr;
}

Status add_child(TextType& parent, LogicalType type) {
  TRY(auto child, TextType::of(type.get()));
  parent.children.push_back(std::move(child));
  return {};
}

Status add_children(TextType& result, duckdb_logical_type type) {
  switch (result.type) {
    case DUCKDB_TYPE_LIST:
      return add_child(result, LogicalType(duckdb_list_type_child_type(type)));
    case DUCKDB_TYPE_ARRAY:
      result.array_size = duckdb_array_type_array_size(type);
      return add_child(result, LogicalType(duckdb_array_type_child_type(type)));
    case DUCKDB_TYPE_MAP:
      TRY_OK(add_child(result, LogicalType(duckdb_map_type_key_type(type))));
      return add_child(result, LogicalType(duckdb_map_type_value_type(type)));
    case DUCKDB_TYPE_STRUCT:
      for (idx_t i = 0; i < duckdb_struct_type_child_count(type); ++i) {
        result.names.push_back(take_text(duckdb_struct_type_child_name(type, i)));
        TRY_OK(add_child(result, LogicalType(duckdb_struct_type_child_type(type, i))));
      }
      return {};
    case DUCKDB_TYPE_UNION:
      for (idx_t i = 0; i < duckdb_union_type_member_count(type); ++i) {
        result.names.push_back(take_text(duckdb_union_type_member_name(type, i)));
        TRY_OK(add_child(result, LogicalType(duckdb_union_type_member_type(type, i))));
      }
      return {};
    default:
      return {};
  }
}

}  // namespace

Result<TextType> TextType::of(duckdb_logical_type type) {
  TextType result;
  result.type = duckdb_get_type_id(type);
  if (facts_of(result.type) == nullptr)
    return Error(Code::kUnsupported, "a value of this type has no text of its own",
                 "CAST it to JSON or VARCHAR.");
  result.storage = result.type;
  if (result.type == DUCKDB_TYPE_DECIMAL) {
    result.width = duckdb_decimal_width(type);
    result.scale = duckdb_decimal_scale(type);
    result.storage = duckdb_decimal_internal_type(type);
  } else if (result.type == DUCKDB_TYPE_ENUM) {
    result.storage = duckdb_enum_internal_type(type);
    for (idx_t i = 0; i < duckdb_enum_dictionary_size(type); ++i)
      result.names.push_back(take_text(duckdb_enum_dictionary_value(type, i)));
  } else if (result.type == DUCKDB_TYPE_VARCHAR) {
    result.is_json = take_text(duckdb_logical_type_get_alias(type)) == "JSON";
  }
  TRY_OK(add_children(result, type));
  return result;
}

SqlType TextType::sql_type() const {
  const auto* facts = facts_of(type);
  return facts != nullptr ? facts->sql : SqlType::kOther;
}

}  // namespace millrace::store
