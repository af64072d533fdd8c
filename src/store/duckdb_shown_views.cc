#include "store/duckdb_shown_views.h"

#include <map>
#include <string>
#include <vector>

#include "data/schema.h"
#include "store/duckdb_schema.h"

namespace millrace::store {
namespace {

constexpr const char* kSystemDatabases = "('information_schema', 'millrace')";

std::string sees(const std::string& entry) {
  return "list_contains(getvariable('millrace_sees'), " + entry + ")";
}

/// The columns of a view that say whose a row is, by their names in lower case.
using Columns = std::map<std::string, std::string>;

/// Empty: the rows are of no database.
std::string condition_of(const Columns& columns) {
  // lower() would be ours there, which these views are beside.
  const auto lower = [&](const char* name) {
    return "lcase(" + quoted_name(columns.at(name)) + ")";
  };
  const auto of_table = [&](const char* schema) {
    std::string condition =
        sees("'d' || " + lower(schema)) + " OR " + lower(schema) + " IN " + kSystemDatabases;
    if (columns.contains("table_name"))
      condition +=
          " OR " + sees("'t' || " + lower(schema) + " || chr(31) || " + lower("table_name"));
    return condition;
  };
  if (columns.contains("database_name")) return sees("'d' || " + lower("database_name"));
  if (columns.contains("table_schema")) return of_table("table_schema");
  if (columns.contains("constraint_schema")) return of_table("constraint_schema");
  if (columns.contains("schema_name"))
    return sees("'?' || " + lower("schema_name")) + " OR " + lower("schema_name") + " IN " +
           kSystemDatabases;
  return {};
}

}  // namespace

Status make_shown_views(duckdb_connection connection) {
  TRY(auto rows, query(connection,
                       "SELECT c.schema_name, c.table_name, c.column_name FROM duckdb_columns() c "
                       "JOIN duckdb_views() v ON v.database_name = c.database_name AND "
                       "v.schema_name = c.schema_name AND v.view_name = c.table_name "
                       "WHERE c.database_name = $1 AND "
                       "c.schema_name IN ('millrace', 'millrace_information_schema')",
                       {std::string_view(kCatalog)}));
  std::map<std::pair<std::string, std::string>, Columns> views;
  while (rows.next()) views[{rows.text(0), rows.text(1)}][to_lower(rows.text(2))] = rows.text(2);
  for (const auto& [name, columns] : views) {
    const bool own = name.first == "millrace";
    const std::string condition = condition_of(columns);
    if (condition.empty() && own) continue;  // nobody but an admin
    const std::string view =
        "shown_" + std::string(own ? "millrace_" : "information_schema_") + to_lower(name.second);
    TRY_OK(run(connection,
               "CREATE OR REPLACE VIEW millrace_internal." + quoted_name(view) +
                   " AS SELECT * FROM " + quoted_name(name.first) + "." + quoted_name(name.second) +
                   " WHERE " + sees("'*'") + " OR " +
                   (condition.empty() ? "getvariable('millrace_sees') IS NOT NULL" : condition) +
                   " LIMIT 9223372036854775807"));
  }
  return {};
}

}  // namespace millrace::store
