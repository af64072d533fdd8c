#include "data/types.h"

#include <array>

#include "base/check.h"

namespace millrace {
namespace {

struct Facts {
  Kind kind;
  std::string_view name;
  size_t width;
};

constexpr std::array<Facts, 15> kFacts{{
    {Kind::kBool, "BOOLEAN", 1},
    {Kind::kInt8, "TINYINT", 1},
    {Kind::kInt16, "SMALLINT", 2},
    {Kind::kInt32, "INTEGER", 4},
    {Kind::kInt64, "BIGINT", 8},
    {Kind::kUInt8, "UTINYINT", 1},
    {Kind::kUInt16, "USMALLINT", 2},
    {Kind::kUInt32, "UINTEGER", 4},
    {Kind::kUInt64, "UBIGINT", 8},
    {Kind::kFloat, "FLOAT", 4},
    {Kind::kDouble, "DOUBLE", 8},
    {Kind::kDate, "DATE", 4},
    {Kind::kTimestamp, "TIMESTAMP", 8},
    {Kind::kVarchar, "VARCHAR", sizeof(std::string_view)},
    {Kind::kBlob, "BLOB", sizeof(std::string_view)},
}};

const Facts& facts_of(Kind kind) {
  const auto& row = kFacts[static_cast<size_t>(kind)];
  CHECK(row.kind == kind, "the type table is in the order of the enum");
  return row;
}

}  // namespace

size_t width_of(Kind kind) {
  return facts_of(kind).width;
}
bool is_text(Kind kind) {
  return kind == Kind::kVarchar || kind == Kind::kBlob;
}
bool is_integer(Kind kind) {
  return kind >= Kind::kInt8 && kind <= Kind::kUInt64;
}
bool is_number(Kind kind) {
  return kind <= Kind::kDouble;
}

std::string name_of(DataType type) {
  return std::string(facts_of(type.kind).name) + (type.list ? "[]" : "");
}

}  // namespace millrace
