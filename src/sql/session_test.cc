// What a session sends where: statements to the store, calls to the engine and the host; and what
// it keeps: transactions, warnings, variables, the current database.
#include "sql/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/fake_world_test.h"

namespace millrace::sql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Rows number(std::string value) {
  Rows rows;
  rows.add_column("n", store::SqlType::kBigint);
  rows.rows.push_back({std::move(value)});
  return rows;
}

class SessionTest : public testing::Test {
 protected:
  SessionTest() {
    auto opened = SqlSession::open(store_, engine_, {7, "root", "127.0.0.1:51234"}, host_);
    EXPECT_TRUE(opened);
    session_ = std::move(*opened);
    run("USE db");
    (void)world_.take_log();
  }

  /// The rows as "a|b" a line, "ok N" and the warnings, or the error.
  std::string run(std::string_view text) {
    auto execution = session_->execute(text);
    if (!execution) return "error: " + execution.error().to_string();
    std::string all;
    while (!(*execution)->done()) {
      auto result = (*execution)->next();
      all += all.empty() ? "" : "; ";
      if (!result) return all + "error: " + result.error().to_string();
      if (!result->stream) {
        all += "ok " + std::to_string(result->rows_changed);
      } else {
        all += shown(*result->stream);
      }
      if (result->warnings != 0) all += " warnings " + std::to_string(result->warnings);
    }
    return all;
  }
  static std::string shown(store::ResultStream& stream) {
    const auto rows = read_all(stream);
    if (!rows) return "error: " + rows.error().to_string();
    std::string result;
    for (const auto& row : rows->rows) {
      result += result.empty() ? "" : "\n";
      for (size_t i = 0; i < row.size(); ++i)
        result += (i > 0 ? "|" : "") + row[i].value_or("NULL");
    }
    return result;
  }

  FakeWorld world_;
  FakeStore store_{world_};
  FakeEngine engine_{world_};
  FakeHost host_{world_};
  std::unique_ptr<SqlSession> session_;
};

TEST_F(SessionTest, TheStoresStatementsGoToItTranslated) {
  world_.answers = {{"SELECT", number("1")}};
  EXPECT_EQ(run("SELECT `a` FROM t LIMIT 1, 2;"), "1");
  EXPECT_THAT(world_.take_log(), ElementsAre("SELECT \"a\" FROM t LIMIT 2 OFFSET 1"));
  world_.rows_changed = 3;
  EXPECT_EQ(run("DELETE FROM t"), "ok 3");
  world_.answers.clear();
  EXPECT_EQ(run("SELECT ROW_COUNT()"), "ok 3");
  EXPECT_THAT(world_.take_log(), ElementsAre("DELETE FROM t", "SELECT 3 AS \"ROW_COUNT()\""));
}

TEST_F(SessionTest, TheStoresErrorsPointIntoTheWholeText) {
  Error error(Code::kSyntax, "syntax error at or near \"x\"");
  error.position = 12;  // in the translated text: SELECT \"a\" x
  world_.failures = {{"SELECT \"a\"", error}};
  auto execution = session_->execute("SELECT a;\n  SELECT `a`  x");
  ASSERT_TRUE(execution);
  ASSERT_TRUE((*execution)->next());
  const auto result = (*execution)->next();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().position, 24);
  EXPECT_EQ(result.error().detail, "At line 2, column 15.");
  EXPECT_TRUE((*execution)->done());
}

TEST_F(SessionTest, ManyStatementsRunInTurnUntilOneFails) {
  world_.failures = {{"SELECT b", Error(Code::kNotFound, "no")}};
  EXPECT_EQ(run("SELECT a; SELECT b; SELECT c"), "ok 0; error: no");
  EXPECT_THAT(world_.take_log(), ElementsAre("SELECT a", "SELECT b"));
  session_->allow_multi_statements(false);
  EXPECT_EQ(run("SELECT a; SELECT b"),
            "error: only one statement is allowed at a time. At line 1, column 10. The client must "
            "ask for several when it connects.");
  EXPECT_EQ(run("SELECT a; -- nothing more\n;"), "ok 0");
}

TEST_F(SessionTest, NothingRunsOfATextThatIsNotFinished) {
  EXPECT_EQ(run("DELETE FROM t; SELECT 'x"), "error: unfinished string. At line 1, column 23.");
  EXPECT_EQ(run(""), "error: the statement is empty");
  EXPECT_EQ(run(" ; -- x"), "error: the statement is empty");
  EXPECT_THAT(world_.take_log(), IsEmpty());
}

