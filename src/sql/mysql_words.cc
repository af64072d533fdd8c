#include "sql/mysql_words.h"

#include <algorithm>
#include <array>
#include <utility>

#include "data/schema.h"
#include "sql/keywords.h"
#include "sql/quote.h"

namespace millrace::sql {
namespace {

constexpr auto kArithmetic =
    std::to_array<std::string_view>({"+", "-", "*", "/", "%", "^", "DIV", "MOD"});
constexpr auto kOfBits = std::to_array<std::string_view>({"&", "|", "<<", ">>"});
constexpr auto kComparisons =
    std::to_array<std::string_view>({"=", "<", ">", "<=", ">=", "<>", "!=", "<=>", "=="});
/// Their first argument is a number.
constexpr auto kOfNumbers = std::to_array<std::string_view>(
    {"ABS",   "CEIL",  "CEILING", "COS",   "EXP",  "FLOOR", "GREATEST",
     "LEAST", "LN",    "LOG",     "LOG10", "LOG2", "MOD",   "POW",
     "POWER", "ROUND", "SIGN",    "SIN",   "SQRT", "TAN",   "FROM_UNIXTIME"});
/// Their first argument is a time.
constexpr auto kOfTimes = std::to_array<std::string_view>(
    {"DATE_ADD", "DAY", "DAYNAME", "DAYOFMONTH", "DAYOFWEEK", "DAYOFYEAR", "HOUR", "LAST_DAY",
     "MICROSECOND", "MINUTE", "MONTH", "MONTHNAME", "QUARTER", "SECOND", "WEEK", "WEEKOFYEAR",
     "YEAR"});
/// Words that may stand before a parenthesis and do not call what is in it.
constexpr auto kBeforeParentheses = std::to_array<std::string_view>(
    {"ALL",   "AND",    "ANY", "AS",   "BETWEEN", "BY",    "CASE",  "DISTINCT", "DIV", "ELSE",
     "FROM",  "HAVING", "IN",  "IS",   "LIKE",    "LIMIT", "NOT",   "ON",       "OR",  "REGEXP",
     "RLIKE", "SELECT", "SET", "THEN", "USING",   "WHEN",  "WHERE", "XOR"});
/// Types whose default is '', and those that have none.
constexpr auto kTexts =
    std::to_array<std::string_view>({"BINARY", "BLOB", "CHAR", "LONGBLOB", "LONGTEXT", "MEDIUMTEXT",
                                     "STRING", "TEXT", "TINYTEXT", "VARBINARY", "VARCHAR"});
constexpr auto kMoments = std::to_array<std::string_view>(
    {"DATE", "DATETIME", "INTERVAL", "JSON", "TIME", "TIMESTAMP", "UUID"});
/// Which is NULL when one of its is.
constexpr std::string_view kConcat = "millrace_internal.concat(";
/// Functions of nothing.
struct OfNow {
  std::string_view name;
  bool bare;    // without parentheses, too
  bool digits;  // of a second, which may be written
  std::string_view sql;
};
constexpr std::string_view kToday = "current_date";
constexpr std::string_view kTime = "CAST(CAST(now() AS TIMESTAMP) AS TIME)";
constexpr std::string_view kMoment = "CAST(now() AS TIMESTAMP)";
constexpr auto kOfNow = std::to_array<OfNow>({
    {"CURDATE", false, false, kToday},
    {"CURRENT_DATE", true, false, kToday},
    {"UTC_DATE", false, false, kToday},
    {"CURTIME", false, true, kTime},
    {"CURRENT_TIME", true, true, kTime},
    {"UTC_TIME", false, true, kTime},
    {"NOW", false, true, kMoment},
    {"CURRENT_TIMESTAMP", true, true, kMoment},
    {"LOCALTIME", true, true, kMoment},
    {"LOCALTIMESTAMP", true, true, kMoment},
    {"SYSDATE", false, true, kMoment},
    {"UTC_TIMESTAMP", false, true, kMoment},
    {"RAND", false, false, "random()"},
    {"UNIX_TIMESTAMP", false, false, "CAST(floor(epoch(now())) AS BIGINT)"},
});
/// @variables that are no text.
constexpr auto kOfModels = std::to_array<std::string_view>(
    {"class_id", "model_version", "prediction", "probability", "probabilities", "logits"});

/// MySQL's format of a time as C's. There %M is a month's name, and minutes are %i.
std::string c_format(std::string_view format) {
  static constexpr auto kOthers =
      std::to_array<std::pair<char, std::string_view>>({{'M', "%B"},
                                                        {'W', "%A"},
                                                        {'i', "%M"},
                                                        {'s', "%S"},
                                                        {'h', "%I"},
                                                        {'T', "%H:%M:%S"},
                                                        {'r', "%I:%M:%S %p"},
                                                        {'c', "%-m"},
                                                        {'e', "%-d"},
                                                        {'k', "%-H"},
                                                        {'l', "%-I"},
                                                        {'v', "%V"},
                                                        {'x', "%G"}});
  std::string result;
  for (size_t i = 0; i < format.size(); ++i) {
    const bool code = format[i] == '%' && i + 1 < format.size();
    const auto other = std::find_if(kOthers.begin(), kOthers.end(), [&](const auto& one) {
      return code && one.first == format[i + 1];
    });
    if (other != kOthers.end())
      result += other->second;
    else
      result += format.substr(i, code ? 2 : 1);
    i += code;
  }
  return result;
}

class Rewriter {
 public:
  Rewriter(std::string_view text, std::span<const Token> tokens, LexOptions options,
           RewriteFor what)
      : text_(text), tokens_(tokens), options_(options), what_(what) {}

