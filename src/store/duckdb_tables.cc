#include "store/duckdb_tables.h"

#include "store/duckdb_batch.h"
#include "store/duckdb_schema.h"

namespace millrace::store {

Result<std::vector<std::string>> list_databases(duckdb_connection connection) {
  TRY(auto rows, query(connection,
                       "SELECT schema_name FROM duckdb_schemas() WHERE database_name = $1 "
                       "ORDER BY schema_name",
                       {std::string_view(kCatalog)}));
  std::vector<std::string> names;
  while (rows.next()) {
    if (auto name = rows.text(0); !is_reserved_database(name)) names.push_back(std::move(name));
  }
  return names;
}

Result<std::optional<FoundTable>> find_table(duckdb_connection connection,
                                             const std::string& database, const std::string& name) {
  TRY(auto rows,
      query(connection,
            "SELECT schema_name, table_name, column_name, data_type, is_nullable::BIGINT, "
            "(column_default IS NOT NULL)::BIGINT FROM duckdb_columns() WHERE database_name = $1 "
            "AND lower(schema_name) = lower($2) AND lower(table_name) = lower($3) "
            "ORDER BY column_index",
            {std::string_view(kCatalog), std::string_view(schema_of(database)),
             std::string_view(name)}));
  std::optional<FoundTable> found;
  while (rows.next()) {
    if (!found) found = FoundTable{rows.text(0), rows.text(1), {}};
    TableColumn column;
    column.name = rows.text(2);
    column.type_name = rows.text(3);
    column.type = data_type_named(column.type_name);
    column.nullable = rows.integer(4) != 0;
    column.has_default = rows.integer(5) != 0;
    found->info.columns.push_back(std::move(column));
  }
  return found;
}

}  // namespace millrace::store