TEST_F(SessionTest, TransactionsAreTheStores) {
  EXPECT_TRUE(session_->autocommit());
  run("BEGIN; INSERT INTO t VALUES (1)");
  EXPECT_TRUE(session_->in_transaction());
  run("START TRANSACTION");  // commits the one before
  run("ROLLBACK; ROLLBACK; COMMIT");
  EXPECT_THAT(world_.take_log(), ElementsAre("BEGIN TRANSACTION", "INSERT INTO t VALUES (1)",
                                             "COMMIT", "BEGIN TRANSACTION", "ROLLBACK"));
}

TEST_F(SessionTest, WithoutAutocommitAStatementOpensATransaction) {
  run("SET autocommit=0");
  EXPECT_FALSE(session_->autocommit());
  run("SELECT 1; SELECT 2; COMMIT");
  EXPECT_THAT(world_.take_log(),
              ElementsAre("BEGIN TRANSACTION", "SELECT 1 AS \"1\"", "SELECT 2 AS \"2\"", "COMMIT"));
  run("SELECT 1; SET autocommit=1");  // commits what is open
  EXPECT_THAT(world_.take_log(), ElementsAre("BEGIN TRANSACTION", "SELECT 1 AS \"1\"", "COMMIT"));
}

TEST_F(SessionTest, ChangesOfTheSchemaCommitAsInMysql) {
  run("SET autocommit=0; INSERT INTO t VALUES (1)");
  (void)world_.take_log();
  run("CREATE TABLE u (a INT)");
  EXPECT_FALSE(session_->in_transaction());
  run("INSERT INTO u VALUES (1); DROP TABLE u");
  run("CREATE TEMPORARY TABLE v (a INT)");
  EXPECT_THAT(world_.take_log(),
              ElementsAre("COMMIT", "CREATE TABLE \"db\".\"u\" (\"a\" INTEGER)",
                          "BEGIN TRANSACTION", "INSERT INTO u VALUES (1)", "COMMIT", "DROP TABLE u",
                          "CREATE TEMPORARY TABLE \"v\" (\"a\" INTEGER)"));
}

TEST_F(SessionTest, SequencesAreMadeBeforeTheirTable) {
  world_.answers = {{"SELECT count(*) FROM duckdb_columns()", number("0")}};
  EXPECT_EQ(run("CREATE TABLE t (id INT AUTO_INCREMENT)"), "ok 0");
  auto log = world_.take_log();
  ASSERT_EQ(log.size(), 5U);
  EXPECT_EQ(log[1], "BEGIN TRANSACTION");
  EXPECT_EQ(log[2], "CREATE OR REPLACE SEQUENCE \"db\".\"t_id_seq\" START WITH 1");
  EXPECT_THAT(log[3], HasSubstr("CREATE TABLE \"db\".\"t\""));
  EXPECT_EQ(log[4], "COMMIT");

  world_.answers = {{"SELECT count(*) FROM duckdb_columns()", number("1")}};
  EXPECT_EQ(run("CREATE TABLE t (id INT AUTO_INCREMENT)"),
            "error: table \"db\".\"t\" already exists");
  EXPECT_EQ(run("CREATE TABLE IF NOT EXISTS t (id INT AUTO_INCREMENT)"), "ok 0");
  EXPECT_EQ(world_.take_log().size(), 2U);

  world_.answers = {};
  world_.failures = {{"CREATE TABLE", Error(Code::kTypeMismatch, "no such type")}};
  EXPECT_EQ(run("CREATE TABLE t (id INT AUTO_INCREMENT, x NONSENSE)"), "error: no such type");
  EXPECT_EQ(world_.take_log().back(), "ROLLBACK");
}

TEST_F(SessionTest, OurStatementsGoToTheEngine) {
  EXPECT_EQ(run("CREATE MODEL m AS f()"), "ok 0");
  EXPECT_EQ(run("CREATE PIPELINE p AS LOAD DATA KAFKA 'h/t' RESOURCE POOL x INTO TABLE t"),
            "ok 0 warnings 1");
  EXPECT_EQ(run("SHOW WARNINGS"), "Warning|1105|RESOURCE POOL has no effect in millrace");
  EXPECT_EQ(run("START PIPELINE p; STOP PIPELINE x.p; START ALL PIPELINES; STOP ALL PIPELINES"),
            "ok 0; ok 0; ok 0; ok 0");
  EXPECT_EQ(run("DESCRIBE MODEL m"), "");
  EXPECT_EQ(run("SHOW CREATE MODEL m"), "m|CREATE MODEL `m` AS f()");
  EXPECT_THAT(run("SHOW CREATE PIPELINE p"), HasSubstr("p|CREATE PIPELINE `p` AS\n"));
  EXPECT_EQ(run("SHOW CREATE MODEL n"), "error: model \"db\".\"n\" does not exist");
  EXPECT_EQ(run("DROP PIPELINE p; DROP MODEL m"), "ok 0; ok 0");
  EXPECT_THAT(world_.take_log(),
              ElementsAre("create model db.m", "create pipeline db.p", "start db.p", "stop x.p",
                          "start all of db", "stop all of db", "describe model db.m",
                          "drop pipeline db.p", "drop model db.m"));
}