  std::vector<Rewrite> run() {
    for (size_t i = 0; i < tokens_.size(); ++i) {
      const TokenKind kind = tokens_[i].kind;
      if (kind == TokenKind::kVariable && what_ == RewriteFor::kPipeline) variable(i);
      if (kind == TokenKind::kOperator && is(i, ":>")) cast_operator(i);
      if (kind == TokenKind::kOperator && is_forced_cast(i)) forced_cast(i);
      if (kind == TokenKind::kOperator && is(i, "&&") && after_operand(i)) add(i, 1, " AND ");
      if (kind == TokenKind::kOperator && is(i, "||") && !options_.pipes_as_concat) pipes(i);
      if (kind == TokenKind::kString) date(i);
      if (kind != TokenKind::kWord || is(i - 1, ".")) continue;
      now(i);
      if (is(i + 1, "(")) call(i);
      if (is(i, "WITH") && is(i + 1, "ROLLUP")) rollup(i);
      if ((is(i, "USE") || is(i, "FORCE") || is(i, "IGNORE")) && i > 0) index_hint(i);
      if (is(i, "DIV") && after_operand(i)) add(i, 1, "//");
      if (is(i, "MOD") && after_operand(i)) add(i, 1, "%");
      if (is(i, "REGEXP") || is(i, "RLIKE")) regexp(i);
    }
    std::stable_sort(found_.begin(), found_.end(), [](const Rewrite& a, const Rewrite& b) {
      return std::pair(a.token, a.count > 0) < std::pair(b.token, b.count > 0);
    });
    // Of two that meet, as only nonsense makes them, the first stays.
    size_t end = 0;
    std::erase_if(found_, [&](const Rewrite& one) {
      const bool meets = one.token < end;
      if (!meets) end = std::max(end, one.token + one.count);
      return meets;
    });
    return std::move(found_);
  }

 private:
  /// Beyond both ends stands kEnd.
  const Token& at(size_t i) const { return i < tokens_.size() ? tokens_[i] : kNone; }
  bool is(size_t i, std::string_view word) const {
    const Token& token = at(i);
    return (token.kind == TokenKind::kWord || token.kind == TokenKind::kOperator) &&
           same_name(raw(text_, token), word);
  }
  template <class Words>
  bool is_any(size_t i, const Words& words) const {
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return is(i, word); });
  }
  /// A number, with a sign or without.
  bool is_number(size_t i) const {
    return at(i).kind == TokenKind::kNumber || (is(i, "-") && at(i + 1).kind == TokenKind::kNumber);
  }
  bool after_operand(size_t i) const { return i > 0 && ends_operand(text_, at(i - 1)); }
  void add(size_t token, size_t count, std::string sql) {
    found_.push_back({token, count, std::move(sql)});
  }

