#include "store/duckdb_functions.h"

#include <functional>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace millrace::store {
namespace {

constexpr const char* kFunctions = R"(
CREATE OR REPLACE MACRO millrace_internal.locate(needle, hay) AS instr(hay, needle),
  (needle, hay, place) AS CASE WHEN place < 1 OR instr(substr(hay, place), needle) = 0 THEN 0
    ELSE instr(substr(hay, place), needle) + place - 1 END;
CREATE OR REPLACE MACRO millrace_internal.find_in_set(item, items) AS
  coalesce(list_position(string_split(items, ','), item), 0);
CREATE OR REPLACE MACRO millrace_internal.space(n) AS repeat(' ', n);
CREATE OR REPLACE MACRO millrace_internal.strcmp(a, b) AS
  CASE WHEN a < b THEN -1 WHEN a > b THEN 1 WHEN a = b THEN 0 END;
CREATE OR REPLACE MACRO millrace_internal.json_unquote(value) AS
  CASE WHEN starts_with(CAST(value AS VARCHAR), '"')
    THEN json_extract_string(CAST(value AS VARCHAR), '$') ELSE CAST(value AS VARCHAR) END;
CREATE OR REPLACE MACRO millrace_internal.from_unixtime(seconds) AS
  make_timestamp(CAST(CAST(seconds AS DOUBLE) * 1000000 AS BIGINT)),
  (seconds, format) AS
    strftime(make_timestamp(CAST(CAST(seconds AS DOUBLE) * 1000000 AS BIGINT)), format);
CREATE OR REPLACE MACRO millrace_internal.upper(value) AS upper(CAST(value AS VARCHAR));
CREATE OR REPLACE MACRO millrace_internal.lower(value) AS lower(CAST(value AS VARCHAR));
CREATE OR REPLACE MACRO millrace_internal.unix_timestamp(value) AS
  CAST(floor(epoch(CAST(value AS TIMESTAMP))) AS BIGINT);
CREATE OR REPLACE MACRO millrace_internal.substring_index(value, mark, n) AS
  CASE WHEN n > 0 THEN array_to_string(string_split(value, mark)[1:n], mark)
    WHEN n < 0 THEN array_to_string(
      list_reverse(list_reverse(string_split(value, mark))[1:-n]), mark)
    WHEN n = 0 THEN '' END;
CREATE OR REPLACE MACRO millrace_internal.forced(value, zero) AS
  list_transform([value], lambda one:
    coalesce(TRY(cast_to_type(one, zero)), CASE WHEN one IS NOT NULL THEN zero END))[1];
CREATE OR REPLACE MACRO millrace_internal."isnull"(value) AS CAST(value IS NULL AS INTEGER);
CREATE OR REPLACE MACRO millrace_internal.datediff(a, b) AS
  date_diff('day', CAST(b AS DATE), CAST(a AS DATE)), (part, a, b) AS date_diff(part, a, b);
CREATE OR REPLACE MACRO millrace_internal.months(a, b) AS
  CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN CASE WHEN b < a THEN -1 ELSE 1 END * (
    (year(greatest(a, b)) - year(least(a, b))) * 12 + month(greatest(a, b)) - month(least(a, b))
    - CAST(greatest(a, b) - date_trunc('month', greatest(a, b))
           < least(a, b) - date_trunc('month', least(a, b)) AS INTEGER)) END;
CREATE OR REPLACE MACRO millrace_internal.timestampdiff(part, a, b) AS
  CASE WHEN part IN ('year', 'quarter', 'month')
    THEN millrace_internal.months(CAST(a AS TIMESTAMP), CAST(b AS TIMESTAMP))
      // CASE part WHEN 'year' THEN 12 WHEN 'quarter' THEN 3 ELSE 1 END
    ELSE date_sub(part, CAST(a AS TIMESTAMP), CAST(b AS TIMESTAMP)) END;
CREATE OR REPLACE MACRO millrace_internal.date_sub(value, i) AS CAST(value AS TIMESTAMP) - i,
  (part, a, b) AS date_sub(part, a, b);
CREATE OR REPLACE MACRO millrace_internal."insert"(value, place, n, other) AS
  CASE WHEN place < 1 OR place > length(value) THEN value
    ELSE substr(value, 1, place - 1) || other || substr(value, place + n) END;
CREATE OR REPLACE MACRO millrace_internal.sha2(value, bits) AS
  CASE WHEN bits IN (0, 256) THEN sha256(value)
    ELSE error('sha2() of ' || bits || ' bits is not there: 256 is') END;
CREATE OR REPLACE MACRO millrace_internal.format_number(x, digits) AS
  format('{:,.' || greatest(digits, 0) || 'f}', CAST(x AS DOUBLE));
CREATE OR REPLACE MACRO millrace_internal.conv(value, radix, other) AS
  CASE WHEN value IS NOT NULL AND radix IS NOT NULL THEN
    upper(to_base(CAST(list_reduce(list_prepend(0::HUGEINT, list_transform(
      string_split(lower(CAST(value AS VARCHAR)), ''), lambda digit:
      CAST(CASE WHEN strpos('0123456789abcdefghijklmnopqrstuvwxyz', digit) BETWEEN 1 AND radix
        THEN strpos('0123456789abcdefghijklmnopqrstuvwxyz', digit) - 1
        ELSE error('conv() of ' || value || ' is no number of base ' || radix) END AS HUGEINT))),
      lambda sum, digit: sum * radix + digit) AS BIGINT), other)) END;
CREATE OR REPLACE MACRO millrace_internal.oct(n) AS to_base(n, 8);
CREATE OR REPLACE MACRO millrace_internal.octet_length(value) AS octet_length(CAST(value AS BLOB));
CREATE OR REPLACE MACRO millrace_internal."truncate"(x, digits) AS trunc(x, digits);
CREATE OR REPLACE MACRO millrace_internal.log(x) AS ln(x), (base, x) AS log(base, x);
CREATE OR REPLACE MACRO millrace_internal.json_length(value) AS CASE json_type(value)
  WHEN 'ARRAY' THEN json_array_length(value) WHEN 'OBJECT' THEN len(json_keys(value)) ELSE 1 END;
CREATE OR REPLACE MACRO millrace_internal.charset(value) AS 'utf8mb4';
CREATE OR REPLACE MACRO millrace_internal.collation(value) AS 'utf8mb4_bin';
)";

