#include "sql/broken_table.h"

#include "sql/token_reader.h"

namespace millrace::sql {
namespace {

/// ALTER TABLE t ... of one action; behind DROP these are no columns.
bool takes_a_column(TokenReader& reader) {
  if (reader.at("RENAME")) return true;
  if (!reader.accept("DROP")) return false;
  for (const std::string_view other : {"PRIMARY", "INDEX", "KEY", "CONSTRAINT", "FOREIGN", "CHECK"})
    if (reader.at(other)) return false;
  return true;
}

}  // namespace

std::optional<engine::ObjectName> broken_table(std::string_view text, std::span<const Token> tokens,
                                               LexOptions options, const std::string& database) {
  TokenReader reader(text, tokens, options);
  const bool alters = reader.accept({"ALTER", "TABLE"});
  if (!alters && !reader.accept({"DROP", "TABLE"}) &&
      !reader.accept({"CREATE", "OR", "REPLACE", "TABLE"}))
    return std::nullopt;
  (void)reader.accept({"IF", "EXISTS"});
  if (!is_name(reader.peek())) return std::nullopt;
  engine::ObjectName table{database, reader.value()};
  reader.skip();
  if (reader.at(".") && is_name(reader.peek(1))) {
    reader.skip();
    table = {table.name, reader.value()};
    reader.skip();
  }
  if (alters && !takes_a_column(reader)) return std::nullopt;
  return table;
}

}  // namespace millrace::sql