TEST_F(SessionTest, AModelLearnsAndIsEvaluatedOnAQuery) {
  engine_.rows_report.metrics = {{"accuracy", 0.5}, {"auc", std::nan("")}};
  engine_.rows_report.global_step = 3;
  engine_.rows_report.examples = 20;
  engine_.rows_report.version = 2;
  EXPECT_EQ(run("TRAIN MODEL m ON SELECT `a`, \"x\" FROM t"), "0.5|NULL|3|20|2");
  EXPECT_THAT(world_.take_log(), ElementsAre("query SELECT \"a\", 'x' FROM t", "train model db.m"));
  engine_.rows_report.refused = 2;
  engine_.rows_report.refusals = {"row 1: no label", "row 7: no label"};
  EXPECT_EQ(run("EVALUATE MODEL x.m VERSION 4 ON (SELECT 1)"), "0.5|NULL|3|20|2 warnings 3");
  EXPECT_EQ(run("SHOW WARNINGS"),
            "Warning|1105|2 of 22 rows were left out\nWarning|1105|row 1: no label\n"
            "Warning|1105|row 7: no label");
  EXPECT_THAT(world_.take_log(), ElementsAre("query (SELECT 1)", "evaluate version of model x.m"));
  run("BEGIN");
  run("EVALUATE MODEL m ON SELECT 1");
  run("TRAIN MODEL m ON SELECT 1");
  EXPECT_THAT(world_.take_log(),
              ElementsAre("BEGIN TRANSACTION", "query SELECT 1", "evaluate model db.m", "COMMIT",
                          "query SELECT 1", "train model db.m"));
}

TEST_F(SessionTest, TheLifeOfAModelIsTheEngines) {
  EXPECT_EQ(run("RESTORE MODEL m TO VERSION 7"), "ok 0");
  EXPECT_EQ(run("ALTER MODEL m SET learning_rate = 0.5, a.b => 'x'"), "ok 0");
  EXPECT_EQ(run("CHECK MODEL m"), "");
  EXPECT_THAT(world_.take_log(),
              ElementsAre("restore version 7 of model db.m", "learning_rate = 0.5", "a.b = 'x'",
                          "alter model db.m", "check model db.m"));
}

TEST_F(SessionTest, TheEnginesErrorsPointIntoTheStatement) {
  Error error(Code::kInvalidArgument, "optimizer \"ftlr\" does not exist", "Did you mean Ftrl?");
  error.position = 31;
  engine_.failure = error;
  EXPECT_EQ(run("SELECT a;\nCREATE MODEL m AS f(optimizer => ftlr)"),
            "ok 0; error: optimizer \"ftlr\" does not exist. At line 2, column 31. Did you mean "
            "Ftrl?");
  // Those of a pipeline are about its model, which is another text.
  EXPECT_EQ(run("CREATE PIPELINE p AS LOAD DATA KAFKA 'h/t' INTO TABLE t"),
            "error: optimizer \"ftlr\" does not exist. Did you mean Ftrl?");
}

TEST_F(SessionTest, ModelsAndPipelinesCommitFirst) {
  run("BEGIN");
  run("CREATE MODEL m AS f()");
  EXPECT_THAT(world_.take_log(), ElementsAre("BEGIN TRANSACTION", "COMMIT", "create model db.m"));
}

TEST_F(SessionTest, SystemSchemasAreReadOnly) {
  for (const std::string_view text :
       {"INSERT INTO millrace.models VALUES (1)", "CREATE TABLE millrace.t (a INT)",
        "CREATE PIPELINE p AS LOAD DATA KAFKA 'h/t' INTO TABLE millrace.models",
        "CREATE DATABASE millrace", "DROP DATABASE information_schema", "SET schema = 'millrace'",
        "SET GLOBAL search_path = 'millrace'", "PRAGMA schema='millrace'",
        "SELECT * FROM millrace_internal.settings"}) {
    EXPECT_THAT(run(text), HasSubstr("error: ")) << text;
  }
  EXPECT_EQ(run("USE millrace_internal"), "error: database \"millrace_internal\" does not exist");
  EXPECT_THAT(world_.take_log(), IsEmpty());
  run("USE information_schema");
  EXPECT_EQ(session_->database(), "information_schema");
  EXPECT_THAT(world_.take_log(), ElementsAre("use millrace_information_schema"));
}

