#include "sql/shown_table.h"

#include <algorithm>
#include <array>

#include "data/schema.h"
#include "sql/quote.h"
#include "sql/system_schema.h"

namespace millrace::sql {
namespace {

/// What may stand behind a table that has no alias.
constexpr auto kBehind = std::to_array<std::string_view>(
    {"WHERE", "GROUP", "ORDER", "HAVING",    "LIMIT",       "OFFSET",       "UNION",   "EXCEPT",
     "JOIN",  "INNER", "LEFT",  "RIGHT",     "FULL",        "CROSS",        "NATURAL", "ASOF",
     "SEMI",  "ANTI",  "ON",    "USING",     "WINDOW",      "POSITIONAL",   "SAMPLE",  "QUALIFY",
     "FOR",   "LOCK",  "FETCH", "INTERSECT", "TABLESAMPLE", "STRAIGHT_JOIN"});

bool has_alias(const TokenReader& reader, size_t ahead) {
  if (!is_name(reader.peek(ahead))) return false;
  return reader.peek(ahead).kind == TokenKind::kQuotedName ||
         std::none_of(kBehind.begin(), kBehind.end(),
                      [&](std::string_view word) { return reader.at(word, ahead); });
}

}  // namespace

std::optional<ShownTable> made_table(const TokenReader& reader, const SessionTables& tables) {
  if (!reader.at(".", 1) || !is_name(reader.peek(2))) return std::nullopt;
  const std::string table = value_of(reader.text(), reader.peek(2), reader.options());
  const auto query = tables(reader.value(), table);
  if (!query) return std::nullopt;
  const std::string name = quoted_name(table);
  if (reader.at(".", 3)) return ShownTable{name, 3};
  return ShownTable{"(" + *query + ")" + (has_alias(reader, 3) ? "" : " AS " + name), 3};
}

std::optional<ShownTable> shown_table(const TokenReader& reader) {
  const std::string schema = reader.value();
  if (!is_information_schema(schema) && !same_name(schema, "millrace")) return std::nullopt;
  if (!reader.at(".", 1) || !is_name(reader.peek(2))) return std::nullopt;
  const std::string table = value_of(reader.text(), reader.peek(2), reader.options());
  const std::string name = quoted_name(table);
  if (reader.at(".", 3)) return ShownTable{name, 3};
  return ShownTable{shown_view(schema, table) + (has_alias(reader, 3) ? "" : " AS " + name), 3};
}

}  // namespace millrace::sql