/// Weeks begin on Sunday, and what is before the first of them is week 0, unless a mode says
/// otherwise.
constexpr const char* kTimes = R"(
CREATE OR REPLACE MACRO millrace_internal.dayofweek(value) AS dayofweek(CAST(value AS DATE)) + 1;
CREATE OR REPLACE MACRO millrace_internal.weekday(value) AS isodow(CAST(value AS DATE)) - 1;
CREATE OR REPLACE MACRO millrace_internal.week(value) AS
  CAST(strftime(CAST(value AS DATE), '%U') AS INTEGER),
  (value, mode) AS CASE mode
    WHEN 0 THEN CAST(strftime(CAST(value AS DATE), '%U') AS INTEGER)
    WHEN 1 THEN CASE
      WHEN isoyear(CAST(value AS DATE)) < year(CAST(value AS DATE)) THEN 0
      WHEN isoyear(CAST(value AS DATE)) > year(CAST(value AS DATE)) THEN 53
      ELSE week(CAST(value AS DATE)) END
    WHEN 3 THEN week(CAST(value AS DATE))
    WHEN 5 THEN CAST(strftime(CAST(value AS DATE), '%W') AS INTEGER)
    ELSE error('week() of mode ' || mode || ' is not there: 0, 1, 3 and 5 are') END;
CREATE OR REPLACE MACRO millrace_internal.yearweek(value) AS
  CAST(strftime(CAST(value AS DATE) - dayofweek(CAST(value AS DATE))::INTEGER, '%Y%U') AS INTEGER),
  (value, mode) AS CASE mode
    WHEN 0 THEN CAST(strftime(
      CAST(value AS DATE) - dayofweek(CAST(value AS DATE))::INTEGER, '%Y%U') AS INTEGER)
    WHEN 1 THEN yearweek(CAST(value AS DATE))
    WHEN 3 THEN yearweek(CAST(value AS DATE))
    ELSE error('yearweek() of mode ' || mode || ' is not there: 0, 1 and 3 are') END;
