#include "sql/show.h"

#include "data/schema.h"
#include "sql/quote.h"
#include "sql/system_schema.h"

namespace millrace::sql {
namespace {

/// The store's name of the schema that holds `table` of `database`.
std::string schema_of(const std::string& database, const std::string& table) {
  const bool ours = is_information_schema(database) && !information_schema_table(table).empty();
  return ours ? "millrace_information_schema" : database;
}

std::string in_schema(const std::string& column, const std::string& schema) {
  return "lower(" + column + ") = lower(" + quoted_text(schema) + ")";
}

/// Conditions that choose one table in the store's catalogue functions.
std::string is_table(const std::string& database, const std::string& table) {
  return "database_name IN (current_database(), 'system') AND " +
         in_schema("schema_name", schema_of(database, table)) + " AND lower(table_name) = lower(" +
         quoted_text(table) + ")";
}

/// MySQL's words for the store's types.
constexpr std::string_view kTypeName = R"(CASE data_type
  WHEN 'BOOLEAN' THEN 'tinyint(1)' WHEN 'INTEGER' THEN 'int'
  WHEN 'UTINYINT' THEN 'tinyint unsigned' WHEN 'USMALLINT' THEN 'smallint unsigned'
  WHEN 'UINTEGER' THEN 'int unsigned' WHEN 'UBIGINT' THEN 'bigint unsigned'
  WHEN 'VARCHAR' THEN 'text' WHEN 'BLOB' THEN 'longblob'
  WHEN 'TIMESTAMP' THEN 'datetime(6)' WHEN 'TIMESTAMP WITH TIME ZONE' THEN 'timestamp(6)'
  WHEN 'TIME' THEN 'time(6)'
  ELSE CASE WHEN data_type LIKE 'DECIMAL%' THEN lower(data_type)
            WHEN data_type LIKE '%(%' THEN data_type ELSE lower(data_type) END END)";

std::string tables_from(const std::string& database) {
  std::string schemas = in_schema("schema_name", database);
  if (is_information_schema(database)) {
    schemas = "(" + schemas + " OR schema_name = 'millrace_information_schema')";
  }
  const std::string where = " WHERE database_name IN (current_database(), 'system') AND " + schemas;
  return "(SELECT table_name AS name, 'BASE TABLE' AS kind, estimated_size AS size"
         " FROM duckdb_tables()" +
         where +
         " UNION ALL SELECT view_name, CASE WHEN internal THEN 'SYSTEM VIEW' ELSE 'VIEW' END, NULL"
         " FROM duckdb_views()" +
         where + ")";
}

std::string tables_query(const Show& show) {
  return "SELECT name AS " + quoted_name(first_column(show)) +
         (show.full ? ", kind AS \"Table_type\"" : "") + " FROM " + tables_from(show.database) +
         " ORDER BY name";
}

std::string table_status_query(const Show& show) {
  return "SELECT name AS \"Name\", CASE kind WHEN 'BASE TABLE' THEN 'DuckDB' END AS \"Engine\","
         " 10 AS \"Version\", 'Dynamic' AS \"Row_format\", size AS \"Rows\","
         " NULL::BIGINT AS \"Avg_row_length\", NULL::BIGINT AS \"Data_length\","
         " NULL::BIGINT AS \"Max_data_length\", NULL::BIGINT AS \"Index_length\","
         " NULL::BIGINT AS \"Data_free\", NULL::BIGINT AS \"Auto_increment\","
         " NULL::TIMESTAMP AS \"Create_time\", NULL::TIMESTAMP AS \"Update_time\","
         " NULL::TIMESTAMP AS \"Check_time\", 'utf8mb4_bin' AS \"Collation\","
         " NULL::BIGINT AS \"Checksum\", '' AS \"Create_options\","
         " CASE WHEN kind <> 'BASE TABLE' THEN 'VIEW' ELSE '' END AS \"Comment\" FROM " +
         tables_from(show.database) + " ORDER BY name";
}

std::string columns_query(const Show& show) {
  const std::string key =
      "coalesce((SELECT min(CASE k.constraint_type WHEN 'PRIMARY KEY' THEN 'PRI' ELSE 'UNI' END)"
      " FROM duckdb_constraints() k WHERE k.table_oid = c.table_oid"
      " AND k.database_name = c.database_name"
      " AND k.constraint_type IN ('PRIMARY KEY', 'UNIQUE')"
      " AND list_contains(k.constraint_column_names, c.column_name)), '')";
  std::string sql = "SELECT column_name AS \"Field\", " + std::string(kTypeName) + " AS \"Type\"";
  if (show.full) {
    sql += ", CASE WHEN data_type IN ('VARCHAR', 'JSON') THEN 'utf8mb4_bin' END AS \"Collation\"";
  }
  sql += ", CASE WHEN is_nullable THEN 'YES' ELSE 'NO' END AS \"Null\", " + key +
         " AS \"Key\", column_default AS \"Default\","
         " CASE WHEN starts_with(column_default, 'nextval(') THEN 'auto_increment' ELSE '' END"
         " AS \"Extra\"";
  if (show.full) {
    sql += ", 'select,insert,update,references' AS \"Privileges\", '' AS \"Comment\"";
  }
  return sql + " FROM duckdb_columns() c WHERE " + is_table(show.database, show.object) +
         " ORDER BY column_index";
}

std::string indexes_query(const Show& show) {
  return "SELECT table_name AS \"Table\", CAST(0 AS BIGINT) AS \"Non_unique\","
         " CASE constraint_type WHEN 'PRIMARY KEY' THEN 'PRIMARY'"
         " ELSE 'unique_' || constraint_index END AS \"Key_name\", seq AS \"Seq_in_index\","
         " name AS \"Column_name\", 'A' AS \"Collation\", NULL::BIGINT AS \"Cardinality\","
         " NULL::BIGINT AS \"Sub_part\", NULL AS \"Packed\", '' AS \"Null\","
         " 'BTREE' AS \"Index_type\", '' AS \"Comment\", '' AS \"Index_comment\","
         " 'YES' AS \"Visible\", NULL AS \"Expression\" FROM (SELECT *,"
         " unnest(constraint_column_names) AS name,"
         " unnest(range(1, len(constraint_column_names) + 1)) AS seq FROM duckdb_constraints()"
         " WHERE constraint_type IN ('PRIMARY KEY', 'UNIQUE') AND " +
         is_table(show.database, show.object) + ") ORDER BY constraint_index, seq";
}

std::string models_query(const Show& show) {
  return "SELECT model_name AS " + quoted_name(first_column(show)) +
         ", estimator AS \"Estimator\", state AS \"State\", version AS \"Version\","
         " global_step AS \"Global_step\", examples AS \"Examples\" FROM millrace.models WHERE " +
         in_schema("database_name", show.database) + " ORDER BY model_name";
}

std::string pipelines_query(const Show& show) {
  return "SELECT PIPELINE_NAME AS " + quoted_name(first_column(show)) +
         ", STATE AS \"State\", 'False' AS \"Scheduled\" FROM"
         " millrace_information_schema.PIPELINES WHERE " +
         in_schema("DATABASE_NAME", show.database) + " ORDER BY PIPELINE_NAME";
}

/// Users' databases, and the two of ours that they read.
constexpr std::string_view kDatabasesQuery =
    "SELECT name AS \"Database\" FROM (SELECT schema_name AS name FROM duckdb_schemas()"
    " WHERE database_name = current_database() AND schema_name NOT IN ('main', 'pg_catalog',"
    " 'information_schema', 'millrace_internal', 'millrace_information_schema')"
    " UNION SELECT 'information_schema') ORDER BY name";

}  // namespace

