#include "sql/show.h"

#include <utility>

#include "data/schema.h"
#include "sql/lexer.h"
#include "sql/quote.h"
#include "sql/system_schema.h"

namespace millrace::sql {
namespace {

std::string is_name(const std::string& column, const std::string& name) {
  return "lower(" + column + ") = lower(" + quoted_text(name) + ")";
}

/// Conditions that choose one table in the views of information_schema.
std::string is_table(const std::string& database, const std::string& table) {
  return is_name("\"TABLE_SCHEMA\"", database) + " AND " + is_name("\"TABLE_NAME\"", table);
}

/// And in the store's catalogue functions.
std::string is_stored_table(const std::string& database, const std::string& table) {
  const std::string schema =
      is_information_schema(database) ? "millrace_information_schema" : database;
  return "database_name = current_database() AND " + is_name("schema_name", schema) + " AND " +
         is_name("table_name", table);
}

std::string tables_from(const std::string& database) {
  return "millrace_information_schema.tables WHERE " + is_name("\"TABLE_SCHEMA\"", database);
}

std::string tables_query(const Show& show) {
  return "SELECT \"TABLE_NAME\" AS " + quoted_name(first_column(show)) +
         (show.full ? ", \"TABLE_TYPE\" AS \"Table_type\"" : "") + " FROM " +
         tables_from(show.database) + " ORDER BY \"TABLE_NAME\"";
}

std::string table_status_query(const Show& show) {
  return "SELECT \"TABLE_NAME\" AS \"Name\", \"ENGINE\" AS \"Engine\", \"VERSION\" AS \"Version\","
         " \"ROW_FORMAT\" AS \"Row_format\", \"TABLE_ROWS\" AS \"Rows\","
         " \"AVG_ROW_LENGTH\" AS \"Avg_row_length\", \"DATA_LENGTH\" AS \"Data_length\","
         " \"MAX_DATA_LENGTH\" AS \"Max_data_length\", \"INDEX_LENGTH\" AS \"Index_length\","
         " \"DATA_FREE\" AS \"Data_free\", \"AUTO_INCREMENT\" AS \"Auto_increment\","
         " \"CREATE_TIME\" AS \"Create_time\", \"UPDATE_TIME\" AS \"Update_time\","
         " \"CHECK_TIME\" AS \"Check_time\", \"TABLE_COLLATION\" AS \"Collation\","
         " \"CHECKSUM\" AS \"Checksum\", \"CREATE_OPTIONS\" AS \"Create_options\","
         " CASE WHEN \"TABLE_TYPE\" <> 'BASE TABLE' THEN 'VIEW' ELSE '' END AS \"Comment\" FROM " +
         tables_from(show.database) + " ORDER BY \"TABLE_NAME\"";
}

std::string columns_query(const Show& show) {
  std::string sql = "SELECT \"COLUMN_NAME\" AS \"Field\", \"COLUMN_TYPE\" AS \"Type\"";
  if (show.full) sql += ", \"COLLATION_NAME\" AS \"Collation\"";
  sql +=
      ", \"IS_NULLABLE\" AS \"Null\", \"COLUMN_KEY\" AS \"Key\", \"COLUMN_DEFAULT\" AS \"Default\","
      " \"EXTRA\" AS \"Extra\"";
  if (show.full) {
    sql += ", \"PRIVILEGES\" AS \"Privileges\", \"COLUMN_COMMENT\" AS \"Comment\"";
  }
  return sql + " FROM millrace_information_schema.columns WHERE " +
         is_table(show.database, show.object) + " ORDER BY \"ORDINAL_POSITION\"";
}

std::string indexes_query(const Show& show) {
  return "SELECT \"TABLE_NAME\" AS \"Table\", \"NON_UNIQUE\" AS \"Non_unique\","
         " \"INDEX_NAME\" AS \"Key_name\", \"SEQ_IN_INDEX\" AS \"Seq_in_index\","
         " \"COLUMN_NAME\" AS \"Column_name\", \"COLLATION\" AS \"Collation\","
         " \"CARDINALITY\" AS \"Cardinality\", \"SUB_PART\" AS \"Sub_part\", \"PACKED\" AS "
         "\"Packed\","
         " \"NULLABLE\" AS \"Null\", \"INDEX_TYPE\" AS \"Index_type\", \"COMMENT\" AS \"Comment\","
         " \"INDEX_COMMENT\" AS \"Index_comment\", \"IS_VISIBLE\" AS \"Visible\","
         " \"EXPRESSION\" AS \"Expression\" FROM millrace_information_schema.statistics WHERE " +
         is_table(show.database, show.object) +
         " ORDER BY \"INDEX_NAME\" <> 'PRIMARY', \"NON_UNIQUE\", \"INDEX_NAME\", \"SEQ_IN_INDEX\"";
}

std::string models_query(const Show& show) {
  return "SELECT model_name AS " + quoted_name(first_column(show)) +
         ", estimator AS \"Estimator\", state AS \"State\", version AS \"Version\","
         " global_step AS \"Global_step\", examples AS \"Examples\","
         " lifetime_loss AS \"Loss\", window_loss AS \"Window_loss\", drifts AS \"Drifts\""
         " FROM millrace.models WHERE " +
         is_name("database_name", show.database) + " ORDER BY model_name";
}

std::string pipelines_query(const Show& show) {
  return "SELECT PIPELINE_NAME AS " + quoted_name(first_column(show)) +
         ", STATE AS \"State\", 'False' AS \"Scheduled\", ROWS_PER_SEC AS \"Rows_per_sec\","
         " BYTES_PER_SEC AS \"Bytes_per_sec\", LAG AS \"Lag\", PROGRESS AS \"Progress\","
         " ETA_SECONDS AS \"ETA_seconds\" FROM"
         " millrace_information_schema.PIPELINES WHERE " +
         is_name("DATABASE_NAME", show.database) + " ORDER BY PIPELINE_NAME";
}

constexpr std::string_view kDatabasesQuery =
    "SELECT \"SCHEMA_NAME\" AS \"Database\" FROM millrace_information_schema.schemata"
    " ORDER BY \"SCHEMA_NAME\"";

/// A statement or expression as the store has it, and its tokens.
struct StoreText {
  explicit StoreText(const std::string& text) : sql(text), tokens(lex(sql, kOptions)) {}
  bool is(size_t token, std::string_view word) const {
    return token < tokens->size() && same_name(raw(sql, (*tokens)[token]), word);
  }