TEST_F(SessionTest, Databases) {
  EXPECT_EQ(run("USE othr"), "error: database \"othr\" does not exist. Did you mean other?");
  EXPECT_EQ(session_->database(), "db");
  EXPECT_EQ(run("CREATE DATABASE x; CREATE DATABASE IF NOT EXISTS y"), "ok 1; ok 1");
  EXPECT_EQ(run("DROP DATABASE IF EXISTS none"), "ok 0");
  EXPECT_THAT(run("DROP DATABASE dbx"), HasSubstr("Did you mean db?"));
  EXPECT_EQ(run("DROP DATABASE other"), "ok 0");
  EXPECT_EQ(session_->database(), "db");
  EXPECT_THAT(world_.take_log(),
              ElementsAre("create database x", "create database y if not exists",
                          "check droppable other", "DROP SCHEMA \"other\" CASCADE"));
  EXPECT_EQ(run("DROP DATABASE db"), "ok 0");
  EXPECT_EQ(session_->database(), "");
  EXPECT_THAT(run("SHOW TABLES"), HasSubstr("no database is selected"));
}

TEST_F(SessionTest, ADatabaseThatCannotBeDroppedStaysTheCurrentOne) {
  world_.failures = {{"DROP SCHEMA", Error(Code::kConflict, "busy")}};
  EXPECT_EQ(run("DROP DATABASE db"), "error: busy");
  EXPECT_EQ(session_->database(), "db");
}

TEST_F(SessionTest, VariablesAreSetAndAskedFor) {
  EXPECT_EQ(run("SET SESSION sql_mode='ANSI_QUOTES', wait_timeout = 5"), "ok 0");
  EXPECT_EQ(run("SHOW VARIABLES LIKE 'wait\\_time%'"), "wait_timeout|5");
  run("SELECT \"a\"");
  EXPECT_EQ(world_.take_log().back(), "SELECT \"a\"");
  EXPECT_EQ(run("SET sql_mode=DEFAULT"), "ok 0");
  run("SELECT @@wait_timeout, @@version, @@port");
  EXPECT_EQ(world_.take_log().back(),
            "SELECT 5 AS \"@@wait_timeout\", '8.0.36-millrace-0.1.0' AS \"@@version\", 3306 AS "
            "\"@@port\"");
  EXPECT_EQ(run("SET wait_timeot = 5"),
            "error: system variable \"wait_timeot\" does not exist. At line 1, column 5. Did you "
            "mean wait_timeout?");
  (void)world_.take_log();
  EXPECT_EQ(run("SET @a = 1 + `b`"), "ok 0");
  EXPECT_EQ(world_.take_log().back(), "SET VARIABLE \"a\" = (1 + \"b\")");
  world_.answers = {{"SELECT 2 * 3", number("6")}};
  EXPECT_EQ(run("SET wait_timeout = 2 * 3"), "ok 0");
  EXPECT_EQ(run("SHOW VARIABLES LIKE 'wait_timeout'"), "wait_timeout|6");
  EXPECT_EQ(run("SET GLOBAL wait_timeout = 7"), "ok 0 warnings 1");
  EXPECT_EQ(run("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"), "ok 0");
  EXPECT_EQ(run("SHOW VARIABLES LIKE 'transaction_isolation'"),
            "transaction_isolation|READ-COMMITTED");
}

TEST_F(SessionTest, VariablesThatWouldChangeSomethingWarn) {
  EXPECT_EQ(run("SET sql_select_limit = 5, time_zone = 'Europe/Berlin'"), "ok 0 warnings 2");
  EXPECT_EQ(run("SHOW COUNT(*) WARNINGS"), "2");
  EXPECT_EQ(run("SET sql_select_limit = DEFAULT, time_zone = '+00:00', foreign_key_checks = 0"),
            "ok 0");
}

TEST_F(SessionTest, TheStoresSettingsMayBeSet) {
  world_.answers = {{"SELECT count(*) FROM duckdb_settings() WHERE name = 'threads'", number("1")},
                    {"SELECT count(*) FROM duckdb_settings()", number("0")}};
  EXPECT_EQ(run("SET threads = 2"), "ok 0");
  EXPECT_EQ(world_.take_log().back(), "SET threads = '2'");
  EXPECT_THAT(run("SET nothing_at_all = 2"), HasSubstr("does not exist"));
}