std::string first_column(const Show& show) {
  switch (show.kind) {
    case ShowKind::kModels:
      return "Models_in_" + show.database;
    case ShowKind::kPipelines:
      return "Pipelines_in_" + show.database;
    case ShowKind::kTables:
      return "Tables_in_" + show.database + (show.like ? " (" + *show.like + ")" : "");
    case ShowKind::kTableStatus:
      return "Name";
    case ShowKind::kColumns:
      return "Field";
    case ShowKind::kIndexes:
      return "Table";
    default:
      return "Database";
  }
}

std::string show_query(const Show& show) {
  switch (show.kind) {
    case ShowKind::kModels:
      return models_query(show);
    case ShowKind::kPipelines:
      return pipelines_query(show);
    case ShowKind::kTables:
      return tables_query(show);
    case ShowKind::kTableStatus:
      return table_status_query(show);
    case ShowKind::kColumns:
      return columns_query(show);
    case ShowKind::kIndexes:
      return indexes_query(show);
    default:
      return std::string(kDatabasesQuery);
  }
}

std::string with_like(const std::string& query, const std::string& column,
                      const std::string& pattern) {
  return "SELECT * FROM (" + query + ") AS shown WHERE " + quoted_name(column) + " ILIKE " +
         quoted_text(pattern) + " ESCAPE '\\'";
}

