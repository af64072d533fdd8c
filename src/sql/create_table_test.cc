// CREATE TABLE in MySQL's words to the store's.
#include "sql/reading_test.h"

namespace millrace::sql {
namespace {

/// The columns and keys of CREATE TABLE db.t (...), as the store gets them.
std::string columns(std::string_view text, std::string_view options = "") {
  const auto create =
      read_as<CreateTable>("CREATE TABLE t (" + std::string(text) + ")" + std::string(options));
  constexpr std::string_view kBefore = "CREATE TABLE \"db\".\"t\" (";
  if (!create.sql.starts_with(kBefore)) return create.sql;
  return create.sql.substr(kBefore.size(), create.sql.size() - kBefore.size() - 1);
}

std::string type(std::string_view text) {
  const std::string sql = columns("a " + std::string(text));
  return sql.starts_with("\"a\" ") ? sql.substr(4) : sql;
}

TEST(ColumnType, MysqlsTypesBecomeTheStores) {
  const std::vector<std::pair<std::string_view, std::string_view>> kTypes{
      {"TINYINT(1)", "TINYINT"},
      {"tinyint unsigned", "UTINYINT"},
      {"SMALLINT(5) UNSIGNED ZEROFILL", "USMALLINT"},
      {"MEDIUMINT", "INTEGER"},
      {"INT(11)", "INTEGER"},
      {"INT UNSIGNED", "UINTEGER"},
      {"INTEGER SIGNED", "INTEGER"},
      {"BIGINT(20) UNSIGNED", "UBIGINT"},
      {"FLOAT(7,2)", "FLOAT"},
      {"DOUBLE PRECISION", "DOUBLE"},
      {"DOUBLE UNSIGNED", "DOUBLE"},
      {"REAL", "DOUBLE"},
      {"DECIMAL", "DECIMAL(10,0)"},
      {"DECIMAL(12)", "DECIMAL(12,0)"},
      {"NUMERIC(10, 2) UNSIGNED", "DECIMAL(10,2)"},
      {"BOOL", "BOOLEAN"},
      {"BIT", "BOOLEAN"},
      {"BIT(8)", "UBIGINT"},
      {"CHAR(3)", "VARCHAR"},
      {"CHARACTER VARYING(10)", "VARCHAR"},
      {"VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", "VARCHAR"},
      {"LONGTEXT", "VARCHAR"},
      {"VARBINARY(16)", "BLOB"},
      {"MEDIUMBLOB", "BLOB"},
      {"DATE", "DATE"},
      {"DATETIME(6)", "TIMESTAMP"},
      {"TIMESTAMP(3)", "TIMESTAMP"},
      {"TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE"},
      {"TIME", "TIME"},
      {"YEAR", "SMALLINT"},
      {"JSON", "JSON"},
      {"ENUM('a', \"b\")", "ENUM('a', 'b')"},
      {"HUGEINT", "HUGEINT"},
      {"INTEGER[]", "INTEGER[]"},
      {"DOUBLE[3]", "DOUBLE[3]"},
      {"STRUCT(x INTEGER, `y z` VARCHAR)", "STRUCT(x INTEGER, \"y z\" VARCHAR)"},
  };
  for (const auto& [mysql, store] : kTypes) EXPECT_EQ(type(mysql), store) << mysql;
  EXPECT_EQ(error_of("CREATE TABLE t (a SET('x'))"), "18: column type SET is not supported");
  EXPECT_EQ(error_of("CREATE TABLE t (a DECIMAL(65,30))"),
            "26: the number of digits must be between 1 and 38");
}

TEST(CreateTable, ColumnsHaveAttributes) {
  EXPECT_EQ(type("INT NOT NULL DEFAULT 5 COMMENT 'five'"), "INTEGER NOT NULL DEFAULT 5");
  EXPECT_EQ(type("INT NULL DEFAULT NULL"), "INTEGER DEFAULT NULL");
  EXPECT_EQ(type("INT DEFAULT -1"), "INTEGER DEFAULT -1");
  EXPECT_EQ(type("VARCHAR(9) DEFAULT _utf8mb4'x'"), "VARCHAR DEFAULT 'x'");
  EXPECT_EQ(type("VARCHAR(9) DEFAULT \"it's\""), "VARCHAR DEFAULT 'it''s'");
  EXPECT_EQ(type("TIMESTAMP DEFAULT CURRENT_TIMESTAMP(6)"), "TIMESTAMP DEFAULT now()");
  EXPECT_EQ(type("DATETIME DEFAULT CURRENT_TIMESTAMP"), "TIMESTAMP DEFAULT CURRENT_TIMESTAMP");
  EXPECT_EQ(type("INT DEFAULT (1 + 2)"), "INTEGER DEFAULT (1 + 2)");
  EXPECT_EQ(type("INT PRIMARY KEY"), "INTEGER PRIMARY KEY");
  EXPECT_EQ(type("INT UNIQUE KEY"), "INTEGER UNIQUE");
  EXPECT_EQ(type("INT CHECK (a > 0)"), "INTEGER CHECK (a > 0)");
  EXPECT_EQ(type("INT GENERATED ALWAYS AS (b * 2) VIRTUAL"),
            "INTEGER GENERATED ALWAYS AS (b * 2) VIRTUAL");
  EXPECT_EQ(type("INT REFERENCES u (b) ON DELETE NO ACTION"),
            "INTEGER REFERENCES \"db\".\"u\" (\"b\")");
}

TEST(CreateTable, KeysAndConstraints) {
  EXPECT_EQ(columns("`a b` INT, PRIMARY KEY (`a b`)"), "\"a b\" INTEGER, PRIMARY KEY (\"a b\")");
  EXPECT_EQ(columns("a TEXT, UNIQUE KEY `u` (a(10) DESC) USING BTREE"),
            "\"a\" VARCHAR, UNIQUE (\"a\")");
  EXPECT_EQ(columns("a INT, UNIQUE (a)"), "\"a\" INTEGER, UNIQUE (\"a\")");
  EXPECT_EQ(columns("a INT, CONSTRAINT c CHECK (a > 0)"),
            "\"a\" INTEGER, CONSTRAINT \"c\" CHECK (a > 0)");
  EXPECT_EQ(columns("a INT, CONSTRAINT f FOREIGN KEY (a) REFERENCES x.u (b)"),
            "\"a\" INTEGER, CONSTRAINT \"f\" FOREIGN KEY (\"a\") REFERENCES \"x\".\"u\" (\"b\")");
  EXPECT_EQ(columns("`key` INT, `index` VARCHAR(10)"), "\"key\" INTEGER, \"index\" VARCHAR");
  const auto keys = read_as<CreateTable>(
      "CREATE TABLE t (a INT, KEY k (a), INDEX (a), SHARD KEY (a), SORT KEY (a))");
  EXPECT_EQ(keys.sql, "CREATE TABLE \"db\".\"t\" (\"a\" INTEGER)");
  EXPECT_EQ(keys.warnings.size(), 4U);
}

TEST(CreateTable, AutoIncrementIsASequence) {
  const auto create = read_as<CreateTable>(
      "CREATE TABLE IF NOT EXISTS x.t (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, a INT)"
      " ENGINE=InnoDB AUTO_INCREMENT=7");
  EXPECT_EQ(create.name, (engine::ObjectName{"x", "t"}));
  EXPECT_TRUE(create.if_not_exists);
  EXPECT_EQ(create.sequences,
            std::vector<std::string>{"CREATE OR REPLACE SEQUENCE \"x\".\"t_id_seq\" START WITH 7"});
  EXPECT_EQ(create.sql,
            "CREATE TABLE IF NOT EXISTS \"x\".\"t\" (\"id\" BIGINT NOT NULL"
            " DEFAULT nextval('\"x\".\"t_id_seq\"') PRIMARY KEY, \"a\" INTEGER)");
  const auto serial = read_as<CreateTable>("CREATE TEMPORARY TABLE t (id SERIAL)");
  EXPECT_TRUE(serial.temporary);
  EXPECT_EQ(
      serial.sequences,
      std::vector<std::string>{"CREATE OR REPLACE TEMPORARY SEQUENCE \"t_id_seq\" START WITH 1"});
  EXPECT_EQ(serial.sql,
            "CREATE TEMPORARY TABLE \"t\" (\"id\" UBIGINT NOT NULL UNIQUE DEFAULT"
            " nextval('\"t_id_seq\"'))");
}

TEST(CreateTable, OptionsAreCheckedAndLeftOut) {
  EXPECT_EQ(
      columns("a INT",
              " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE='utf8mb4_bin', ROW_FORMAT COMPACT"
              " COMMENT 'x' DEFAULT CHARACTER SET = utf8 STATS_PERSISTENT=0"),
      "\"a\" INTEGER");
  EXPECT_EQ(error_of("CREATE TABLE t (a INT) ENGIN=InnoDB"),
            "23: syntax error near \"ENGIN\": a table option or the end of the statement is "
            "expected. Did you mean ENGINE?");
  EXPECT_EQ(error_of("CREATE TABLE t (a INT) PARTITION BY HASH(a)"),
            "23: PARTITION BY is not supported");
  EXPECT_EQ(error_of("CREATE TABLE t (a INT) ENGINE="),
            "30: syntax error at the end of the statement: a value is expected");
}

TEST(CreateTable, WhatWouldChangeTheMeaningIsAnError) {
  EXPECT_EQ(error_of("CREATE TABLE t (a TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)"),
            "28: ON UPDATE is not supported");
  EXPECT_EQ(error_of("CREATE TABLE t (a INT REFERENCES u (b) ON DELETE CASCADE)"),
            "39: ON DELETE CASCADE is not supported");
  EXPECT_EQ(error_of("CREATE TABLE t (a TEXT, FULLTEXT KEY (a))"),
            "24: FULLTEXT KEY is not supported");
  EXPECT_EQ(error_of("CREATE TABLE t LIKE s"), "15: CREATE TABLE ... LIKE is not supported");
  EXPECT_EQ(error_of("CREATE TABLE t (a INT) AS SELECT 1"),
            "23: CREATE TABLE with columns and a query is not supported");
  EXPECT_EQ(error_of("CREATE TABLE t (a INT NOTNULL)"),
            "22: syntax error near \"NOTNULL\": a column's attribute, \",\" or \")\" is expected");
  EXPECT_EQ(error_of("CREATE TABLE t (a)"), "17: syntax error near \")\": a type is expected");
  EXPECT_EQ(error_of("CREATE TABLE t (a INT", ""),
            "-1: no database is selected. USE a database first, or write database.name.");
  EXPECT_EQ(error_of("CREATE TABLE t (a INT"),
            "21: syntax error at the end of the statement: a column's attribute, \",\" or \")\" is "
            "expected");
}

}  // namespace
}  // namespace millrace::sql
