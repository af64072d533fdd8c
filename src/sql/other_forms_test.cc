// Statements in MySQL's own form become the store's, or stay as they are.
#include "sql/other_forms.h"

#include <gmock/gmock.h>

namespace millrace::sql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> forms(std::string_view text) {
  const auto tokens = lex(text, {});
  EXPECT_TRUE(tokens) << text;
  return other_forms(text, *tokens, {});
}

TEST(OtherForms, WhatTheStoreReadsStays) {
  for (const char* text : {"SELECT 1",
                           "DROP TABLE t",
                           "DROP TABLE IF EXISTS d.t CASCADE",
                           "DROP INDEX i",
                           "CREATE VIEW v AS SELECT 1",
                           "CREATE TABLE t (a INT)",
                           "CREATE TABLE t AS SELECT 1",
                           "UPDATE t SET a = 1 WHERE b IN (SELECT c FROM u LIMIT 1)",
                           "DELETE FROM t",
                           "ANALYZE t",
                           "INSERT INTO t VALUES (1)",
                           "INSERT INTO t (a) SELECT 1",
                           "ALTER TABLE t DROP COLUMN a",
                           "ALTER TABLE t RENAME TO u",
                           "RENAME TABLE a.t TO b.t",
                           "CHECK MODEL m",
                           "INSERT INTO t SET a",
                           "UPDATE t JOIN u ON true SET a = 1 LIMIT 1",
                           "DROP",
                           "ALTER TABLE"})
    EXPECT_THAT(forms(text), IsEmpty()) << text;
}

TEST(OtherForms, AnInsertMaySetItsColumns) {
  EXPECT_THAT(forms("INSERT IGNORE INTO d.t SET a = 1, `b c` = f(2, 3), c = DEFAULT"),
              ElementsAre("INSERT IGNORE INTO d.t (a, `b c`, c) VALUES (1, f(2, 3), DEFAULT)"));
  EXPECT_THAT(forms("REPLACE t SET a = ?"), ElementsAre("REPLACE t (a) VALUES (?)"));
  EXPECT_THAT(forms("INSERT INTO t SET a = 1 ON DUPLICATE KEY UPDATE a = 2"),
              ElementsAre("INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a = 2"));
}

TEST(OtherForms, OfSeveralEachIsAStatement) {
  EXPECT_THAT(forms("DROP TABLE IF EXISTS a, d.b RESTRICT"),
              ElementsAre("DROP TABLE IF EXISTS a", "DROP TABLE IF EXISTS d.b"));
  EXPECT_THAT(forms("RENAME TABLE a TO b, d.c TO d.e"),
              ElementsAre("ALTER TABLE a RENAME TO b", "ALTER TABLE d.c RENAME TO e"));
}

TEST(OtherForms, RowsAreChosenByAQuery) {
  EXPECT_THAT(forms("UPDATE t SET a = 1 WHERE b ORDER BY c LIMIT ?"),
              ElementsAre("UPDATE t SET a = 1 WHERE rowid IN (SELECT rowid FROM t WHERE b ORDER BY "
                          "c LIMIT ?)"));
  EXPECT_THAT(forms("DELETE FROM d.t LIMIT 5"),
              ElementsAre("DELETE FROM d.t WHERE rowid IN (SELECT rowid FROM d.t LIMIT 5)"));
}

TEST(OtherForms, ActionsOfAlterTableAreTakenApart) {
  EXPECT_THAT(forms("ALTER TABLE d.t ADD COLUMN a INT UNSIGNED NOT NULL DEFAULT -5 COMMENT 'x', "
                    "CHANGE b c VARCHAR(9) NULL, DROP KEY k, ENGINE = InnoDB"),
              ElementsAre("ALTER TABLE d.t ADD COLUMN a UINTEGER DEFAULT -5",
                          "ALTER TABLE d.t ALTER COLUMN a SET NOT NULL",
                          "ALTER TABLE d.t RENAME COLUMN b TO c",
                          "ALTER TABLE d.t ALTER COLUMN c TYPE VARCHAR",
                          "ALTER TABLE d.t ALTER COLUMN c DROP DEFAULT",
                          "ALTER TABLE d.t ALTER COLUMN c DROP NOT NULL", "DROP INDEX d.k"));
  EXPECT_THAT(forms("ALTER TABLE t ADD UNIQUE KEY (a, b)"),
              ElementsAre("CREATE UNIQUE INDEX `a_key` ON t (a, b)"));
  EXPECT_THAT(forms("ALTER TABLE t ENGINE = InnoDB"), ElementsAre("ALTER TABLE t ENABLE KEYS"));
}

TEST(OtherForms, WordsThatSayNothingAreLeftOut) {
  EXPECT_THAT(forms("CREATE OR REPLACE ALGORITHM = MERGE DEFINER = `a`@`%` SQL SECURITY INVOKER "
                    "VIEW v AS SELECT 1"),
              ElementsAre("CREATE OR REPLACE VIEW v AS SELECT 1"));
  EXPECT_THAT(forms("CREATE TABLE t SELECT 1"), ElementsAre("CREATE TABLE t AS SELECT 1"));
  EXPECT_THAT(forms("DROP INDEX i ON d.t"), ElementsAre("DROP INDEX d.i"));
}

}  // namespace
}  // namespace millrace::sql