  static constexpr LexOptions kOptions{.ansi_quotes = true, .backslash_escapes = false};
  const std::string& sql;
  Result<std::vector<Token>> tokens;
};

/// The text from a token on with MySQL's quotes, and what stands before it.
std::string in_mysql_quotes(const StoreText& text, size_t first) {
  const std::string& sql = text.sql;
  const auto& tokens = *text.tokens;
  std::string result;
  size_t copied = first == 0 ? 0 : tokens[first - 1].end;
  for (size_t i = first; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    if (token.kind == TokenKind::kEnd || (text.is(i, ";") && i + 2 >= tokens.size())) break;
    result += sql.substr(copied, token.begin - copied);
    copied = token.end;
    if (token.kind == TokenKind::kQuotedName)
      result += backticked(value_of(sql, token, StoreText::kOptions));
    else if (token.kind == TokenKind::kString)
      result += mysql_text(value_of(sql, token, StoreText::kOptions));
    else
      result += raw(sql, token);
  }
  return result;
}

std::string in_mysql_quotes(const std::string& expression) {
  const StoreText text(expression);
  return text.tokens ? in_mysql_quotes(text, 0) : expression;
}

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
  return "SELECT count(*) FROM duckdb_columns() WHERE " + is_stored_table(database, table);
}

std::string auto_column_query(const std::string& database, const std::string& table) {
  // A table of the session's own hides the database's.
  return "SELECT column_name, column_index - 1, column_default FROM duckdb_columns() WHERE"
         " starts_with(column_default, 'nextval(') AND (database_name = 'temp' AND " +
         is_name("table_name", table) + " OR " + is_stored_table(database, table) +
         ") ORDER BY database_name = 'temp' DESC, column_index LIMIT 1";
}

std::string unique_keys_query(const std::string& database, const std::string& table) {
  const std::string of = is_stored_table(database, table);
  return "SELECT key, name FROM (SELECT 'c' || constraint_index AS key, constraint_type <> 'PRIMARY"
         " KEY' AS later, unnest(constraint_column_names) AS name FROM duckdb_constraints() "
         "WHERE " +
         of +
         " AND constraint_type IN ('PRIMARY KEY', 'UNIQUE') UNION ALL SELECT 'i' || index_oid, "
         "true,"
         " trim(unnest(string_split(trim(expressions, '[]'), ', ')), '\"''') FROM duckdb_indexes()"
         " WHERE is_unique AND NOT is_primary AND " +
         of + ") ORDER BY later, key";
}

std::string written_columns_query(const std::string& database, const std::string& table) {
  return "SELECT column_name FROM millrace_internal.told_columns WHERE " +
         is_stored_table(database, table) + " AND generation IS NULL ORDER BY column_index";
}

std::string table_names_query(const std::string& database) {
  return "SELECT \"TABLE_NAME\" FROM " + tables_from(database);
}

std::string table_columns_query(const std::string& database, const std::string& table) {
  return "SELECT column_name, CASE data_type WHEN 'TIMESTAMP WITH TIME ZONE' THEN data_type"
         " ELSE millrace_internal.column_type(data_type) END, is_nullable,"
         " CASE WHEN generation IS NOT NULL THEN NULL"
         " WHEN column_default = 'CAST(now() AS TIMESTAMP)' THEN 'CURRENT_TIMESTAMP(6)'"
         " WHEN column_default = 'CAST(''t'' AS BOOLEAN)' THEN '1'"
         " WHEN column_default = 'CAST(''f'' AS BOOLEAN)' THEN '0'"
         " ELSE column_default END, generation FROM millrace_internal.told_columns WHERE " +
         is_stored_table(database, table) + " ORDER BY column_index";
}

std::string table_keys_query(const std::string& database, const std::string& table) {
  const std::string where = " WHERE " + is_stored_table(database, table);
  const auto names = [](const std::string& list) {
    return "' (' || array_to_string(['`' || replace(name, '`', '``') || '`' for name in " + list +
           "], ',') || ')'";
  };
  return "SELECT line, condition FROM (SELECT CASE constraint_type WHEN 'PRIMARY KEY' THEN 0"
         " WHEN 'UNIQUE' THEN 1 WHEN 'FOREIGN KEY' THEN 3 ELSE 4 END AS kind,"
         " constraint_index AS place, CASE constraint_type"
         " WHEN 'PRIMARY KEY' THEN 'PRIMARY KEY' || " +
         names("constraint_column_names") +
         " WHEN 'UNIQUE' THEN 'UNIQUE KEY `' || constraint_name || '`' || " +
         names("constraint_column_names") +
         " WHEN 'FOREIGN KEY' THEN 'CONSTRAINT `' || constraint_name || '` FOREIGN KEY' || " +
         names("constraint_column_names") + " || ' REFERENCES `' || referenced_table || '`' || " +
         names("referenced_column_names") +
         " ELSE 'CONSTRAINT `' || constraint_name || '`' END AS line,"
         " CASE constraint_type WHEN 'CHECK' THEN replace(expression, 'millrace_internal.', '') END"
         " AS condition"
         " FROM duckdb_constraints()" +
         where +
         " AND constraint_type <> 'NOT NULL' UNION ALL SELECT 2, index_oid,"
         " CASE WHEN is_unique THEN 'UNIQUE ' ELSE '' END || 'KEY `' || index_name || '`' || " +
         names("[trim(part, '\"'' ') for part in string_split(expressions[2:-2], ', ')]") +
         ", NULL FROM duckdb_indexes()" + where + ") ORDER BY kind, place";
}

std::string view_query(const std::string& database, const std::string& table) {
  const std::string schema =
      is_information_schema(database) ? "millrace_information_schema" : database;
  return "SELECT sql FROM duckdb_views() WHERE database_name = current_database() AND " +
         is_name("schema_name", schema) + " AND " + is_name("view_name", table);
}

std::string create_view_text(const std::string& view, const std::string& sql) {
  const StoreText text(sql);
  if (!text.tokens) return sql;
  size_t i = 0;
  while (i < text.tokens->size() && !text.is(i, "VIEW")) ++i;
  if (i + 1 >= text.tokens->size()) return sql;
  const size_t name = text.is(i + 2, ".") ? i + 3 : i + 1;
  return sql.substr(0, (*text.tokens)[i].end) + " " + backticked(view) +
         in_mysql_quotes(text, name + 1);
}

std::string create_table_text(const std::string& table, const Rows& columns, const Rows& keys) {
  return "CREATE TABLE " + backticked(table) + " " + table_text(columns, keys) +
         " ENGINE=DuckDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";
}

std::string table_text(const Rows& columns, const Rows& keys) {
  std::string result = "(";
  std::string separator = "\n  ";
  for (const Row& row : columns.rows) {
    result += std::exchange(separator, ",\n  ") + backticked(*row[0]) + " " + *row[1];
    if (row[4]) result += " GENERATED ALWAYS AS (" + in_mysql_quotes(*row[4]) + ") VIRTUAL";
    if (row[2] == "0") result += " NOT NULL";
    if (!row[3]) continue;
    result += row[3]->starts_with("nextval(") ? " AUTO_INCREMENT" : " DEFAULT " + *row[3];
  }
  for (const Row& row : keys.rows) {
    result += separator + *row[0];
    if (!row[1]) continue;
    const std::string condition = in_mysql_quotes(*row[1]);
    const bool alone = condition.starts_with('(');  // a function's call is not in brackets
    result += " CHECK " + (alone ? condition : "(" + condition + ")");
  }
  return result + "\n)";
}

}  // namespace millrace::sql