  bool is_forced_cast(size_t i) const { return is(i, "!") && is(i + 1, ":>"); }

  size_t last_separator(size_t open) const;
  size_t open_of(size_t close) const;
  size_t close_of(size_t open) const;
  size_t operand_begin(size_t end) const;
  size_t operand_end(size_t begin) const;
  size_t primary_end(size_t begin) const;
  size_t type_end(size_t begin) const;
  std::string type_at(size_t begin) const;
  void forced_cast(size_t i);
  size_t closing(size_t open) const;
  void now(size_t i);
  void call(size_t i);
  void group_concat(size_t i);
  void rollup(size_t i);
  void index_hint(size_t i);
  void pipes(size_t i);
  void date(size_t i);
  void convert(size_t i);
  void format(size_t i);
  void regexp(size_t i);
  void cast_operator(size_t i);
  void type(size_t i);
  void variable(size_t i);
  std::string_view meant(size_t i) const;
  bool is_compared(size_t i) const;

  static constexpr Token kNone{};
  const std::string_view text_;
  const std::span<const Token> tokens_;
  const LexOptions options_;
  const RewriteFor what_;
  std::vector<Rewrite> found_;
};

/// Behind a type: DECIMAL(10, 2), SIGNED INTEGER.
size_t Rewriter::type_end(size_t begin) const {
  if (is(begin + 1, "(")) return std::max(close_of(begin + 1), begin) + 1;
  const bool whole = is(begin + 1, "INTEGER") || is(begin + 1, "INT");
  return whole && (is(begin, "SIGNED") || is(begin, "UNSIGNED")) ? begin + 2 : begin + 1;
}

/// What the store calls a type of MySQL's; empty: the same.
std::string Rewriter::type_at(size_t begin) const {
  if (is(begin, "SIGNED")) return "BIGINT";
  if (is(begin, "UNSIGNED")) return "UBIGINT";
  if (is(begin, "CHAR")) return "VARCHAR";
  if (is(begin, "BINARY")) return "BLOB";
  if (is(begin, "DATETIME") || is(begin, "TIMESTAMP")) return "TIMESTAMP";
  return {};
}

void Rewriter::type(size_t i) {
  if (auto known = type_at(i); !known.empty()) add(i, type_end(i) - i, std::move(known));
}

/// The last comma or USING between the parenthesis at `open` and its counterpart; 0: none.
size_t Rewriter::last_separator(size_t open) const {
  int depth = 0;
  size_t found = 0;
  for (size_t k = open; at(k).kind != TokenKind::kEnd; ++k) {
    if (is(k, "(") || is(k, "[")) ++depth;
    if ((is(k, ")") || is(k, "]")) && --depth == 0) return found;
    if (depth == 1 && (is(k, ",") || is(k, "USING"))) found = k;
  }
  return 0;
}

/// The parenthesis that closes the one at `open`; `open` when there is none.
size_t Rewriter::closing(size_t open) const {
  const size_t found = close_of(open);
  return found == 0 ? open : found;
}

/// NOW, NOW() and NOW(6), of which microseconds are what there is. MySQL's have no time zone.
void Rewriter::now(size_t i) {
  const auto function = std::find_if(kOfNow.begin(), kOfNow.end(),
                                     [&](const auto& known) { return is(i, known.name); });
  if (function == kOfNow.end()) return;
  const bool digits = at(i + 2).kind == TokenKind::kNumber && is(i + 3, ")");
  if (!is(i + 1, "(")) {
    if (function->bare) add(i, 1, std::string(function->sql));
  } else if (is(i + 2, ")")) {
    add(i, 3, std::string(function->sql));
  } else if (function->digits && digits) {
    add(i, 4, std::string(function->sql));
  }
}

