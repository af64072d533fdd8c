#include "sql/column_type.h"

#include <array>
#include <vector>

#include "data/schema.h"
#include "sql/translate.h"

namespace millrace::sql {
namespace {

struct TypeFact {
  std::string_view mysql;
  std::string_view store;
  std::string_view store_unsigned;  // empty: UNSIGNED changes nothing
};

/// Lengths and display widths are not kept: text and bytes have no bound, numbers no width.
constexpr auto kTypeFacts = std::to_array<TypeFact>({
    {"TINYINT", "TINYINT", "UTINYINT"},
    {"SMALLINT", "SMALLINT", "USMALLINT"},
    {"MEDIUMINT", "INTEGER", "UINTEGER"},
    {"INT", "INTEGER", "UINTEGER"},
    {"INTEGER", "INTEGER", "UINTEGER"},
    {"BIGINT", "BIGINT", "UBIGINT"},
    {"FLOAT", "FLOAT", ""},
    {"REAL", "DOUBLE", ""},
    {"DOUBLE", "DOUBLE", ""},
    {"BOOL", "BOOLEAN", ""},
    {"BOOLEAN", "BOOLEAN", ""},
    {"CHAR", "VARCHAR", ""},
    {"CHARACTER", "VARCHAR", ""},
    {"NCHAR", "VARCHAR", ""},
    {"VARCHAR", "VARCHAR", ""},
    {"NVARCHAR", "VARCHAR", ""},
    {"TINYTEXT", "VARCHAR", ""},
    {"TEXT", "VARCHAR", ""},
    {"MEDIUMTEXT", "VARCHAR", ""},
    {"LONGTEXT", "VARCHAR", ""},
    {"BINARY", "BLOB", ""},
    {"VARBINARY", "BLOB", ""},
    {"TINYBLOB", "BLOB", ""},
    {"BLOB", "BLOB", ""},
    {"MEDIUMBLOB", "BLOB", ""},
    {"LONGBLOB", "BLOB", ""},
    {"DATE", "DATE", ""},
    {"DATETIME", "TIMESTAMP", ""},
    {"TIMESTAMP", "TIMESTAMP", ""},
    {"TIME", "TIME", ""},
    {"YEAR", "SMALLINT", ""},
    {"JSON", "JSON", ""},
});

constexpr auto kUnsupportedTypes = std::to_array<std::string_view>(
    {"SET", "GEOMETRY", "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING",
     "MULTIPOLYGON", "GEOMETRYCOLLECTION"});

/// DECIMAL without digits is DECIMAL(10, 0), as in MySQL.
Result<std::string> parse_decimal(TokenReader& reader) {
  int64_t width = 10, scale = 0;
  if (reader.accept("(")) {
    TRY(width, reader.integer("the number of digits", 1, 38));
    if (reader.accept(",")) {
      TRY(scale, reader.integer("the digits behind the point", 0, width));
    }
    TRY_OK(reader.expect(")"));
  }
  return "DECIMAL(" + std::to_string(width) + "," + std::to_string(scale) + ")";
}

/// Takes the words that may stand behind a number's type; true for UNSIGNED.
bool accept_sign(TokenReader& reader) {
  bool is_unsigned = false;
  while (true) {
    if (reader.accept("UNSIGNED")) {
      is_unsigned = true;
    } else if (!reader.accept("ZEROFILL") && !reader.accept("SIGNED")) {
      return is_unsigned;
    }
  }
}

/// BIT is BIT(1), a truth value; more bits are a number.
Result<std::string> parse_bit(TokenReader& reader) {
  int64_t bits = 1;
  if (reader.accept("(")) {
    TRY(bits, reader.integer("the number of bits", 1, 64));
    TRY_OK(reader.expect(")"));
  }
  return std::string(bits == 1 ? "BOOLEAN" : "UBIGINT");
}

/// A type of the store's own: a name, perhaps with parentheses.
Result<std::string> parse_other(TokenReader& reader) {
  const size_t begin = reader.index();
  TRY([[maybe_unused]] const std::string name, reader.name("a type"));
  if (reader.at("(")) TRY_OK(skip_parentheses(reader));
  if (reader.accept("WITH")) TRY_OK(reader.expect({"TIME", "ZONE"}));
  const auto tokens = reader.tokens().subspan(begin, reader.index() - begin);
  TRY(Translation translation, translate(reader.text(), tokens, {.lex = reader.options()}));
  return std::move(translation.sql);
}

Result<std::string> parse_known(TokenReader& reader, const TypeFact& fact) {
  reader.skip();
  (void)reader.accept("PRECISION");
  (void)reader.accept("VARYING");
  if (reader.at("(")) TRY_OK(skip_parentheses(reader));
  const bool is_unsigned = accept_sign(reader);
  return std::string(is_unsigned && !fact.store_unsigned.empty() ? fact.store_unsigned
                                                                 : fact.store);
}

Result<std::string> parse_base(TokenReader& reader) {
  for (const auto type : kUnsupportedTypes) {
    if (reader.at(type)) return reader.unsupported("column type " + std::string(type));
  }
  for (const std::string_view decimal : {"DECIMAL", "NUMERIC", "DEC", "FIXED"}) {
    if (!reader.accept(decimal)) continue;
    TRY(std::string sql, parse_decimal(reader));
    (void)accept_sign(reader);
    return sql;
  }
  if (reader.accept("BIT")) return parse_bit(reader);
  if (reader.at({"TIMESTAMP", "WITH"}) || reader.at({"TIME", "WITH"})) return parse_other(reader);
  for (const auto& fact : kTypeFacts) {
    if (reader.at(fact.mysql)) return parse_known(reader, fact);
  }
  return parse_other(reader);
}

}  // namespace

Status skip_parentheses(TokenReader& reader) {
  int depth = 0;
  do {
    if (reader.done()) return reader.error("\")\"");
    if (reader.at("(")) ++depth;
    if (reader.at(")")) --depth;
    reader.skip();
  } while (depth > 0);
  return {};
}

Result<ColumnType> parse_column_type(TokenReader& reader) {
  ColumnType result;
  if (reader.accept("SERIAL")) {
    result.sql = "UBIGINT";
    result.serial = true;
    return result;
  }
  TRY(result.sql, parse_base(reader));
  while (reader.accept("[")) {  // INTEGER[], INTEGER[3]
    result.sql += "[";
    if (reader.peek().kind == TokenKind::kNumber) {
      result.sql += reader.raw_at();
      reader.skip();
    }
    TRY_OK(reader.expect("]"));
    result.sql += "]";
  }
  return result;
}

}  // namespace millrace::sql
