#include "sql/plain_having.h"

#include <algorithm>
#include <array>

#include "data/schema.h"

namespace millrace::sql {
namespace {

constexpr auto kAggregates = std::to_array<std::string_view>(
    {"COUNT", "SUM", "AVG", "MIN", "MAX", "GROUP_CONCAT", "STDDEV", "VARIANCE"});

}  // namespace

std::optional<PlainHaving> plain_having(std::string_view text, std::span<const Token> tokens) {
  const auto is = [&](size_t i, std::string_view word) {
    return i < tokens.size() && tokens[i].kind != TokenKind::kString &&
           same_name(raw(text, tokens[i]), word);
  };
  if (!is(0, "SELECT")) return std::nullopt;
  std::optional<PlainHaving> found;
  int depth = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (is(i, "(")) ++depth;
    if (is(i, ")")) --depth;
    const bool aggregate = is(i + 1, "(") && std::any_of(kAggregates.begin(), kAggregates.end(),
                                                         [&](auto name) { return is(i, name); });
    if (found && found->order == 0 && aggregate) return std::nullopt;
    if (depth > 0) continue;
    // A member may be called like a clause: t.having
    if (i > 0 && is(i - 1, ".")) continue;
    if (is(i, "UNION") || is(i, "EXCEPT") || is(i, "INTERSECT")) return std::nullopt;
    if (is(i, "GROUP") && is(i + 1, "BY")) return std::nullopt;
    if (is(i, "HAVING")) found = PlainHaving{i, 0, 0};
    if (!found || found->end != 0) continue;
    if (is(i, "ORDER") && is(i + 1, "BY")) found->order = i;
    if (is(i, "LIMIT") || tokens[i].kind == TokenKind::kEnd) found->end = i;
  }
  if (found && found->end == 0) return std::nullopt;  // its parentheses do not match
  if (found && found->order == 0) found->order = found->end;
  return found;
}

}  // namespace millrace::sql