CREATE OR REPLACE MACRO millrace_internal.to_days(value) AS
  date_diff('day', DATE '1970-01-01', CAST(value AS DATE)) + 719528;
CREATE OR REPLACE MACRO millrace_internal.from_days(n) AS
  DATE '1970-01-01' + CAST(n - 719528 AS INTEGER);
CREATE OR REPLACE MACRO millrace_internal.makedate(y, n) AS
  CASE WHEN n > 0 THEN make_date(y, 1, 1) + CAST(n - 1 AS INTEGER) END;
CREATE OR REPLACE MACRO millrace_internal.maketime(h, m, s) AS make_time(h, m, CAST(s AS DOUBLE));
CREATE OR REPLACE MACRO millrace_internal.sec_to_time(s) AS
  CASE WHEN s BETWEEN 0 AND 86399 THEN TIME '00:00:00' + to_seconds(s)
    WHEN s IS NOT NULL THEN error('sec_to_time() of ' || s || ' seconds is no time of a day') END;
CREATE OR REPLACE MACRO millrace_internal.time_to_sec(value) AS
  CAST(floor(epoch(CAST(value AS TIME))) AS BIGINT);
CREATE OR REPLACE MACRO millrace_internal."time"(value) AS CAST(value AS TIME);
CREATE OR REPLACE MACRO millrace_internal."timestamp"(value) AS CAST(value AS TIMESTAMP);
CREATE OR REPLACE MACRO millrace_internal.date_add(value, i) AS CAST(value AS TIMESTAMP) + i;
CREATE OR REPLACE MACRO millrace_internal.adddate(value, i) AS CAST(value AS TIMESTAMP) + i;
CREATE OR REPLACE MACRO millrace_internal.subdate(value, i) AS CAST(value AS TIMESTAMP) - i;
CREATE OR REPLACE MACRO millrace_internal.add_days(value, n) AS
  CAST(value AS DATE) + CAST(n AS INTEGER);
CREATE OR REPLACE MACRO millrace_internal.subtract_days(value, n) AS
  CAST(value AS DATE) - CAST(n AS INTEGER);
CREATE OR REPLACE MACRO millrace_internal.timestampadd(part, n, value) AS
  CAST(value AS TIMESTAMP) + CAST('1 ' || part AS INTERVAL) * n;
CREATE OR REPLACE MACRO millrace_internal.last_day(value) AS last_day(CAST(value AS DATE));
)";

/// CONCAT, GREATEST and LEAST are NULL when one of theirs is, FIELD and ELT take what there is.
constexpr int kArgumentsMax = 24;

/// `between`-separated `form` for each of n arguments, where # is its name and @ its number.
std::string each(int n, std::string_view form, std::string_view between) {
  std::string result;
  for (int i = 1; i <= n; ++i) {
    if (i > 1) result += between;
    for (const char c : form) {
      if (c == '#') result += 'a';
      if (c == '#' || c == '@')
        result += std::to_string(i);
      else
        result += c;
    }
  }
  return result;
}

/// A macro for each number of arguments, of which `first` come before those that are counted.
std::string of_any(const std::string& name, const std::string& first,
                   const std::function<std::string(int)>& meaning) {
  std::string result = "CREATE OR REPLACE MACRO millrace_internal." + name;
  for (int n = 1; n <= kArgumentsMax; ++n) {
    if (n > 1) result += ", ";
    result += "(" + first + each(n, "#", ", ") + ") AS " + meaning(n);
  }
  return result + ";\n";
}

std::string variadic_functions() {
  std::string result = of_any("concat", "", [](int n) {
    return n == 1 ? std::string("CAST(a1 AS VARCHAR)") : each(n, "CAST(# AS VARCHAR)", " || ");
  });
  for (const std::string name : {"greatest", "least"}) {
    result += of_any(name, "", [&](int n) {
      return "CASE WHEN " + each(n, "# IS NOT NULL", " AND ") + " THEN " + name + "(" +
             each(n, "#", ", ") + ") END";
    });
  }
  // Of count(DISTINCT a, b), which leaves out what has a NULL.
  result += of_any("whole", "", [](int n) {
    return "CASE WHEN " + each(n, "# IS NOT NULL", " AND ") + " THEN row(" + each(n, "#", ", ") +
           ") END";
  });
  result += of_any("field", "item, ", [](int n) {
    return "CASE " + each(n, "WHEN item = # THEN @", " ") + " ELSE 0 END";
  });
  return result + of_any("elt", "n, ",
                         [](int n) { return "CASE n " + each(n, "WHEN @ THEN #", " ") + " END"; });
}

}  // namespace

