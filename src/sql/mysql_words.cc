#include "sql/mysql_words.h"

#include <algorithm>
#include <array>
#include <utility>

#include "data/schema.h"
#include "sql/keywords.h"
#include "sql/quote.h"
#include "sql/text_numbers.h"

namespace millrace::sql {
namespace {

constexpr auto kOfBits = std::to_array<std::string_view>({"&", "|", "<<", ">>"});
/// Their first argument is a time.
constexpr auto kOfTimes = std::to_array<std::string_view>(
    {"DATE_ADD", "DAY", "DAYNAME", "DAYOFMONTH", "DAYOFWEEK", "DAYOFYEAR", "HOUR", "LAST_DAY",
     "MICROSECOND", "MINUTE", "MONTH", "MONTHNAME", "QUARTER", "SECOND", "WEEK", "WEEKOFYEAR",
     "YEAR"});
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

class Rewriter : private Operands {
 public:
  Rewriter(std::string_view text, std::span<const Token> tokens, LexOptions options,
           RewriteFor what)
      : Operands(text, tokens), text_(text), tokens_(tokens), options_(options), what_(what) {}

  std::vector<Rewrite> run() {
    if (what_ != RewriteFor::kSession || divides())
      text_numbers(text_, tokens_, options_,
                   what_ == RewriteFor::kNumbers    ? NumbersOf::kAll
                   : what_ == RewriteFor::kPipeline ? NumbersOf::kVariables
                                                    : NumbersOf::kNone,
                   found_);
    for (size_t i = 0; i < size(); ++i) {
      const TokenKind kind = at(i).kind;
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
      // Where what is around it was not understood.
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
  void add(size_t token, size_t count, std::string sql) {
    found_.push_back({token, count, std::move(sql)});
  }

  bool divides() const {
    for (size_t i = 0; i < size(); ++i) {
      if (is(i, "DIV")) return true;
    }
    return false;
  }
  std::string type_at(size_t begin) const;
  void forced_cast(size_t i);
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

  const std::string_view text_;
  const std::span<const Token> tokens_;
  const LexOptions options_;
  const RewriteFor what_;
  std::vector<Rewrite> found_;
};

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
  const size_t close = closing(i + 1);
  if (is(i, "COUNT") && is(i + 2, "DISTINCT") && last_separator(i + 1) != 0 &&
      is(last_separator(i + 1), ",")) {
    add(i + 2, 1, "DISTINCT millrace_internal.whole(");
    add(close, 0, ")");
  }
  // The store's own format() has a pattern first.
  if (is(i, "FORMAT") && at(i + 2).kind != TokenKind::kString && is(last_separator(i + 1), ","))
    add(i, 1, "millrace_internal.format_number");
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

/// The type that is meant by what stands beside variable i; empty: any.
std::string_view Rewriter::meant(size_t i) const {
  if ((is(i + 1, "+") || is(i + 1, "-")) && is(i + 2, "INTERVAL")) return "TIMESTAMP";
  if (is_any(i + 1, kOfBits) || is_any(i - 1, kOfBits)) return "BIGINT";
  const bool is_first = is(i - 1, "(") && at(i - 2).kind == TokenKind::kWord;
  return is_first && is_any(i - 2, kOfTimes) ? "TIMESTAMP" : std::string_view();
}

/// A field that is empty is no number, and NULL as it is in a column of numbers.
void Rewriter::variable(size_t i) {
  const std::string name = value_of(text_, at(i), options_);
  if (!is_field_variable(name) || is(i + 1, "[") || is(i + 1, ".") || is(i + 1, "::") ||
      is(i + 1, ":>") || is_forced_cast(i + 1))
    return;
  const auto type = meant(i);
  if (type.empty()) return;
  add(i, 1,
      "CAST(nullif(CAST(" + quoted_name("@" + name) + " AS VARCHAR), '') AS " + std::string(type) +
          ")");
}

}  // namespace

std::vector<Rewrite> rewrites(std::string_view text, std::span<const Token> tokens,
                              LexOptions options, RewriteFor what) {
  return Rewriter(text, tokens, options, what).run();
}

}  // namespace millrace::sql
