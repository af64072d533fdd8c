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
)";

}  // namespace

const char* mysql_functions() {
  return kFunctions;
}

}  // namespace millrace::store