void Rewriter::call(size_t i) {
  if (is(i, "CONVERT")) convert(i);
  if (is(i, "STR_TO_DATE") || is(i, "DATE_FORMAT")) format(i);
  if (is(i, "GROUP_CONCAT")) group_concat(i);
  const bool of_days = is(i, "ADDDATE") || is(i, "SUBDATE");
  if (const size_t comma = of_days ? last_separator(i + 1) : 0;
      is(comma, ",") && !is(comma + 1, "INTERVAL"))
    add(i, 1, is(i, "ADDDATE") ? "millrace_internal.add_days" : "millrace_internal.subtract_days");
  const bool has_unit = is(i, "TIMESTAMPDIFF") || is(i, "TIMESTAMPADD");
  if (has_unit && at(i + 2).kind == TokenKind::kWord)
    add(i + 2, 1, quoted_text(to_lower(raw(text_, at(i + 2)))));
  const size_t between = is(i, "FROM_UNIXTIME") ? last_separator(i + 1) : 0;
  if (is(between, ",") && at(between + 1).kind == TokenKind::kString && is(between + 2, ")"))
    add(between + 1, 1, quoted_text(c_format(value_of(text_, at(between + 1), options_))));
}

/// GROUP_CONCAT([DISTINCT] x[, y ...] [ORDER BY ...] [SEPARATOR 's']): several are one text, and
/// the store has the separator in the second place.
void Rewriter::group_concat(size_t i) {
  const size_t end = closing(i + 1);
  const size_t begin = is(i + 2, "DISTINCT") ? i + 3 : i + 2;
  size_t order = 0;
  size_t separator = 0;
  bool several = false;
  for (size_t k = begin; k < end; ++k) {
    if (is(k, "(")) k = closing(k);
    if (is(k, "ORDER") && is(k + 1, "BY")) order = k;
    if (is(k, "SEPARATOR") && at(k + 1).kind == TokenKind::kString && k + 2 == end) separator = k;
    several = several || (is(k, ",") && order == 0 && separator == 0);
  }
  if (separator == 0 && !several) return;
  if (several) add(begin - 1, 1, (begin == i + 2 ? "(" : "DISTINCT ") + std::string(kConcat));
  const std::string mark =
      separator == 0 ? "','" : quoted_text(value_of(text_, at(separator + 1), options_));
  const std::string behind = (several ? ")" : "") + std::string(", ") + mark;
  if (order != 0) {
    add(order, 1, behind + " ORDER");
    if (separator != 0) add(separator, 2, "");
  } else if (separator != 0) {
    add(separator, 2, behind);
  } else {
    add(end, 1, behind + ")");
  }
}

/// GROUP BY a, b WITH ROLLUP
void Rewriter::rollup(size_t i) {
  int depth = 0;
  for (size_t k = i; k-- > 1;) {
    if (is(k, ")")) ++depth;
    if (is(k, "(") && --depth < 0) return;
    if (depth != 0 || !is(k, "BY") || !is(k - 1, "GROUP")) continue;
    add(k, 1, "BY ROLLUP (");
    add(i, 2, ")");
    return;
  }
}

/// || is OR where sql_mode has no PIPES_AS_CONCAT.
void Rewriter::pipes(size_t i) {
  const char* const before = i > 0 && at(i - 1).end == at(i).begin ? " " : "";
  const char* const behind = at(i).end == at(i + 1).begin ? " " : "";
  add(i, 1, std::string(before) + "OR" + behind);
}

/// {USE | FORCE | IGNORE} {INDEX | KEY} [FOR ...] (a, b): the store chooses by itself.
void Rewriter::index_hint(size_t i) {
  if (!after_operand(i) || !(is(i + 1, "INDEX") || is(i + 1, "KEY"))) return;
  size_t open = i + 2;
  if (is(open, "FOR")) open += is(open + 1, "JOIN") ? size_t{2} : size_t{3};
  if (is(open, "(") && closing(open) != open) add(i, closing(open) + 1 - i, "");
}

/// A text where a date or a time must stand: the store finds no function for it.
void Rewriter::date(size_t i) {
  const bool alone = is(i - 1, "(") && is(i + 1, ")") && is_any(i - 2, kOfTimes);
  const bool extracted = is(i - 1, "FROM") && is(i - 3, "(") && is(i - 4, "EXTRACT");
  const bool moved = (is(i + 1, "+") || is(i + 1, "-")) && is(i + 2, "INTERVAL");
  if (!alone && !extracted && !moved) return;
  const std::string value = value_of(text_, at(i), options_);
  const bool of_day = value.find(':') != std::string::npos && value.find('-') == std::string::npos;
  add(i, 1, "CAST(" + quoted_text(value) + (of_day ? " AS TIME)" : " AS TIMESTAMP)"));
}

