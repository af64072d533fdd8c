#include "sql/operands.h"

#include <array>

#include "sql/keywords.h"

namespace millrace::sql {
namespace {

/// Words that may stand before a parenthesis and do not call what is in it.
constexpr auto kBeforeParentheses = std::to_array<std::string_view>(
    {"ALL",   "AND",    "ANY", "AS",   "BETWEEN", "BY",    "CASE",  "DISTINCT", "DIV", "ELSE",
     "FROM",  "HAVING", "IN",  "IS",   "LIKE",    "LIMIT", "NOT",   "ON",       "OR",  "REGEXP",
     "RLIKE", "SELECT", "SET", "THEN", "USING",   "WHEN",  "WHERE", "XOR"});
/// Behind a call these say which rows it is about.
constexpr auto kOfRows = std::to_array<std::string_view>({"OVER", "FILTER"});
/// Before a text these say what it is.
constexpr auto kTyping = std::to_array<std::string_view>({"DATE", "TIME", "TIMESTAMP"});

}  // namespace

bool Operands::after_operand(size_t i) const {
  return i > 0 && ends_operand(text_, at(i - 1));
}

size_t Operands::last_separator(size_t open) const {
  int depth = 0;
  size_t found = 0;
  for (size_t k = open; at(k).kind != TokenKind::kEnd; ++k) {
    if (is(k, "(") || is(k, "[")) ++depth;
    if ((is(k, ")") || is(k, "]")) && --depth == 0) return found;
    if (depth == 1 && (is(k, ",") || is(k, "USING"))) found = k;
  }
  return 0;
}

size_t Operands::closing(size_t open) const {
  const size_t found = close_of(open);
  return found == 0 ? open : found;
}

size_t Operands::open_of(size_t close) const {
  int depth = 0;
  for (size_t k = close + 1; k-- > 0;) {
    if (is(k, ")") || is(k, "]")) ++depth;
    if ((is(k, "(") || is(k, "[")) && --depth == 0) return k;
  }
  return close;
}

size_t Operands::close_of(size_t open) const {
  int depth = 0;
  for (size_t k = open; at(k).kind != TokenKind::kEnd; ++k) {
    if (is(k, "(") || is(k, "[")) ++depth;
    if ((is(k, ")") || is(k, "]")) && --depth == 0) return k;
  }
  return 0;
}

size_t Operands::case_end(size_t begin) const {
  int open = 0;
  for (size_t k = begin; at(k).kind != TokenKind::kEnd; ++k) {
    if (is(k - 1, ".")) continue;
    if (is(k, "CASE")) ++open;
    if (is(k, "END") && --open == 0) return k + 1;
  }
  return begin;
}

size_t Operands::operand_begin(size_t end) const {
  if (!after_operand(end)) return end;
  const size_t begin = primary_begin(end);
  if (begin == end || (!is(begin - 1, "::") && !is(begin - 1, ":>"))) return begin;
  return operand_begin(is_forced_cast(begin - 2) ? begin - 2 : begin - 1);
}

size_t Operands::primary_begin(size_t end) const {
  size_t begin = end - 1;
  if (is(begin, "END") && !is(begin - 1, ".")) {
    int open = 0;
    for (size_t k = end; k-- > 0;) {
      if (is(k, "END")) ++open;
      if (is(k, "CASE") && --open == 0) return k;
    }
  }
  if (is(begin, ")") || is(begin, "]")) {
    const bool element = is(begin, "]");
    const size_t open = open_of(begin);
    if (open == begin) return end;
    begin = open;
    if (element && after_operand(begin)) return operand_begin(begin);
    if (!element && is_any(begin - 1, kOfRows) && after_operand(begin - 1))
      return operand_begin(begin - 1);
    if (!element && begin > 0 && is_name(at(begin - 1)) && !is_any(begin - 1, kBeforeParentheses))
      --begin;
  } else if (is_any(begin - 1, kOfRows) && is(begin - 2, ")")) {
    return operand_begin(begin - 1);
  }
  while (at(begin).kind == TokenKind::kString && at(begin - 1).kind == TokenKind::kString) --begin;
  if (at(begin).kind == TokenKind::kString && is_any(begin - 1, kTyping)) --begin;
  while (begin >= 2 && is(begin - 1, ".") && is_name(at(begin - 2))) begin -= 2;
  // A member of what a call gave: predict('m', t).probability.
  const bool member =
      begin >= 2 && is(begin - 1, ".") && (is(begin - 2, ")") || is(begin - 2, "]"));
  return member ? operand_begin(begin - 1) : begin;
}

size_t Operands::primary_end(size_t begin) const {
  if (is(begin, "(")) return std::max(close_of(begin) + 1, begin);
  if (is(begin, "CASE")) return case_end(begin);
  size_t end = begin;
  if (is_any(begin, kTyping) && at(begin + 1).kind == TokenKind::kString) ++end;
  while (at(end).kind == TokenKind::kString) ++end;
  if (end > begin) return end;
  if (is(begin, "?") || !is_name(at(begin))) {
    const TokenKind kind = at(begin).kind;
    const bool value = is(begin, "?") || kind == TokenKind::kNumber ||
                       kind == TokenKind::kVariable || kind == TokenKind::kSystemVariable;
    return value ? begin + 1 : begin;
  }
  end = begin + 1;
  while (is(end, ".") && is_name(at(end + 1))) end += 2;
  if (!is(end, "(")) return end;
  end = std::max(close_of(end), end) + 1;
  while (is_any(end, kOfRows)) {
    const size_t behind = is(end + 1, "(") ? closing(end + 1) + 1 : end + 2;
    end = std::min(behind, tokens_.size() - 1);
  }
  return end;
}

size_t Operands::operand_end(size_t begin) const {
  size_t end = primary_end(begin);
  while (end > begin) {
    if (is(end, "[") && close_of(end) > 0)
      end = close_of(end) + 1;
    else if (is(end, "::") || is(end, ":>"))
      end = type_end(end + 1);
    else if (is_forced_cast(end))
      end = type_end(end + 2);
    else if (is(end, ".") && is_name(at(end + 1)))
      end = is(end + 2, "(") ? closing(end + 2) + 1 : end + 2;
    else
      break;
  }
  return end;
}

size_t Operands::type_end(size_t begin) const {
  if (is(begin + 1, "(")) return std::max(close_of(begin + 1), begin) + 1;
  const bool whole = is(begin + 1, "INTEGER") || is(begin + 1, "INT");
  return whole && (is(begin, "SIGNED") || is(begin, "UNSIGNED")) ? begin + 2 : begin + 1;
}

}  // namespace millrace::sql
