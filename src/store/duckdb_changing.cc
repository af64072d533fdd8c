#include "store/duckdb_changing.h"

namespace millrace::store {
namespace {

constexpr const char* kQuery = "SUBQUERY";  // DuckDB's class of expressions

/// What the statement `sql`, an expression of SQL, mentions: functions, columns (the words
/// CURRENT_DATE and its like stand for functions), classes of expressions.
std::string mentioned_in(const std::string& sql) {
  std::string lists;
  for (const char* part : {"$..function_name", "$..column_names[*]", "$..class"})
    lists += std::string(lists.empty() ? "" : ", ") + "json_extract_string(tree, '" + part + "')";
  return "SELECT unnest(flatten([" + lists + "])) AS name FROM (SELECT json_serialize_sql(" + sql +
         ") AS tree)";
}

}  // namespace

Result<std::string> changing_part(duckdb_connection connection,
                                  const std::vector<std::string>& expressions) {
  std::string select = "SELECT true";
  for (const auto& expression : expressions) select += ", (" + expression + "\n)";
  const std::string functions =
      "duckdb_functions() AS f WHERE f.function_name = lower(called.name)";
  TRY(auto found,
      query(
          connection,
          "WITH RECURSIVE called AS (" + mentioned_in("CAST($1 AS VARCHAR)") +
              " UNION SELECT m.name FROM called, LATERAL (SELECT 'SELECT ' || macro_definition AS "
              "sql FROM " +
              functions + " AND macro_definition IS NOT NULL) AS d, LATERAL (" +
              mentioned_in("d.sql") + ") AS m) SELECT name FROM called WHERE name = '" + kQuery +
              "' OR EXISTS (FROM " + functions +
              " AND stability <> 'CONSISTENT') ORDER BY name LIMIT 1",
          {std::string_view(select)}));
  if (!found.next()) return std::string();
  const std::string name = found.text(0);
  return name == kQuery ? "a query" : name + "()";
}

}  // namespace millrace::store