TEST_F(SessionTest, WarningsAreTheLastStatements) {
  run("CREATE TABLE t (a INT, KEY (a))");
  EXPECT_EQ(run("SHOW COUNT(*) WARNINGS"), "1");
  EXPECT_THAT(run("SHOW WARNINGS"), HasSubstr("Warning|1105|a KEY that is not unique"));
  EXPECT_THAT(run("SHOW WARNINGS"), HasSubstr("Warning|1105|"));
  run("SELECT 1");
  EXPECT_EQ(run("SHOW WARNINGS"), "");
  run("SHOW TABELS");
  EXPECT_THAT(run("SHOW ERRORS"), HasSubstr("Error|1064|syntax error near \"TABELS\""));
  EXPECT_EQ(run("SHOW COUNT(*) ERRORS"), "1");
  run("SELECT @@error_count");
  EXPECT_EQ(world_.take_log().back(), "SELECT 1 AS \"@@error_count\"");
}

TEST_F(SessionTest, ShowsOfTheServer) {
  EXPECT_EQ(run("SHOW PROCESSLIST"), "7|root|127.0.0.1:5|db|Query|3||" + std::string(100, 'x') +
                                         "\n8|root|127.0.0.1:6|NULL|Sleep|0||NULL");
  EXPECT_THAT(run("SHOW FULL PROCESSLIST"), HasSubstr(std::string(300, 'x')));
  EXPECT_EQ(run("SHOW STATUS LIKE 'uptime'"), "Uptime|60");
  EXPECT_EQ(run("SHOW ENGINES"), "DuckDB|DEFAULT|Columns in one file|YES|NO|NO");
  EXPECT_EQ(run("SHOW GRANTS"), "GRANT ALL PRIVILEGES ON *.* TO `root`@`%` WITH GRANT OPTION");
  EXPECT_EQ(run("SHOW CREATE DATABASE db"), "db|CREATE DATABASE `db`");
  EXPECT_THAT(run("SHOW CREATE DATABASE bd"), HasSubstr("does not exist"));
  EXPECT_THAT(run("SHOW TABLES FROM nothere"), HasSubstr("database \"nothere\" does not exist"));
  EXPECT_THAT(world_.take_log(), IsEmpty());
  run("SHOW VARIABLES WHERE Variable_name = 'autocommit'");
  EXPECT_THAT(world_.take_log().back(), HasSubstr(") AS shown WHERE Variable_name = 'autocommit'"));
}

TEST_F(SessionTest, KillAndPasswordsGoToTheHost) {
  run("KILL QUERY 5; KILL 6");
  run("SET PASSWORD = 'p'; ALTER USER 'root'@'localhost' IDENTIFIED BY 'q'");
  EXPECT_THAT(world_.take_log(), ElementsAre("kill 5 query", "kill 6 connection",
                                             "alter user root@ p", "alter user root@localhost q"));
}

TEST_F(SessionTest, AnInterruptEndsTheStatementAtWorkAndThoseAfterIt) {
  world_.on_statement = [&](const std::string&) { session_->interrupt(); };
  EXPECT_EQ(run("SELECT a; SELECT b"), "ok 0; error: the statement was interrupted");
  EXPECT_EQ(world_.interrupts, 1);
  world_.on_statement = nullptr;
  session_->interrupt();  // none at work: nothing to do
  EXPECT_EQ(world_.interrupts, 1);
  EXPECT_EQ(run("SELECT c"), "ok 0");
}

TEST_F(SessionTest, AResetRollsBackAndForgets) {
  Rows temporary;
  temporary.add_column("table_name");
  temporary.rows.push_back({"mine"});
  world_.answers.emplace_back("SELECT table_name FROM duckdb_tables()", temporary);
  run("SET @seen = 1; SET autocommit=0, wait_timeout=5; INSERT INTO t VALUES (1)");
  (void)world_.take_log();
  ASSERT_TRUE(session_->reset());
  EXPECT_THAT(world_.take_log(),
              ElementsAre("ROLLBACK", "RESET VARIABLE \"seen\"", HasSubstr("duckdb_tables()"),
                          "DROP TABLE temp.\"mine\""));
  EXPECT_TRUE(session_->autocommit());
  EXPECT_EQ(session_->database(), "db");
  EXPECT_EQ(run("SHOW VARIABLES LIKE 'wait_timeout'"), "wait_timeout|28800");
}

}  // namespace
}  // namespace millrace::sql