std::string table_exists_query(const std::string& database, const std::string& table) {
  return "SELECT count(*) FROM duckdb_columns() WHERE " + is_table(database, table);
}

std::string auto_column_query(const std::string& database, const std::string& table) {
  // A table of the session's own hides the database's.
  return "SELECT column_name, column_index - 1 FROM duckdb_columns() WHERE"
         " starts_with(column_default, 'nextval(') AND lower(table_name) = lower(" +
         quoted_text(table) + ") AND (database_name = 'temp' OR (" + is_table(database, table) +
         ")) ORDER BY database_name = 'temp' DESC, column_index LIMIT 1";
}

std::string table_names_query(const std::string& database) {
  return "SELECT name FROM " + tables_from(database);
}

std::string table_columns_query(const std::string& database, const std::string& table) {
  return "SELECT column_name, " + std::string(kTypeName) +
         ", is_nullable, column_default, data_type FROM duckdb_columns() WHERE " +
         is_table(database, table) + " ORDER BY column_index";
}

std::string table_constraints_query(const std::string& database, const std::string& table) {
  return "SELECT constraint_type, unnest(constraint_column_names), constraint_index,"
         " constraint_text FROM duckdb_constraints()"
         " WHERE constraint_type IN ('PRIMARY KEY', 'UNIQUE') AND " +
         is_table(database, table) + " ORDER BY constraint_index";
}

std::string view_query(const std::string& database, const std::string& table) {
  return "SELECT sql FROM duckdb_views() WHERE database_name IN (current_database(), 'system')"
         " AND " +
         in_schema("schema_name", schema_of(database, table)) + " AND lower(view_name) = lower(" +
         quoted_text(table) + ")";
}

std::string create_table_text(const std::string& table, const Rows& columns,
                              const Rows& constraints) {
  std::string result = "CREATE TABLE " + backticked(table) + " (\n";
  for (size_t i = 0; i < columns.rows.size(); ++i) {
    const Row& row = columns.rows[i];
    const std::string& type = row[4] == "TIMESTAMP WITH TIME ZONE" ? *row[4] : *row[1];
    result += (i > 0 ? ",\n  " : "  ") + backticked(*row[0]) + " " + type;
    if (row[2] == "0") result += " NOT NULL";
    if (!row[3]) continue;
    result += row[3]->starts_with("nextval(") ? " AUTO_INCREMENT" : " DEFAULT " + *row[3];
  }
  for (size_t i = 0; i < constraints.rows.size(); ++i) {
    const Row& row = constraints.rows[i];
    const bool first = i == 0 || constraints.rows[i - 1][2] != row[2];
    const bool last = i + 1 == constraints.rows.size() || constraints.rows[i + 1][2] != row[2];
    if (first) result += ",\n  " + *row[0] + " (";
    result += (first ? "" : ", ") + backticked(*row[1]) + (last ? ")" : "");
  }
  return result + "\n)";
}

}  // namespace millrace::sql
