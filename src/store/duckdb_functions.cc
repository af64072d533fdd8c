#include "store/duckdb_functions.h"

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
  make_timestamp(CAST(CAST(seconds AS DOUBLE) * 1000000 AS BIGINT));
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
  coalesce(TRY(cast_to_type(value, zero)), CASE WHEN value IS NOT NULL THEN zero END);
CREATE OR REPLACE MACRO millrace_internal."isnull"(value) AS CAST(value IS NULL AS INTEGER);
CREATE OR REPLACE MACRO millrace_internal.datediff(a, b) AS
  date_diff('day', CAST(b AS DATE), CAST(a AS DATE)), (part, a, b) AS date_diff(part, a, b);
CREATE OR REPLACE MACRO millrace_internal.timestampdiff(part, a, b) AS
  date_sub(part, CAST(a AS TIMESTAMP), CAST(b AS TIMESTAMP));
CREATE OR REPLACE MACRO millrace_internal.date_sub(value, i) AS CAST(value AS TIMESTAMP) - i,
  (part, a, b) AS date_sub(part, a, b);
)";

}  // namespace

const char* mysql_functions() {
  return kFunctions;
}

}  // namespace millrace::store