/// CONVERT(x, TYPE) and CONVERT(x USING utf8mb4).
void Rewriter::convert(size_t i) {
  const size_t between = last_separator(i + 1);
  if (between == 0) return;
  add(i, 1, "CAST");
  add(between, 1, is(between, ",") ? " AS" : "AS");
  if (is(between, "USING"))
    add(between + 1, 1, "VARCHAR");
  else
    type(between + 1);
}

/// STR_TO_DATE(x, 'format'), NULL for what is none, and DATE_FORMAT(x, 'format'). The store wants a
/// format that is written out.
void Rewriter::format(size_t i) {
  const size_t between = last_separator(i + 1);
  if (!is(between, ",") || at(between + 1).kind != TokenKind::kString || !is(between + 2, ")"))
    return;
  const bool reads = is(i, "STR_TO_DATE");
  add(i, 1, reads ? "try_strptime" : "strftime");
  if (!reads) {
    add(i + 1, 1, "(CAST(");
    add(between, 1, " AS TIMESTAMP),");
  }
  add(between + 1, 1, quoted_text(c_format(value_of(text_, at(between + 1), options_))));
}

/// x :> TYPE
void Rewriter::cast_operator(size_t i) {
  add(i, 1, "::");
  type(i + 1);
}

/// The parenthesis that `close` closes; `close` itself: none.
size_t Rewriter::open_of(size_t close) const {
  int depth = 0;
  for (size_t k = close + 1; k-- > 0;) {
    if (is(k, ")") || is(k, "]")) ++depth;
    if ((is(k, "(") || is(k, "[")) && --depth == 0) return k;
  }
  return close;
}

/// 0: none.
size_t Rewriter::close_of(size_t open) const {
  int depth = 0;
  for (size_t k = open; at(k).kind != TokenKind::kEnd; ++k) {
    if (is(k, "(") || is(k, "[")) ++depth;
    if ((is(k, ")") || is(k, "]")) && --depth == 0) return k;
  }
  return 0;
}

/// Where the operand begins that ends before `end`, as far as a cast binds: a literal, a name, a
/// call, what is in parentheses; their elements; casts of them. `end`: there is none.
size_t Rewriter::operand_begin(size_t end) const {
  if (!after_operand(end)) return end;
  size_t begin = end - 1;
  if (is(begin, ")") || is(begin, "]")) {
    const bool element = is(begin, "]");
    const size_t open = open_of(begin);
    if (open == begin) return end;
    begin = open;
    if (element && after_operand(begin)) return operand_begin(begin);
    if (!element && begin > 0 && is_name(at(begin - 1)) && !is_any(begin - 1, kBeforeParentheses))
      --begin;
  }
  while (at(begin).kind == TokenKind::kString && at(begin - 1).kind == TokenKind::kString) --begin;
  while (begin >= 2 && is(begin - 1, ".") && is_name(at(begin - 2))) begin -= 2;
  if (!is(begin - 1, "::") && !is(begin - 1, ":>")) return begin;
  return operand_begin(is_forced_cast(begin - 2) ? begin - 2 : begin - 1);
}

size_t Rewriter::primary_end(size_t begin) const {
  if (is(begin, "(")) return std::max(close_of(begin) + 1, begin);
  size_t end = begin;
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
  return is(end, "(") ? std::max(close_of(end), end) + 1 : end;
}

/// Behind the operand that begins there; `begin`: there is none.
size_t Rewriter::operand_end(size_t begin) const {
  size_t end = primary_end(begin);
  while (end > begin) {
    if (is(end, "[") && close_of(end) > 0)
      end = close_of(end) + 1;
    else if (is(end, "::") || is(end, ":>"))
      end = type_end(end + 1);
    else if (is_forced_cast(end))
      end = type_end(end + 2);
    else
      break;
  }
  return end;
}

