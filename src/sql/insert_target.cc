#include "sql/insert_target.h"

#include <algorithm>

#include "data/schema.h"

namespace millrace::sql {
namespace {

/// `name` or `database.name`.
bool read_name(TokenReader& reader, InsertTarget& target) {
  if (!is_name(reader.peek())) return false;
  target.table = reader.value();
  reader.skip();
  if (!reader.accept(".")) return true;
  if (!is_name(reader.peek())) return false;
  target.database = std::exchange(target.table, reader.value());
  reader.skip();
  return true;
}

/// (a, b, c): a list of names; a query in parentheses is left alone.
bool read_columns(TokenReader& reader, InsertTarget& target) {
  if (!reader.at("(") || reader.at("SELECT", 1) || reader.at("WITH", 1)) return true;
  reader.skip();
  while (!reader.accept(")")) {
    if (!is_name(reader.peek())) return false;
    target.columns.push_back(reader.value());
    reader.skip();
    if (!reader.at(")") && !reader.accept(",")) return false;
  }
  return true;
}

}  // namespace

std::optional<InsertTarget> insert_target(std::string_view text, std::span<const Token> tokens,
                                          LexOptions options) {
  TokenReader reader(text, tokens, options);
  if (!reader.accept("INSERT") && !reader.accept("REPLACE")) return std::nullopt;
  while (reader.accept("LOW_PRIORITY") || reader.accept("DELAYED") ||
         reader.accept("HIGH_PRIORITY") || reader.accept("IGNORE")) {
  }
  if (reader.accept("OR")) reader.skip();
  (void)reader.accept("INTO");
  InsertTarget target;
  if (!read_name(reader, target) || !read_columns(reader, target)) return std::nullopt;
  target.values_begin = reader.index();
  target.has_returning = std::any_of(tokens.begin(), tokens.end(), [&](const Token& token) {
    return token.kind == TokenKind::kWord && same_name(raw(text, token), "RETURNING");
  });
  return target;
}

std::vector<size_t> empty_values(std::string_view text, std::span<const Token> tokens,
                                 LexOptions options, const InsertTarget& target, size_t column) {
  std::vector<size_t> found;
  TokenReader reader(text, tokens, options);
  reader.seek(target.values_begin);
  if (!reader.accept("VALUES") && !reader.accept("VALUE")) return found;
  while (reader.accept("(")) {
    size_t depth = 1;
    size_t at = 0;  // which value
    for (; depth > 0 && !reader.done(); reader.skip()) {
      const auto before = raw(text, tokens[reader.index() - 1]);
      const bool begins = depth == 1 && at == column && (before == "(" || before == ",");
      const bool ends = reader.at(",", 1) || reader.at(")", 1);
      const bool empty = reader.at("NULL") || reader.raw_at() == "0";
      if (begins && ends && empty) found.push_back(reader.index());
      if (reader.at("(")) ++depth;
      if (reader.at(")")) --depth;
      if (depth == 1 && reader.at(",")) ++at;
    }
    if (!reader.accept(",")) break;
  }
  return found;
}

}  // namespace millrace::sql
