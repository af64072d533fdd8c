// Every statement that is ours, but for models, pipelines and tables, to its struct.
#include "sql/parse.h"

#include <gmock/gmock.h>

#include "sql/reading_test.h"

namespace millrace::sql {
namespace {

TEST(Parse, LeavesTheStoresStatementsAlone) {
  for (const std::string_view text : {"SELECT 1",
                                      "(SELECT 1)",
                                      "WITH a AS (SELECT 1) SELECT * FROM a",
                                      "INSERT INTO t VALUES (1)",
                                      "REPLACE INTO t VALUES (1)",
                                      "UPDATE t SET a = 1",
                                      "DELETE FROM t",
                                      "FROM t",
                                      "VALUES (1)",
                                      "CREATE VIEW v AS SELECT 1",
                                      "CREATE TABLE t AS SELECT 1",
                                      "CREATE INDEX i ON t (a)",
                                      "CREATE SEQUENCE s",
                                      "DROP TABLE t",
                                      "DROP VIEW v",
                                      "ALTER TABLE t ADD COLUMN a INT",
                                      "TRUNCATE TABLE t",
                                      "EXPLAIN SELECT 1",
                                      "EXPLAIN ANALYZE SELECT 1",
                                      "DESCRIBE SELECT 1",
                                      "PREPARE p AS SELECT 1",
                                      "COPY t TO 'f'",
                                      "PRAGMA version",
                                      "EXPORT DATABASE 'd'",
                                      "DETACH other"}) {
    (void)read_as<Native>(text);
  }
}

TEST(Parse, IgnoresWhatOnlyDumpsSay) {
  for (const std::string_view text :
       {"LOCK TABLES t READ", "UNLOCK TABLES", "FLUSH TABLES", "ALTER TABLE t DISABLE KEYS",
        "/*!40000 ALTER TABLE `a`.`t` ENABLE KEYS */", "SET TRANSACTION READ ONLY",
        "ALTER DATABASE d CHARACTER SET utf8mb4"}) {
    (void)read_as<Ignored>(text);
  }
}

TEST(Parse, Databases) {
  EXPECT_EQ(read_as<Use>("USE `my db`").database, "my db");
  EXPECT_EQ(read_as<CreateDatabase>("CREATE DATABASE d").name, "d");
  EXPECT_FALSE(read_as<CreateDatabase>("CREATE SCHEMA d").if_not_exists);
  const auto full = read_as<CreateDatabase>(
      "CREATE DATABASE IF NOT EXISTS `d` DEFAULT CHARACTER SET = utf8mb4 COLLATE 'utf8mb4_bin'");
  EXPECT_EQ(full.name, "d");
  EXPECT_TRUE(full.if_not_exists);
  EXPECT_TRUE(read_as<DropDatabase>("DROP DATABASE IF EXISTS d").if_exists);
  EXPECT_EQ(read_as<DropDatabase>("DROP SCHEMA d").name, "d");
  EXPECT_EQ(
      error_of("CREATE DATABASE d now"),
      "18: syntax error near \"now\": a database option or the end of the statement is expected");
  EXPECT_EQ(error_of("CREATE DATABASE"),
            "15: syntax error at the end of the statement: the database's name is expected");
  EXPECT_EQ(error_of("CREATE OR REPLACE DATABASE d"),
            "27: CREATE OR REPLACE DATABASE is not supported");
}

TEST(Parse, Transactions) {
  const auto verb = [](std::string_view text) { return read_as<Transaction>(text).verb; };
  for (const std::string_view text :
       {"BEGIN", "BEGIN WORK", "START TRANSACTION", "START TRANSACTION READ ONLY",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ WRITE"}) {
    EXPECT_EQ(verb(text), TransactionVerb::kBegin) << text;
  }
  EXPECT_EQ(verb("COMMIT"), TransactionVerb::kCommit);
  EXPECT_EQ(verb("COMMIT WORK AND NO CHAIN NO RELEASE"), TransactionVerb::kCommit);
  EXPECT_EQ(verb("ROLLBACK"), TransactionVerb::kRollback);
  EXPECT_EQ(error_of("ROLLBACK TO s"), "9: ROLLBACK TO SAVEPOINT is not supported");
  EXPECT_EQ(error_of("SAVEPOINT s"), "0: SAVEPOINT s is not supported");
  EXPECT_EQ(error_of("START TRANSACTION nonsense"),
            "18: syntax error near \"nonsense\": the end of the statement is expected");
}

TEST(Parse, SetsVariables) {
  using Target = SetVariable::Target;
  using Form = SetVariable::Form;
  const auto one = [](std::string_view text) {
    auto set = read_as<Set>(text);
    EXPECT_EQ(set.variables.size(), 1U) << text;
    return set.variables.empty() ? SetVariable{} : set.variables[0];
  };
  const auto autocommit = one("SET autocommit=1");
  EXPECT_EQ(autocommit.name, "autocommit");
  EXPECT_EQ(autocommit.literal, "1");
  EXPECT_EQ(autocommit.target, Target::kSystem);
  EXPECT_EQ(autocommit.position, 4);
  EXPECT_EQ(one("SET AUTOCOMMIT = 0").name, "autocommit");
  EXPECT_EQ(one("SET SESSION sql_mode='A,B'").literal, "A,B");
  EXPECT_EQ(one("SET @@session.sql_mode := 'A'").name, "sql_mode");
  EXPECT_EQ(one("SET GLOBAL x = 1").target, Target::kGlobal);
  EXPECT_EQ(one("SET @@GLOBAL.x = 1").target, Target::kGlobal);
  EXPECT_EQ(one("SET x = DEFAULT").form, Form::kDefault);
  EXPECT_EQ(one("SET character_set_results = NULL").form, Form::kNull);
  EXPECT_EQ(one("SET x = -1").form, Form::kExpression);
  EXPECT_EQ(one("SET x = @@y").form, Form::kExpression);
  EXPECT_EQ(one("SET x = CONCAT(a, ',b')").expression.size(), 6U);
  EXPECT_EQ(one("SET @V = 1").name, "v");
  EXPECT_EQ(one("SET @v := f(1, 2)").target, Target::kUser);
  EXPECT_EQ(read_as<Set>("SET a = 1, @b = (2, 3), @@c = 'd'").variables.size(), 3U);
  EXPECT_EQ(error_of("SET"), "3: syntax error at the end of the statement: a variable is expected");
  EXPECT_EQ(error_of("SET a 1"), "6: syntax error near \"1\": \"=\" is expected");
  EXPECT_EQ(error_of("SET a = "),
            "8: syntax error at the end of the statement: a value is expected");
}

TEST(Parse, SetsNamesAndIsolation) {
  const auto names = read_as<Set>("SET NAMES 'utf8mb4' COLLATE utf8mb4_unicode_ci").variables;
  ASSERT_EQ(names.size(), 4U);
  EXPECT_EQ(names[0].name, "character_set_client");
  EXPECT_EQ(names[0].literal, "utf8mb4");
  EXPECT_EQ(names[3].literal, "utf8mb4_unicode_ci");
  EXPECT_EQ(read_as<Set>("SET CHARACTER SET utf8").variables.size(), 3U);
  EXPECT_EQ(read_as<Set>("SET NAMES DEFAULT").variables[0].literal, "utf8mb4");
  EXPECT_EQ(read_as<Set>("SET NAMES utf8, autocommit=0").variables.size(), 4U);
  EXPECT_EQ(error_of("SET NAMES koi8r"),
            "10: character set \"koi8r\" is not supported. Text is UTF-8: SET NAMES utf8mb4.");
  const auto level =
      read_as<Set>("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY").variables;
  ASSERT_EQ(level.size(), 2U);
  EXPECT_EQ(level[0].name, "transaction_isolation");
  EXPECT_EQ(level[0].literal, "READ-COMMITTED");
  EXPECT_EQ(error_of("SET SESSION TRANSACTION ISOLATION LEVEL HIGH"),
            "40: syntax error near \"HIGH\": an isolation level is expected");
}

TEST(Parse, UsersAndTheirLimits) {
  const auto made = read_as<CreateUser>(
      "CREATE USER IF NOT EXISTS 'a'@'10.%' IDENTIFIED BY 'p', b WITH MAX_QUERY_TIME 5 "
      "MAX_USER_CONNECTIONS 2");
  EXPECT_TRUE(made.if_not_exists);
  ASSERT_EQ(made.accounts.size(), 2U);
  EXPECT_EQ(made.accounts[0].name, "a");
  EXPECT_EQ(made.accounts[0].host, "10.%");
  EXPECT_EQ(made.accounts[0].password, "p");
  EXPECT_EQ(made.accounts[1].name, "b");
  EXPECT_FALSE(made.accounts[1].password);
  EXPECT_EQ(made.accounts[1].query_seconds, 5);
  EXPECT_EQ(made.accounts[0].connections, 2);
  EXPECT_FALSE(made.accounts[0].result_rows);
  EXPECT_EQ(read_as<DropUser>("DROP USER IF EXISTS a, 'b'@'%'").accounts.size(), 2U);
  EXPECT_THAT(error_of("CREATE USER ''"), testing::HasSubstr("a user's name is not empty"));
  EXPECT_THAT(error_of("CREATE USER a WITH MAX_QUERY_TYME 5"),
              testing::HasSubstr("Did you mean MAX_QUERY_TIME?"));
}

TEST(Parse, GrantsAndTheirPlaces) {
  const auto granted = read_as<GrantRights>("GRANT SELECT, insert ON d.t TO a, b@localhost");
  EXPECT_FALSE(granted.revoke);
  EXPECT_EQ(granted.grant.place(), "`d`.`t`");
  EXPECT_EQ(granted.grant.rights, only(Right::kSelect) | only(Right::kInsert));
  EXPECT_EQ(granted.accounts.size(), 2U);
  EXPECT_EQ(read_as<GrantRights>("GRANT ALL ON d.* TO a").grant.rights, kAllOfDatabase);
  const auto all = read_as<GrantRights>("GRANT ALL PRIVILEGES ON *.* TO a WITH GRANT OPTION");
  EXPECT_EQ(all.grant.rights, kAllOfDatabase | only(Right::kAdmin));
  EXPECT_TRUE(read_as<GrantRights>("REVOKE PIPELINES ON d.* FROM a").revoke);
  EXPECT_THAT(error_of("GRANT ADMIN ON d.* TO a"), testing::HasSubstr("ADMIN is a right on "));
  EXPECT_THAT(error_of("GRANT SELECT ON d.* TO a WITH GRANT OPTION"),
              testing::HasSubstr("WITH GRANT OPTION is not supported"));
  EXPECT_THAT(error_of("GRANT SELECT (x) ON d.t TO a"),
              testing::HasSubstr("a right on columns is not supported"));
  EXPECT_THAT(error_of("GRANT SELEKT ON d.t TO a"), testing::HasSubstr("Did you mean SELECT?"));
}

TEST(Parse, PasswordsAndConnections) {
  const auto password = read_as<SetPassword>("SET PASSWORD FOR 'root'@'%' = 'a''b'");
  EXPECT_EQ(password.account.name, "root");
  EXPECT_EQ(password.account.host, "%");
  EXPECT_EQ(password.password, "a'b");
  EXPECT_EQ(read_as<SetPassword>("SET PASSWORD = PASSWORD('p')").password, "p");
  const auto user = read_as<AlterUser>("ALTER USER root@localhost IDENTIFIED BY 'p'");
  ASSERT_EQ(user.accounts.size(), 1U);
  EXPECT_EQ(user.accounts[0].name, "root");
  EXPECT_EQ(user.accounts[0].host, "localhost");
  EXPECT_EQ(user.accounts[0].password, "p");
  EXPECT_EQ(read_as<AlterUser>("ALTER USER CURRENT_USER() IDENTIFIED WITH "
                               "'mysql_native_password' BY ''")
                .accounts[0]
                .name,
            "");
  EXPECT_EQ(error_of("ALTER USER root IDENTIFIED WITH sha3 BY 'p'"),
            "32: authentication plugin \"sha3\" is not supported");
  EXPECT_EQ(read_as<Kill>("KILL 5").connection_id, 5U);
  EXPECT_FALSE(read_as<Kill>("KILL CONNECTION 5").query_only);
  EXPECT_TRUE(read_as<Kill>("KILL QUERY 5").query_only);
  EXPECT_EQ(error_of("KILL 'x'"),
            "5: syntax error near \"'x'\": a connection's number, a whole number, is expected");
}

TEST(Parse, Shows) {
  const auto kind = [](std::string_view text) { return read_as<Show>(text).kind; };
  EXPECT_EQ(kind("SHOW DATABASES"), ShowKind::kDatabases);
  EXPECT_EQ(kind("SHOW GLOBAL VARIABLES LIKE 'a%'"), ShowKind::kVariables);
  EXPECT_EQ(kind("SHOW SESSION STATUS"), ShowKind::kStatus);
  EXPECT_EQ(kind("SHOW WARNINGS LIMIT 5"), ShowKind::kWarnings);
  EXPECT_EQ(kind("SHOW COUNT(*) WARNINGS"), ShowKind::kWarningCount);
  EXPECT_EQ(kind("SHOW COUNT(*) ERRORS"), ShowKind::kErrorCount);
  EXPECT_EQ(kind("SHOW FULL PROCESSLIST"), ShowKind::kProcesses);
  EXPECT_EQ(kind("SHOW STORAGE ENGINES"), ShowKind::kEngines);
  EXPECT_EQ(kind("SHOW CHARACTER SET LIKE 'utf8%'"), ShowKind::kCharsets);
  EXPECT_EQ(kind("SHOW COLLATION WHERE Charset = 'utf8mb4'"), ShowKind::kCollations);
  EXPECT_EQ(kind("SHOW GRANTS FOR CURRENT_USER()"), ShowKind::kGrants);
  EXPECT_EQ(kind("SHOW TRIGGERS FROM a"), ShowKind::kEmpty);
  EXPECT_EQ(kind("SHOW MODELS"), ShowKind::kModels);
  EXPECT_EQ(kind("SHOW PIPELINES"), ShowKind::kPipelines);
  EXPECT_EQ(kind("SHOW CREATE DATABASE IF NOT EXISTS d"), ShowKind::kCreateDatabase);
  EXPECT_EQ(kind("SHOW CREATE VIEW v"), ShowKind::kCreateTable);
  EXPECT_EQ(kind("SHOW TABLE STATUS FROM `a` LIKE 't'"), ShowKind::kTableStatus);
}

TEST(Parse, ShowsOfTables) {
  const auto tables = read_as<Show>("SHOW FULL TABLES IN `a` LIKE 'x%'");
  EXPECT_TRUE(tables.full);
  EXPECT_EQ(tables.database, "a");
  EXPECT_EQ(tables.like, "x%");
  const auto where = read_as<Show>("SHOW TABLES WHERE Tables_in_db = 'x'");
  EXPECT_EQ(where.database, "db");
  EXPECT_EQ(where.where.size(), 3U);
  const auto columns = read_as<Show>("SHOW FULL COLUMNS FROM `t` FROM `a` LIKE '%'");
  EXPECT_EQ(columns.object, "t");
  EXPECT_EQ(columns.database, "a");
  EXPECT_EQ(read_as<Show>("SHOW KEYS FROM a.t").database, "a");
  const auto described = read_as<Show>("DESC a.t name");
  EXPECT_EQ(described.kind, ShowKind::kColumns);
  EXPECT_EQ(described.database, "a");
  EXPECT_EQ(described.object, "t");
  EXPECT_EQ(described.like, "name");
  EXPECT_EQ(read_as<Show>("EXPLAIN t").object, "t");
  EXPECT_EQ(read_as<Show>("DESCRIBE `model`").object, "model");
  EXPECT_EQ(error_of("SHOW TABLES", ""),
            "-1: no database is selected. USE a database first, or write database.name.");
  EXPECT_EQ(error_of("SHOW TABELS"),
            "5: syntax error near \"TABELS\": something to show is expected. Did you mean TABLES?");
  EXPECT_EQ(error_of("SHOW CREATE PIPLINE p"),
            "12: syntax error near \"PIPLINE\": TABLE, VIEW, DATABASE, MODEL or PIPELINE is "
            "expected. Did you mean PIPELINE?");
  EXPECT_EQ(error_of("SHOW COLUMNS"),
            "12: syntax error at the end of the statement: FROM is expected");
}

TEST(Parse, TellsWhatIsNoStatement) {
  EXPECT_EQ(error_of("SELCT 1"),
            "0: syntax error near \"SELCT\": a statement is expected. Did you mean SELECT?");
  EXPECT_EQ(error_of("'a'"), "0: syntax error near \"'a'\": a statement is expected");
  EXPECT_EQ(error_of("STRAT PIPELINE p"),
            "0: syntax error near \"STRAT\": a statement is expected. Did you mean START?");
  for (const std::string_view text :
       {"EXPORT MODEL m TO 'd'", "CREATE TRIGGER t", "SET ROLE r", "PREPARE p FROM 'x'"}) {
    const auto statement = read(text);
    ASSERT_FALSE(statement) << text;
    EXPECT_EQ(statement.error().code, Code::kUnsupported) << text;
    EXPECT_GE(statement.error().position, 0) << text;
  }
}

TEST(Parse, LongTokensAreNotRepeatedInErrors) {
  const std::string text = "SHOW " + std::string(1'000'000, 'x');
  const auto statement = read(text);
  ASSERT_FALSE(statement);
  EXPECT_LT(statement.error().message.size(), 200U);
}

}  // namespace
}  // namespace millrace::sql