/// x !:> TYPE: what cannot be cast is the type's default. MySQL's zero of a date is none here.
void Rewriter::forced_cast(size_t i) {
  const size_t begin = operand_begin(i);
  if (begin == i || !is_name(at(i + 2))) return;
  const size_t end = type_end(i + 2);
  std::string type = type_at(i + 2);
  if (type.empty()) type = text_.substr(at(i + 2).begin, at(end - 1).end - at(i + 2).begin);
  const char* const zero = is_any(i + 2, kTexts) ? "''" : is_any(i + 2, kMoments) ? "NULL" : "0";
  add(begin, 0, "millrace_internal.forced(");
  add(i, end - i, ", CAST(" + std::string(zero) + " AS " + type + "))");
}

/// The store's ~ asks of a text's whole, and here a part is enough.
void Rewriter::regexp(size_t i) {
  const bool negated = is(i - 1, "NOT");
  const size_t first = negated ? i - 1 : i;
  if (!after_operand(first)) return;
  const size_t end = operand_end(i + 1);
  if (end == i + 1) return;
  if (at(i + 1).kind != TokenKind::kString || end > i + 2) {
    add(first, negated ? 2 : 1, negated ? "!~ ('(?s).*(?:' ||" : "~ ('(?s).*(?:' ||");
    return add(end, 0, " || ').*')");
  }
  const std::string pattern = "(?s).*(?:" + value_of(text_, at(i + 1), options_) + ").*";
  add(first, negated ? 3 : 2, (negated ? "!~ " : "~ ") + quoted_text(pattern));
}

/// With a number; between two variables texts are compared.
bool Rewriter::is_compared(size_t i) const {
  if (is_any(i + 1, kComparisons) && is_number(i + 2)) return true;
  if (is_any(i - 1, kComparisons) && at(i - 2).kind == TokenKind::kNumber) return true;
  const size_t behind = is(i + 1, "NOT") ? i + 2 : i + 1;
  if (is(behind, "BETWEEN")) return is_number(behind + 1);
  return is(behind, "IN") && is(behind + 1, "(") && is_number(behind + 2);
}

/// The type that is meant by what stands beside variable i; empty: any.
std::string_view Rewriter::meant(size_t i) const {
  if (is_any(i + 1, kArithmetic))
    return is(i + 2, "INTERVAL") && !is_number(i + 2) ? "TIMESTAMP" : "DOUBLE";
  if (is_any(i - 1, kArithmetic)) return "DOUBLE";
  if (is_any(i + 1, kOfBits) || is_any(i - 1, kOfBits)) return "BIGINT";
  const bool is_first = is(i - 1, "(") && at(i - 2).kind == TokenKind::kWord;
  if (is_first && is_any(i - 2, kOfNumbers)) return "DOUBLE";
  if (is_first && is_any(i - 2, kOfTimes)) return "TIMESTAMP";
  return {};
}

/// A field that is empty is no number, and NULL as it is in a column of numbers. In arithmetic what
/// is none makes the row a reject; it is equal to no number, and neither above nor below one.
void Rewriter::variable(size_t i) {
  const std::string name = value_of(text_, at(i), options_);
  const bool is_text = !name.starts_with(':') && !is_one_of(name, kOfModels);
  if (!is_text || is(i + 1, "[") || is(i + 1, ".") || is(i + 1, "::") || is(i + 1, ":>") ||
      is_forced_cast(i + 1))
    return;
  const std::string value = "nullif(CAST(" + quoted_name("@" + name) + " AS VARCHAR), '')";
  if (const auto type = meant(i); !type.empty())
    return add(i, 1, "CAST(" + value + " AS " + std::string(type) + ")");
  if (is_compared(i)) return add(i, 1, "TRY_CAST(" + value + " AS DOUBLE)");
  // IFNULL(@v, 0): the one that takes the variable's place is text, too.
  const bool falls_back = is(i - 1, "(") && (is(i - 2, "IFNULL") || is(i - 2, "COALESCE"));
  const size_t sign = is(i + 2, "-") ? 1 : 0;
  if (falls_back && is(i + 1, ",") && is_number(i + 2) && is(i + 3 + sign, ")"))
    add(i + 2, 1 + sign,
        quoted_text((sign != 0 ? "-" : "") + std::string(raw(text_, at(i + 2 + sign)))));
}

}  // namespace

std::vector<Rewrite> rewrites(std::string_view text, std::span<const Token> tokens,
                              LexOptions options, RewriteFor what) {
  return Rewriter(text, tokens, options, what).run();
}

}  // namespace millrace::sql
