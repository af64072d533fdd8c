#include "sql/keywords.h"

#include <algorithm>
#include <array>

#include "data/schema.h"

namespace millrace::sql {
namespace {

constexpr auto kReserved = std::to_array<std::string_view>(
    {"ALL",     "AND",    "ANY",      "AS",        "ASC",      "BETWEEN", "BOTH",   "BY",
     "CASE",    "CAST",   "CHECK",    "COLLATE",   "COLUMN",   "CREATE",  "CROSS",  "DEFAULT",
     "DELETE",  "DESC",   "DISTINCT", "DIV",       "DROP",     "ELSE",    "END",    "EXCEPT",
     "EXISTS",  "FALSE",  "FILTER",   "FROM",      "FULL",     "GROUP",   "HAVING", "ILIKE",
     "IN",      "INNER",  "INSERT",   "INTERSECT", "INTERVAL", "INTO",    "IS",     "JOIN",
     "LEADING", "LEFT",   "LIKE",     "LIMIT",     "NATURAL",  "NOT",     "NULL",   "OFFSET",
     "ON",      "OR",     "ORDER",    "OUTER",     "OVER",     "QUALIFY", "REGEXP", "RIGHT",
     "RLIKE",   "SELECT", "SET",      "THEN",      "TRAILING", "TRUE",    "UNION",  "USING",
     "VALUES",  "WHEN",   "WHERE",    "WINDOW"});

/// Reserved, and yet the end of an operand.
constexpr auto kValues =
    std::to_array<std::string_view>({"DEFAULT", "END", "FALSE", "NULL", "TRUE"});

}  // namespace

bool is_reserved(std::string_view word) {
  return is_one_of(word, kReserved);
}

bool ends_operand(std::string_view text, const Token& token) {
  const auto word = raw(text, token);
  switch (token.kind) {
    case TokenKind::kEnd:
      return false;
    case TokenKind::kOperator:
      return word == ")" || word == "]" || word == "}";
    case TokenKind::kWord:
      return !is_reserved(word) ||
             std::any_of(kValues.begin(), kValues.end(),
                         [&](std::string_view value) { return same_name(value, word); });
    default:
      return true;
  }
}

const std::vector<std::string_view>& statement_words() {
  static const std::vector<std::string_view> words{
      "ALTER",    "ANALYZE",  "ATTACH",   "BEGIN",   "CALL",      "CHECK",     "CHECKPOINT",
      "CLASSIFY", "CLEAR",    "COMMENT",  "COMMIT",  "COPY",      "CREATE",    "DEALLOCATE",
      "DELETE",   "DESC",     "DESCRIBE", "DETACH",  "DO",        "DROP",      "EVALUATE",
      "EXECUTE",  "EXPLAIN",  "EXPORT",   "EXTRACT", "FLUSH",     "FORCE",     "FROM",
      "GRANT",    "IMPORT",   "INSERT",   "INSTALL", "KILL",      "LOAD",      "LOCK",
      "MERGE",    "PIVOT",    "PRAGMA",   "PREPARE", "PROFILE",   "RELEASE",   "REPLACE",
      "RESET",    "RESTORE",  "RETRY",    "REVOKE",  "ROLLBACK",  "SAVEPOINT", "SELECT",
      "SET",      "SHOW",     "START",    "STOP",    "SUMMARIZE", "TABLE",     "TEST",
      "TRAIN",    "TRUNCATE", "UNLOCK",   "UNPIVOT", "UPDATE",    "USE",       "VACUUM",
      "VALUES",   "WITH"};
  return words;
}

}  // namespace millrace::sql
