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

/// pragma_table_info() looks at the one table; duckdb_columns() would go through the whole catalog,
/// views included, which takes six times as long.
Result<std::optional<FoundTable>> find_table(duckdb_connection connection,
                                             const std::string& database, const std::string& name) {
  FoundTable found{schema_of(database), name, {}};
  auto rows =
      query(connection,
            "SELECT name, type, \"notnull\"::BIGINT, (dflt_value IS NOT NULL)::BIGINT, "
            "CASE WHEN starts_with(dflt_value, 'nextval(') THEN dflt_value ELSE '' END "
            "FROM pragma_table_info(" +
                quoted_text(quoted_name(kCatalog) + "." + found.quoted()) + ") ORDER BY cid");
  if (!rows && rows.error().code == Code::kNotFound) return std::optional<FoundTable>();
  if (!rows) return rows.error();
  while (rows->next()) {
    TableColumn column;
    column.name = rows->text(0);
    column.type_name = rows->text(1);
    column.type = data_type_named(column.type_name);
    column.nullable = rows->integer(2) == 0;
    column.has_default = rows->integer(3) != 0;
    column.number = rows->text(4);
    found.info.columns.push_back(std::move(column));
  }
  return std::optional<FoundTable>(std::move(found));
}

}  // namespace millrace::store
