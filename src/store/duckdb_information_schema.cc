#include "store/duckdb_information_schema.h"

#include <array>
#include <string_view>

namespace millrace::store {
namespace {

// What users see: their databases, our system tables, and these views themselves. `visible` chooses
// schemas of the catalogue functions, `shown` is the name that a schema has for users.
constexpr const char* kMacros = R"(
CREATE OR REPLACE MACRO millrace_internal.visible(catalog, name) AS
  catalog = current_database() AND name NOT IN ('main', 'millrace_internal', 'information_schema',
                                                'pg_catalog');
CREATE OR REPLACE MACRO millrace_internal.shown(name) AS
  CASE name WHEN 'millrace_information_schema' THEN 'information_schema' ELSE name END;
CREATE OR REPLACE MACRO millrace_internal.shown_table(schema, name) AS
  CASE schema WHEN 'millrace_information_schema' THEN upper(name) ELSE name END;
CREATE OR REPLACE MACRO millrace_internal.column_type(type) AS CASE type
  WHEN 'BOOLEAN' THEN 'tinyint(1)' WHEN 'INTEGER' THEN 'int'
  WHEN 'UTINYINT' THEN 'tinyint unsigned' WHEN 'USMALLINT' THEN 'smallint unsigned'
  WHEN 'UINTEGER' THEN 'int unsigned' WHEN 'UBIGINT' THEN 'bigint unsigned'
  WHEN 'VARCHAR' THEN 'text' WHEN 'BLOB' THEN 'longblob'
  WHEN 'TIMESTAMP' THEN 'datetime(6)' WHEN 'TIMESTAMP WITH TIME ZONE' THEN 'timestamp(6)'
  WHEN 'TIME' THEN 'time(6)'
  ELSE CASE WHEN starts_with(type, 'ENUM(')
              THEN 'enum(' || replace(type[6:], ''', ''', ''',''')
            WHEN starts_with(type, 'DECIMAL') OR NOT contains(type, '(') THEN lower(type)
            ELSE type END END;
CREATE OR REPLACE MACRO millrace_internal.data_type(type) AS
  CASE WHEN contains(millrace_internal.column_type(type), '[') THEN 'json'
       WHEN starts_with(type, 'STRUCT') OR starts_with(type, 'MAP') OR starts_with(type, 'UNION')
         THEN 'json'
       ELSE lower(regexp_extract(millrace_internal.column_type(type), '^[A-Za-z]*')) END;
CREATE OR REPLACE MACRO millrace_internal.is_generated(definition, name, type) AS
  regexp_matches(definition, '[ (]("' || regexp_escape(replace(name, '"', '""')) || '"|' ||
                             regexp_escape(name) || ') ' || regexp_escape(type) ||
                             ' GENERATED ALWAYS AS');
CREATE OR REPLACE VIEW millrace_internal.told_columns AS
SELECT c.*, CASE WHEN millrace_internal.is_generated(t.sql, c.column_name, c.data_type)
                 THEN replace(c.column_default, 'millrace_internal.', '') END AS generation
FROM duckdb_columns() c
LEFT JOIN duckdb_tables() t ON t.database_oid = c.database_oid AND t.table_oid = c.table_oid;
CREATE OR REPLACE MACRO millrace_internal.numbers_behind(number, highest) AS
  (SELECT greatest(0, least(coalesce(highest, 0) - coalesce(last_value, start_value - 1), 10000000))
   FROM duckdb_sequences()
   WHERE contains(number, '"' || replace(schema_name, '"', '""') || '"."' ||
                          replace(sequence_name, '"', '""') || '"'));
CREATE OR REPLACE MACRO millrace_internal.shown_default(value) AS
  CASE WHEN starts_with(value, 'nextval(') OR value = 'NULL' THEN NULL
       WHEN value = 'CAST(now() AS TIMESTAMP)' THEN 'CURRENT_TIMESTAMP(6)'
       WHEN regexp_full_match(value, '''(?s).*''') THEN replace(value[2:-2], '''''', '''')
       WHEN regexp_full_match(value, 'CAST\(''([tf])'' AS BOOLEAN\)')
         THEN CASE WHEN contains(value, '''t''') THEN '1' ELSE '0' END
       ELSE value END;
)";

constexpr const char* kTables = R"(
CREATE OR REPLACE VIEW millrace_information_schema.schemata AS
SELECT 'def' AS "CATALOG_NAME", millrace_internal.shown(schema_name) AS "SCHEMA_NAME",
       'utf8mb4' AS "DEFAULT_CHARACTER_SET_NAME", 'utf8mb4_bin' AS "DEFAULT_COLLATION_NAME",
       CAST(NULL AS VARCHAR) AS "SQL_PATH", 'NO' AS "DEFAULT_ENCRYPTION"
FROM duckdb_schemas() WHERE millrace_internal.visible(database_name, schema_name);
CREATE OR REPLACE VIEW millrace_information_schema.tables AS
SELECT 'def' AS "TABLE_CATALOG", millrace_internal.shown(schema_name) AS "TABLE_SCHEMA",
       millrace_internal.shown_table(schema_name, table_name) AS "TABLE_NAME",
       CASE WHEN schema_name = 'millrace_information_schema' THEN 'SYSTEM VIEW'
            ELSE kind END AS "TABLE_TYPE",
       CASE WHEN kind = 'BASE TABLE' THEN 'DuckDB' END AS "ENGINE", 10 AS "VERSION",
       CASE WHEN kind = 'BASE TABLE' THEN 'Dynamic' END AS "ROW_FORMAT", size AS "TABLE_ROWS",
       CAST(NULL AS BIGINT) AS "AVG_ROW_LENGTH", CAST(NULL AS BIGINT) AS "DATA_LENGTH",
       CAST(NULL AS BIGINT) AS "MAX_DATA_LENGTH", CAST(NULL AS BIGINT) AS "INDEX_LENGTH",
       CAST(NULL AS BIGINT) AS "DATA_FREE", CAST(NULL AS BIGINT) AS "AUTO_INCREMENT",
       CAST(NULL AS TIMESTAMP) AS "CREATE_TIME", CAST(NULL AS TIMESTAMP) AS "UPDATE_TIME",
       CAST(NULL AS TIMESTAMP) AS "CHECK_TIME",
       CASE WHEN kind = 'BASE TABLE' THEN 'utf8mb4_bin' END AS "TABLE_COLLATION",
       CAST(NULL AS BIGINT) AS "CHECKSUM", '' AS "CREATE_OPTIONS",
       CASE WHEN kind = 'VIEW' THEN 'VIEW' ELSE '' END AS "TABLE_COMMENT"
FROM (SELECT database_name, schema_name, table_name, 'BASE TABLE' AS kind, estimated_size AS size
      FROM duckdb_tables()
      UNION ALL SELECT database_name, schema_name, view_name, 'VIEW', NULL FROM duckdb_views())
WHERE millrace_internal.visible(database_name, schema_name);
CREATE OR REPLACE VIEW millrace_information_schema.views AS
SELECT 'def' AS "TABLE_CATALOG", millrace_internal.shown(schema_name) AS "TABLE_SCHEMA",
       millrace_internal.shown_table(schema_name, view_name) AS "TABLE_NAME",
       sql AS "VIEW_DEFINITION", 'NONE' AS "CHECK_OPTION",
       'NO' AS "IS_UPDATABLE", 'root@%' AS "DEFINER", 'INVOKER' AS "SECURITY_TYPE",
       'utf8mb4' AS "CHARACTER_SET_CLIENT", 'utf8mb4_bin' AS "COLLATION_CONNECTION"
FROM duckdb_views() WHERE millrace_internal.visible(database_name, schema_name);
)";

// A key's column is PRI of a primary key, UNI of a unique key of one column, MUL of any other.
constexpr const char* kColumns = R"(
CREATE OR REPLACE VIEW millrace_information_schema.columns AS
SELECT 'def' AS "TABLE_CATALOG", millrace_internal.shown(c.schema_name) AS "TABLE_SCHEMA",
       millrace_internal.shown_table(c.schema_name, c.table_name) AS "TABLE_NAME",
       c.column_name AS "COLUMN_NAME",
       CAST(c.column_index AS BIGINT) AS "ORDINAL_POSITION",
       CASE WHEN c.generation IS NULL THEN millrace_internal.shown_default(c.column_default)
         END AS "COLUMN_DEFAULT",
       CASE WHEN c.is_nullable THEN 'YES' ELSE 'NO' END AS "IS_NULLABLE",
       millrace_internal.data_type(c.data_type) AS "DATA_TYPE",
       CASE WHEN c.data_type IN ('VARCHAR', 'BLOB') THEN 4294967295
       END AS "CHARACTER_MAXIMUM_LENGTH",
       CASE WHEN c.data_type IN ('VARCHAR', 'BLOB') THEN 4294967295
       END AS "CHARACTER_OCTET_LENGTH",
       CAST(CASE c.data_type WHEN 'TINYINT' THEN 3 WHEN 'UTINYINT' THEN 3 WHEN 'BOOLEAN' THEN 3
         WHEN 'SMALLINT' THEN 5 WHEN 'USMALLINT' THEN 5 WHEN 'INTEGER' THEN 10
         WHEN 'UINTEGER' THEN 10 WHEN 'BIGINT' THEN 19 WHEN 'UBIGINT' THEN 20
         WHEN 'HUGEINT' THEN 39 WHEN 'UHUGEINT' THEN 39 WHEN 'FLOAT' THEN 12 WHEN 'DOUBLE' THEN 22
         ELSE c.numeric_precision END AS BIGINT) AS "NUMERIC_PRECISION",
       CAST(CASE WHEN c.data_type NOT IN ('FLOAT', 'DOUBLE') THEN c.numeric_scale END AS BIGINT)
         AS "NUMERIC_SCALE",
       CAST(CASE WHEN c.data_type LIKE 'TIME%' THEN 6 END AS BIGINT) AS "DATETIME_PRECISION",
       CASE WHEN c.data_type = 'VARCHAR' THEN 'utf8mb4' END AS "CHARACTER_SET_NAME",
       CASE WHEN c.data_type = 'VARCHAR' THEN 'utf8mb4_bin' END AS "COLLATION_NAME",
       millrace_internal.column_type(c.data_type) AS "COLUMN_TYPE",
       coalesce(k.kind, '') AS "COLUMN_KEY",
       CASE WHEN c.generation IS NOT NULL THEN 'VIRTUAL GENERATED'
            WHEN starts_with(c.column_default, 'nextval(') THEN 'auto_increment'
            WHEN contains(millrace_internal.shown_default(c.column_default), '(')
              AND NOT starts_with(c.column_default, '''')
              THEN 'DEFAULT_GENERATED' ELSE '' END AS "EXTRA",
       'select,insert,update,references' AS "PRIVILEGES",
       coalesce(c.comment, '') AS "COLUMN_COMMENT",
       coalesce(c.generation, '') AS "GENERATION_EXPRESSION",
       CAST(NULL AS BIGINT) AS "SRS_ID"
FROM millrace_internal.told_columns c
LEFT JOIN (SELECT "TABLE_SCHEMA" AS s, "TABLE_NAME" AS t, "COLUMN_NAME" AS n,
                  CASE min(CASE WHEN "INDEX_NAME" = 'PRIMARY' THEN 0
                                WHEN "NON_UNIQUE" = 0 AND parts = 1 THEN 1 ELSE 2 END)
                    WHEN 0 THEN 'PRI' WHEN 1 THEN 'UNI' ELSE 'MUL' END AS kind
           FROM (SELECT *, count(*) OVER (PARTITION BY "TABLE_SCHEMA", "TABLE_NAME", "INDEX_NAME")
                   AS parts FROM millrace_information_schema.statistics)
           WHERE "INDEX_NAME" = 'PRIMARY' OR "SEQ_IN_INDEX" = 1 GROUP BY ALL) k
  ON k.s = millrace_internal.shown(c.schema_name) AND k.t = c.table_name AND k.n = c.column_name
WHERE millrace_internal.visible(c.database_name, c.schema_name);
)";

// DuckDB shows an index's columns as a list in text; a name that needs quotes has them.
constexpr const char* kKeys = R"(
CREATE OR REPLACE VIEW millrace_information_schema.statistics AS
SELECT 'def' AS "TABLE_CATALOG", millrace_internal.shown(schema_name) AS "TABLE_SCHEMA",
       table_name AS "TABLE_NAME", CAST(CASE WHEN is_unique THEN 0 ELSE 1 END AS BIGINT)
         AS "NON_UNIQUE",
       millrace_internal.shown(schema_name) AS "INDEX_SCHEMA", index_name AS "INDEX_NAME",
       CAST(generate_subscripts(names, 1) AS BIGINT) AS "SEQ_IN_INDEX",
       unnest(names) AS "COLUMN_NAME", 'A' AS "COLLATION", CAST(NULL AS BIGINT) AS "CARDINALITY",
       CAST(NULL AS BIGINT) AS "SUB_PART", CAST(NULL AS VARCHAR) AS "PACKED",
       CASE WHEN index_name = 'PRIMARY' THEN '' ELSE 'YES' END AS "NULLABLE",
       'BTREE' AS "INDEX_TYPE", '' AS "COMMENT", '' AS "INDEX_COMMENT", 'YES' AS "IS_VISIBLE",
       CAST(NULL AS VARCHAR) AS "EXPRESSION"
FROM (SELECT database_name, schema_name, table_name, true AS is_unique,
             CASE constraint_type WHEN 'PRIMARY KEY' THEN 'PRIMARY' ELSE constraint_name END
               AS index_name, constraint_column_names AS names
      FROM duckdb_constraints() WHERE constraint_type IN ('PRIMARY KEY', 'UNIQUE')
      UNION ALL
      SELECT database_name, schema_name, table_name, is_unique, index_name,
             [trim(name, '"'' ') for name in string_split(expressions[2:-2], ', ')]
      FROM duckdb_indexes())
WHERE millrace_internal.visible(database_name, schema_name);
CREATE OR REPLACE VIEW millrace_information_schema.table_constraints AS
SELECT 'def' AS "CONSTRAINT_CATALOG", millrace_internal.shown(schema_name) AS "CONSTRAINT_SCHEMA",
       CASE constraint_type WHEN 'PRIMARY KEY' THEN 'PRIMARY' ELSE constraint_name END
         AS "CONSTRAINT_NAME",
       millrace_internal.shown(schema_name) AS "TABLE_SCHEMA", table_name AS "TABLE_NAME",
       constraint_type AS "CONSTRAINT_TYPE", 'YES' AS "ENFORCED"
FROM duckdb_constraints()
WHERE constraint_type <> 'NOT NULL' AND millrace_internal.visible(database_name, schema_name);
CREATE OR REPLACE VIEW millrace_information_schema.check_constraints AS
SELECT 'def' AS "CONSTRAINT_CATALOG", millrace_internal.shown(schema_name) AS "CONSTRAINT_SCHEMA",
       constraint_name AS "CONSTRAINT_NAME", expression AS "CHECK_CLAUSE"
FROM duckdb_constraints()
WHERE constraint_type = 'CHECK' AND millrace_internal.visible(database_name, schema_name);
CREATE OR REPLACE VIEW millrace_information_schema.key_column_usage AS
SELECT 'def' AS "CONSTRAINT_CATALOG", millrace_internal.shown(schema_name) AS "CONSTRAINT_SCHEMA",
       CASE constraint_type WHEN 'PRIMARY KEY' THEN 'PRIMARY' ELSE constraint_name END
         AS "CONSTRAINT_NAME",
       'def' AS "TABLE_CATALOG", millrace_internal.shown(schema_name) AS "TABLE_SCHEMA",
       table_name AS "TABLE_NAME", unnest(constraint_column_names) AS "COLUMN_NAME",
       CAST(generate_subscripts(constraint_column_names, 1) AS BIGINT) AS "ORDINAL_POSITION",
       CASE WHEN referenced_table IS NOT NULL
         THEN CAST(generate_subscripts(constraint_column_names, 1) AS BIGINT)
         END AS "POSITION_IN_UNIQUE_CONSTRAINT",
       CASE WHEN referenced_table IS NOT NULL THEN millrace_internal.shown(schema_name) END
         AS "REFERENCED_TABLE_SCHEMA",
       referenced_table AS "REFERENCED_TABLE_NAME",
       CASE WHEN referenced_table IS NOT NULL THEN unnest(referenced_column_names) END
         AS "REFERENCED_COLUMN_NAME"
FROM duckdb_constraints()
WHERE constraint_type IN ('PRIMARY KEY', 'UNIQUE', 'FOREIGN KEY')
  AND millrace_internal.visible(database_name, schema_name);
CREATE OR REPLACE VIEW millrace_information_schema.referential_constraints AS
SELECT 'def' AS "CONSTRAINT_CATALOG", millrace_internal.shown(schema_name) AS "CONSTRAINT_SCHEMA",
       constraint_name AS "CONSTRAINT_NAME", 'def' AS "UNIQUE_CONSTRAINT_CATALOG",
       millrace_internal.shown(schema_name) AS "UNIQUE_CONSTRAINT_SCHEMA",
       'PRIMARY' AS "UNIQUE_CONSTRAINT_NAME", 'NONE' AS "MATCH_OPTION",
       'NO ACTION' AS "UPDATE_RULE", 'NO ACTION' AS "DELETE_RULE", table_name AS "TABLE_NAME",
       referenced_table AS "REFERENCED_TABLE_NAME"
FROM duckdb_constraints()
WHERE constraint_type = 'FOREIGN KEY' AND millrace_internal.visible(database_name, schema_name);
)";

constexpr const char* kServer = R"(
CREATE OR REPLACE VIEW millrace_information_schema.character_sets AS
SELECT 'utf8mb4' AS "CHARACTER_SET_NAME", 'utf8mb4_bin' AS "DEFAULT_COLLATE_NAME",
       'UTF-8 Unicode' AS "DESCRIPTION", CAST(4 AS BIGINT) AS "MAXLEN";
CREATE OR REPLACE VIEW millrace_information_schema.collations AS
SELECT 'utf8mb4_bin' AS "COLLATION_NAME", 'utf8mb4' AS "CHARACTER_SET_NAME",
       CAST(46 AS BIGINT) AS "ID", 'Yes' AS "IS_DEFAULT", 'Yes' AS "IS_COMPILED",
       CAST(1 AS BIGINT) AS "SORTLEN", 'PAD SPACE' AS "PAD_ATTRIBUTE";
CREATE OR REPLACE VIEW millrace_information_schema.collation_character_set_applicability AS
SELECT 'utf8mb4_bin' AS "COLLATION_NAME", 'utf8mb4' AS "CHARACTER_SET_NAME";
CREATE OR REPLACE VIEW millrace_information_schema.engines AS
SELECT 'DuckDB' AS "ENGINE", 'DEFAULT' AS "SUPPORT", 'Columns in one file' AS "COMMENT",
       'YES' AS "TRANSACTIONS", 'NO' AS "XA", 'NO' AS "SAVEPOINTS";
CREATE OR REPLACE VIEW millrace_information_schema.keywords AS
SELECT upper(keyword_name) AS "WORD",
       CAST(CASE WHEN keyword_category = 'reserved' THEN 1 ELSE 0 END AS BIGINT) AS "RESERVED"
FROM duckdb_keywords();
)";