std::string mysql_functions() {
  return std::string(kFunctions) + kTimes + variadic_functions();
}

std::string number_functions() {
  const std::string macro = "CREATE MACRO memory.millrace_internal.";
  const auto number = [](const std::string& name) {
    return "CAST(nullif(" + name + ", '') AS DOUBLE)";
  };
  const auto perhaps = [](const std::string& name) {
    return "TRY_CAST(nullif(" + name + ", '') AS DOUBLE)";
  };
  const std::string texts = "(a VARCHAR, b VARCHAR) AS ";
  const std::string text_first = "(a VARCHAR, b DOUBLE) AS ";
  const std::string text_last = "(a DOUBLE, b VARCHAR) AS ";
  std::string result = "CREATE SCHEMA memory.millrace_internal;\n" + macro +
                       "number(a VARCHAR) AS " + number("a") + ", (a) AS a;\n" + macro +
                       "perhaps(a VARCHAR) AS " + perhaps("a") + ", (a) AS a;\n";
  using Named = std::pair<std::string_view, std::string_view>;
  for (const auto& [name, sign] : std::initializer_list<Named>{{"equal", "="},
                                                               {"unequal", "<>"},
                                                               {"less", "<"},
                                                               {"at_most", "<="},
                                                               {"more", ">"},
                                                               {"at_least", ">="}}) {
    const std::string between = " " + std::string(sign) + " ";
    const std::string plain = "a" + between + "b";
    result += macro + std::string(name) + text_first + perhaps("a") + between + "b, " + text_last +
              "a" + between + perhaps("b") + ", " + texts + plain + ", (a, b) AS " + plain + ";\n";
  }
  for (const auto& [name, sign] : std::initializer_list<Named>{{"plus", "+"},
                                                               {"minus", "-"},
                                                               {"times", "*"},
                                                               {"divided", "/"},
                                                               {"modulo", "%"},
                                                               {"to_the_power", "^"},
                                                               {"divided_whole", "//"}}) {
    const bool whole = sign == "//";
    const auto of = [&, between = " " + std::string(whole ? "/" : sign) + " "](
                        const std::string& a, const std::string& b) {
      return whole ? "CAST(trunc(" + a + between + b + ") AS BIGINT)" : a + between + b;
    };
    result += macro + std::string(name) + text_first + of(number("a"), "b") + ", " + text_last +
              of("a", number("b")) + ", " + texts + of(number("a"), number("b")) + ", (a, b) AS " +
              (whole ? "CAST(trunc(a // b) AS BIGINT)" : "a " + std::string(sign) + " b") + ";\n";
  }
  for (const std::string name : {"between", "not_between"}) {
    const auto of = [&](const std::string& a, const std::string& b, const std::string& c) {
      return a + (name == "between" ? " BETWEEN " : " NOT BETWEEN ") + b + " AND " + c;
    };
    result += macro + name + "(a VARCHAR, b DOUBLE, c DOUBLE) AS " + of(perhaps("a"), "b", "c") +
              ", (a DOUBLE, b VARCHAR, c VARCHAR) AS " + of("a", perhaps("b"), perhaps("c")) +
              ", (a DOUBLE, b VARCHAR, c DOUBLE) AS " + of("a", perhaps("b"), "c") +
              ", (a DOUBLE, b DOUBLE, c VARCHAR) AS " + of("a", "b", perhaps("c")) +
              ", (a VARCHAR, b VARCHAR, c VARCHAR) AS " + of("a", "b", "c") + ", (a, b, c) AS " +
              of("a", "b", "c") + ";\n";
  }
  return result;
}

}  // namespace millrace::store