/// What MySQL has a table of, and millrace has none of: views without rows, so that who asks for
/// all of them is told so.
struct Absent {
  std::string_view name;
  std::string_view columns;  // separated by blanks; all of them texts
};
constexpr auto kAbsent = std::to_array<Absent>({
    {"routines",
     "SPECIFIC_NAME ROUTINE_CATALOG ROUTINE_SCHEMA ROUTINE_NAME ROUTINE_TYPE DATA_TYPE "
     "ROUTINE_BODY ROUTINE_DEFINITION IS_DETERMINISTIC SQL_DATA_ACCESS SECURITY_TYPE CREATED "
     "LAST_ALTERED SQL_MODE ROUTINE_COMMENT DEFINER DTD_IDENTIFIER"},
    {"parameters",
     "SPECIFIC_CATALOG SPECIFIC_SCHEMA SPECIFIC_NAME ORDINAL_POSITION PARAMETER_MODE "
     "PARAMETER_NAME DATA_TYPE CHARACTER_MAXIMUM_LENGTH CHARACTER_OCTET_LENGTH NUMERIC_PRECISION "
     "NUMERIC_SCALE DATETIME_PRECISION CHARACTER_SET_NAME COLLATION_NAME DTD_IDENTIFIER "
     "ROUTINE_TYPE"},
    {"triggers",
     "TRIGGER_CATALOG TRIGGER_SCHEMA TRIGGER_NAME EVENT_MANIPULATION EVENT_OBJECT_CATALOG "
     "EVENT_OBJECT_SCHEMA EVENT_OBJECT_TABLE ACTION_ORDER ACTION_CONDITION ACTION_STATEMENT "
     "ACTION_ORIENTATION ACTION_TIMING CREATED SQL_MODE DEFINER"},
    {"events",
     "EVENT_CATALOG EVENT_SCHEMA EVENT_NAME DEFINER TIME_ZONE EVENT_BODY EVENT_DEFINITION "
     "EVENT_TYPE EXECUTE_AT INTERVAL_VALUE INTERVAL_FIELD STARTS ENDS STATUS ON_COMPLETION"},
    {"partitions",
     "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME PARTITION_NAME SUBPARTITION_NAME "
     "PARTITION_ORDINAL_POSITION PARTITION_METHOD PARTITION_EXPRESSION TABLE_ROWS"},
    {"table_privileges",
     "GRANTEE TABLE_CATALOG TABLE_SCHEMA TABLE_NAME PRIVILEGE_TYPE IS_GRANTABLE"},
    {"column_privileges",
     "GRANTEE TABLE_CATALOG TABLE_SCHEMA TABLE_NAME COLUMN_NAME PRIVILEGE_TYPE IS_GRANTABLE"},
    {"schema_privileges", "GRANTEE TABLE_CATALOG TABLE_SCHEMA PRIVILEGE_TYPE IS_GRANTABLE"},
    {"files", "FILE_ID FILE_NAME FILE_TYPE TABLESPACE_NAME TABLE_SCHEMA TABLE_NAME ENGINE"},
});

std::string absent_view(const Absent& absent) {
  std::string columns;
  std::string_view rest = absent.columns;
  while (!rest.empty()) {
    const auto name = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    columns += columns.empty() ? "" : ", ";
    columns += "CAST(NULL AS VARCHAR) AS \"" + std::string(name) + "\"";
  }
  return "CREATE OR REPLACE VIEW millrace_information_schema." + std::string(absent.name) +
         " AS SELECT " + columns + " WHERE false;\n";
}

}  // namespace

std::string information_schema_views() {
  std::string sql = std::string(kMacros) + kTables + kKeys + kColumns + kServer;
  for (const auto& absent : kAbsent) sql += absent_view(absent);
  return sql;
}

}  // namespace millrace::store
