#include "sql/translate.h"

#include <gtest/gtest.h>

#include "sql/system_schema.h"

namespace millrace::sql {
namespace {

class Translate : public testing::Test {
 protected:
  /// The store's SQL, or the error as "position: message".
  std::string operator()(std::string_view text, bool names_items = false) {
    const auto result = run(text, names_items);
    if (result) return result->sql;
    return std::to_string(result.error().position) + ": " + result.error().message;
  }
  Result<Translation> run(std::string_view text, bool names_items = false) {
    TRY(const auto tokens, lex(text, lex_));
    return translate(
        text, tokens,
        {.lex = lex_, .facts = &facts_, .variables = &variables_, .names_items = names_items});
  }

  LexOptions lex_;
  SessionFacts facts_{"db", "root", "root@%", "127.0.0.1", "8.0.36-millrace", 7, 3};
  Variables variables_{[](std::string_view) { return std::nullopt; }};
};

/// Without the blanks that say nothing.
std::string tight(std::string sql) {
  for (const auto& [blank, none] :
       {std::pair("( ", "("), std::pair(" )", ")"), std::pair(" ,", ",")})
    for (size_t at = sql.find(blank); at != std::string::npos; at = sql.find(blank))
      sql.replace(at, 2, none);
  return sql;
}

struct Pair {
  std::string_view mysql, store;
};

TEST_F(Translate, PassesWhatItDoesNotKnow) {
  for (const std::string_view text :
       {"SELECT a, b FROM t WHERE a = 1 AND b >= 2.5e3",
        "FROM t SELECT list_transform(a, x -> x + 1)",
        "SELECT {'a': 1}.a, [1, 2][1], a::VARCHAR, b ->> '$.c'", "SELECT mod(5, 2), value FROM div",
        "INSERT INTO t VALUES (1), (2)", "SELECT t.limit, t.database FROM t",
        "SELECT * FROM predict('m', t)", "SELECT a\tFROM\n  t"}) {
    EXPECT_EQ((*this)(text), text);
  }
}

TEST_F(Translate, Lexis) {
  constexpr Pair kPairs[] = {
      {"SELECT `a b`, `c``d`, `e\"f`", "SELECT \"a b\", \"c`d\", \"e\"\"f\""},
      {"SELECT \"it's\"", "SELECT 'it''s'"},
      {"SELECT 'a\\nb\\'c'", "SELECT 'a\nb''c'"},
      {"SELECT 'a\\0b'", "SELECT ('' || 'a' || chr(0) || 'b')"},
      {"SELECT 'a' 'b'\n\"c\"", "SELECT 'abc'"},
      {"SELECT N'a', _utf8mb4'b', _utf8 'c'", "SELECT 'a','b', 'c'"},
      {"SELECT _binary'\\0M'", "SELECT from_hex('004D')"},
      {"SELECT x'4D', 0x4d, b'101', 0b11", "SELECT from_hex('4D'), from_hex('4D'), 5, 3"},
      {"SELECT 1 # x\n, 2 -- y\n, 3 /* z */ , 4", "SELECT 1 , 2 , 3 , 4"},
      {"SELECT /*!40001 SQL_NO_CACHE */ * FROM t", "SELECT * FROM t"},
      {"SELECT 5--1, 5 - -1", "SELECT 5- -1, 5 - -1"},
      {"INSERT INTO t (a, at) VALUES (1, 2)", "INSERT INTO t (a, \"at\") VALUES (1, 2)"},
      {"SELECT at, a AT TIME ZONE 'UTC' FROM t", "SELECT \"at\", a AT TIME ZONE 'UTC' FROM t"},
      {"SELECT COLLATION AS c FROM t", "SELECT \"COLLATION\" AS c FROM t"},
      {"SELECT a <=> b", "SELECT a  IS NOT DISTINCT FROM  b"},
      {"SELECT a FROM t COLLATE utf8mb4_general_ci", "SELECT a FROM t"},
  };
  for (const auto& [mysql, store] : kPairs) EXPECT_EQ((*this)(mysql), store);
}

TEST_F(Translate, Words) {
  constexpr Pair kPairs[] = {
      {"SELECT a FROM t LIMIT 5, 10", "SELECT a FROM t LIMIT 10 OFFSET 5"},
      {"SELECT a FROM t LIMIT 10 OFFSET 5", "SELECT a FROM t LIMIT 10 OFFSET 5"},
      {"SELECT 1 FROM DUAL", "SELECT 1"},
      {"SELECT DISTINCTROW SQL_NO_CACHE a FROM t", "SELECT DISTINCT a FROM t"},
      {"SELECT a DIV b, a MOD b, MOD(a, b), a % b",
       "SELECT CAST(trunc( a // b) AS BIGINT), a % b, MOD(a, b), a % b"},
      {"SELECT (a) MOD (b) DIV (c)", "SELECT CAST(trunc( (a) % (b) // (c)) AS BIGINT)"},
      {"SELECT 1 + a * 2 DIV -b DIV 3 FROM t WHERE x DIV 2 > 1 AND y",
       "SELECT 1 + CAST(trunc( CAST(trunc( a * 2 // -b ) AS BIGINT) // 3 ) AS BIGINT) FROM t "
       "WHERE CAST(trunc( x // 2 ) AS BIGINT) > 1 AND y"},
      {"SELECT div, mod, value FROM t", "SELECT div, mod, value FROM t"},
      {"SELECT CAST(a AS SIGNED), CAST(b AS UNSIGNED INTEGER)",
       "SELECT CAST(a AS BIGINT), CAST(b AS UBIGINT)"},
      {"SELECT a AS signed", "SELECT a AS signed"},
      {"SELECT CURDATE(), CURRENT_DATE, NOW(6), CURRENT_TIMESTAMP",
       "SELECT current_date, current_date, CAST(now() AS TIMESTAMP), CAST(now() AS TIMESTAMP)"},
      {"SELECT RAND(), UNIX_TIMESTAMP()", "SELECT random(), CAST(floor(epoch(now())) AS BIGINT)"},
      {"SELECT a FROM t FOR UPDATE SKIP LOCKED", "SELECT a FROM t"},
      {"SELECT a FROM t LOCK IN SHARE MODE", "SELECT a FROM t"},
      {"SELECT a LIKE 'x%'", "SELECT a LIKE 'x%'"},
      {"SELECT a NOT LIKE 'x\\_y\\%'", "SELECT a NOT LIKE 'x\\_y\\%' ESCAPE '\\'"},
      {"SELECT a LIKE 'x|_' ESCAPE '|'", "SELECT a LIKE 'x|_' ESCAPE '|'"},
      {"INSERT IGNORE INTO t VALUES (1)", "INSERT OR IGNORE INTO t VALUES (1)"},
      {"INSERT t (a) VALUE (1)", "INSERT INTO t (a) VALUES (1)"},
      {"REPLACE INTO t VALUES (1)", "INSERT OR REPLACE INTO t VALUES (1)"},
      {"REPLACE t VALUES (1)", "INSERT OR REPLACE INTO t VALUES (1)"},
      {"SELECT REPLACE(a, 'b', 'c'), INSERT(a, 1, 2, 'x')",
       "SELECT REPLACE(a, 'b', 'c'), millrace_internal.insert(a, 1, 2, 'x')"},
      {"INSERT INTO t VALUES (1, 2) ON DUPLICATE KEY UPDATE a = VALUES(a) + b",
       "INSERT INTO t VALUES (1, 2) ON CONFLICT DO UPDATE SET a = excluded.\"a\" + b"},
      {"DROP TEMPORARY TABLE t", "DROP TABLE t"},
  };
  for (const auto& [mysql, store] : kPairs) EXPECT_EQ((*this)(mysql), store);
}

TEST_F(Translate, TellsOfTheSession) {
  EXPECT_EQ((*this)("SELECT DATABASE(), SCHEMA()"), "SELECT 'db', 'db'");
  EXPECT_EQ((*this)("SELECT USER(), CURRENT_USER, CURRENT_USER()"),
            "SELECT 'root@127.0.0.1', 'root@%', 'root@%'");
  EXPECT_EQ((*this)("SELECT VERSION(), CONNECTION_ID(), ROW_COUNT(), LAST_INSERT_ID()"),
            "SELECT '8.0.36-millrace', 7, 3, 0");
  facts_.database.clear();
  EXPECT_EQ((*this)("SELECT DATABASE()"), "SELECT NULL");
}

TEST_F(Translate, Variables) {
  EXPECT_EQ((*this)("SELECT @A, @`b c`"), "SELECT getvariable('a'), getvariable('b c')");
  EXPECT_EQ((*this)("SELECT @@autocommit, @@GLOBAL.sql_select_limit, @@session.time_zone"),
            "SELECT 1, 18446744073709551615, 'SYSTEM'");
  EXPECT_EQ((*this)("SELECT @a := 1"),
            "7: assignment to a variable in an expression is not supported");
  EXPECT_EQ((*this)("SELECT @@nothing"), "7: system variable \"nothing\" does not exist");
  ASSERT_TRUE(variables_.set("character_set_results", std::nullopt));
  EXPECT_EQ((*this)("SELECT @@character_set_results"), "SELECT NULL");
}

TEST_F(Translate, InAPipelineThereIsNoSession) {
  const auto pipeline = [](std::string_view text) {
    const auto tokens = lex(text, {});
    const auto result = translate(text, *tokens, {});
    return result ? result->sql : result.error().message;
  };
  EXPECT_EQ(pipeline("f(@Age, `b`)"), "f(\"@Age\", \"b\")");
  EXPECT_EQ(pipeline("DATABASE()"), "DATABASE has no meaning here");
  EXPECT_EQ(pipeline("@@version"), "@@version has no meaning here");
  EXPECT_EQ(pipeline("CURRENT_USER"), "CURRENT_USER has no meaning here");
}

TEST_F(Translate, AVariableOfAPipelineIsANumberWhereOneIsMeant) {
  const auto pipeline = [](std::string_view text) {
    const auto tokens = lex(text, {});
    const auto result = translate(text, *tokens, {});
    if (!result) return result.error().message;
    std::string sql = result->sql;
    const std::string_view value = "nullif(CAST(\"@v\" AS VARCHAR), '')";
    for (size_t at = sql.find(value); at != std::string::npos; at = sql.find(value))
      sql.replace(at, value.size(), "v");
    return tight(std::move(sql));
  };
  const std::string time = "CAST(v AS TIMESTAMP)";
  // What two of its operators are to the store is for their types to say.
  const std::string m = "memory.millrace_internal.";
  for (const auto& [text, sql] : std::vector<std::pair<std::string, std::string>>{
           {"@v * 2", m + "times(\"@v\", 2)"},
           {"2 - @v", m + "minus(2, \"@v\")"},
           {"-@v", "-" + m + "number(\"@v\")"},
           {"@v DIV 3 - 1", m + "minus(" + m + "divided_whole(\"@v\", 3), 1)"},
           {"MOD(@v, 3)", "MOD(" + m + "number(\"@v\"), 3)"},
           {"ROUND(trim(@v) / b, 1)",
            "ROUND(" + m + "number(" + m + "divided(trim(\"@v\"), b)), 1)"},
           {"@v | 1", "CAST(v AS BIGINT) | 1"},
           {"@v + INTERVAL 1 DAY", time + " + INTERVAL 1 DAY"},
           {"YEAR(@v)", "YEAR(" + time + ")"},
           {"@v > 5", m + "more(\"@v\", 5)"},
           {"a + 1 <= (@v)", m + "at_most(a + 1, (\"@v\"))"},
           {"@v = 'a' AND b <> 1", m + "equal(\"@v\", 'a') AND b <> 1"},
           {"predict('m', batch).p[1] > @v", m + "more(predict('m', batch).p[1], \"@v\")"},
           {"predict('m', batch).class !:> INT + 1",
            "millrace_internal.forced(predict('m', batch).class, CAST(0 AS INT)) + 1"},
           {"list_filter(l, x -> x > @v)", "list_filter(l, x -> " + m + "more(x, \"@v\"))"},
           {"LEFT(@v, 2) > n", m + "more(LEFT(\"@v\", 2), n)"},
           {"CASE WHEN a THEN @v END != 1", m + "unequal(CASE WHEN a THEN \"@v\" END, 1)"},
           {"@v NOT IN (-1, 2)", m + "perhaps(\"@v\") NOT IN (-1, 2)"},
           {"@v BETWEEN a AND 2", m + "between(\"@v\", a, 2)"},
           {"b NOT BETWEEN @v AND 2", m + "not_between(b, \"@v\", 2)"},
           {"@v LIKE '1%' = @w", m + "equal(\"@v\" LIKE '1%', \"@w\")"},
           {"IFNULL(@v, -1)", "IFNULL(\"@v\", '-1')"},
           // Text where text is meant, or where nobody can tell.
           {"CONCAT(@v, 1)", "millrace_internal.concat(\"@v\", 1)"},
           {"IFNULL(@v, 'x')", "IFNULL(\"@v\", 'x')"},
           {"a + b > 1", "a + b > 1"},
           // These are numbers already, or lists of them.
           {"@probability * 100", "\"@probability\" * 100"},
           {"@probabilities[1] > 0.5", "\"@probabilities\"[1] > 0.5"}})
    EXPECT_EQ(pipeline(text), sql) << text;
  // A session's variable has the type it was given.
  EXPECT_EQ((*this)("SELECT @v * 2"), "SELECT getvariable('v') * 2");
}

/// As a statement is read again that the store refused for its types.
TEST_F(Translate, ATextBesideANumberIsANumber) {
  const auto again = [this](std::string_view text) {
    const auto tokens = lex(text, lex_);
    const auto result = translate(
        text, *tokens,
        {.lex = lex_, .facts = &facts_, .variables = &variables_, .texts_as_numbers = true});
    return tight(result ? result->sql : result.error().message);
  };
  const std::string m = "memory.millrace_internal.";
  for (const auto& [text, sql] : std::vector<std::pair<std::string, std::string>>{
           {"SELECT a > 1 AS b, 1 + 2, -a, count(*) FROM t WHERE b = NULL",
            "SELECT " + m + "more(a, 1) AS b, 1 + 2, -" + m +
                "number(a), count(*) FROM t WHERE b = NULL"},
           {"UPDATE t SET a = a + 1, t.b = 'x' WHERE c < d",
            "UPDATE t SET a = " + m + "plus(a, 1), t.b = 'x' WHERE " + m + "less(c, d)"},
           {"INSERT INTO t VALUES ('1' + 1, 2) ON DUPLICATE KEY UPDATE a = VALUES(a) * b",
            "INSERT INTO t VALUES (" + m + "plus('1', 1), 2) ON CONFLICT DO UPDATE SET a = " + m +
                "times(excluded.\"a\", b)"},
           {"SELECT SUM(DISTINCT a), GREATEST(a, 1), COALESCE(a, 0) FROM t GROUP BY b - 1 + c",
            "SELECT SUM(DISTINCT " + m +
                "number(a)), millrace_internal.greatest(a, 1), COALESCE(a, "
                "'0') FROM t GROUP BY " +
                m + "plus(" + m + "minus(b, 1), c)"},
           {"SELECT a = ANY (SELECT 1), t.*, x -> x * 1",
            "SELECT a = ANY (SELECT 1), t.*, x -> " + m + "times(x, 1)"}})
    EXPECT_EQ(again(text), sql) << text;
  // Neither depth nor length is trouble.
  const std::string deep = "SELECT " + std::string(5000, '(') + "1" + std::string(5000, ')');
  EXPECT_EQ(again(deep), deep);
  EXPECT_EQ(again("SELECT " + std::string(5000, '+') + "1"),
            "SELECT " + std::string(5000, '+') + "1");
}

TEST_F(Translate, WordsThatGoTogetherAreTheStores) {
  EXPECT_EQ((*this)("SELECT CONVERT(a + (b), SIGNED), CONVERT(a USING utf8mb4)"),
            "SELECT CAST(a + (b) AS BIGINT), CAST(a AS VARCHAR)");
  EXPECT_EQ((*this)("SELECT a :> DATETIME(6), f(a):>INT, convert AS c"),
            "SELECT a :: TIMESTAMP, f(a)::INT, convert AS c");
  EXPECT_EQ((*this)("SELECT a REGEXP '^x' AND b NOT RLIKE 'y|z'"),
            "SELECT a ~ '(?s).*(?:^x).*' AND b !~ '(?s).*(?:y|z).*'");
  EXPECT_EQ((*this)("SELECT t.a REGEXP f(b, 1)[2], a NOT RLIKE (b) c, 'x' REGEXP @p"),
            "SELECT t.a ~ ('(?s).*(?:' || f(b, 1)[2] || ').*'), a !~ ('(?s).*(?:' || (b)  || "
            "').*') c, 'x' ~ ('(?s).*(?:' || getvariable('p') || ').*')");
  EXPECT_EQ((*this)("SELECT a + f(b)[1]!:>INT, LEFT(a, 2) !:> DECIMAL(10, 2) c"),
            "SELECT a + millrace_internal.forced( f(b)[1], CAST(0 AS INT)), "
            "millrace_internal.forced( LEFT(a, 2) , CAST(0 AS DECIMAL(10, 2))) c");
  EXPECT_EQ((*this)("SELECT x IN (1) AND (a) !:> CHAR(3) :> DATE !:> DATETIME(6)"),
            "SELECT x IN (1) AND millrace_internal.forced( millrace_internal.forced( (a) , CAST('' "
            "AS VARCHAR)) :: DATE , CAST(NULL AS TIMESTAMP))");
  EXPECT_EQ((*this)("SELECT STR_TO_DATE(f(a, b), '%M %e %Y %h:%i'), DATE_FORMAT(a, '%i%%')"),
            "SELECT try_strptime(f(a, b), '%B %-d %Y %I:%M'), strftime(CAST(a AS TIMESTAMP), "
            "'%M%%')");
  EXPECT_EQ((*this)("SELECT TIMESTAMPDIFF(HOUR, a, b)"),
            "SELECT millrace_internal.timestampdiff('hour', a, b)");
}

TEST_F(Translate, FunctionsThatTheStoreWasTaughtAreFound) {
  EXPECT_EQ(
      (*this)("SELECT Locate('a', b), `locate`, t.locate, locate AS c FROM space"),
      "SELECT millrace_internal.locate('a', b), \"locate\", t.locate, locate AS c FROM space");
  EXPECT_EQ((*this)("INSERT INTO space (a) VALUES (space(2))"),
            "INSERT INTO space (a) VALUES (millrace_internal.space(2))");
}

TEST_F(Translate, HavingWithoutGroupsFiltersTheResult) {
  EXPECT_EQ(
      (*this)("SELECT a + 1 AS b FROM t WHERE a > 1 HAVING b IN (2, 3) ORDER BY b"),
      "SELECT * FROM (SELECT a + 1 AS b FROM t WHERE a > 1 ORDER BY b) AS filtered WHERE b IN "
      "(2, 3)");
  EXPECT_EQ((*this)("SELECT a AS b FROM t HAVING b > 1 LIMIT 3"),
            "SELECT * FROM (SELECT a AS b FROM t) AS filtered WHERE b > 1 LIMIT 3");
  EXPECT_EQ((*this)("SELECT a AS b FROM t HAVING b > 1 ORDER BY max(b) LIMIT 2, 3"),
            "SELECT * FROM (SELECT a AS b FROM t ORDER BY max(b)) AS filtered WHERE b > 1 LIMIT 3 "
            "OFFSET 2");
  for (const std::string_view text :
       {"SELECT a FROM t GROUP BY a HAVING a > 1", "SELECT count(*) FROM t HAVING count(*) > 1",
        "SELECT * FROM (SELECT a FROM t GROUP BY a HAVING a > 1)", "SELECT t.having FROM t",
        "SELECT 1 UNION SELECT 2 HAVING 1"}) {
    EXPECT_EQ((*this)(text), text);
  }
}

TEST_F(Translate, InformationSchemaHasOurTables) {
  EXPECT_EQ((*this)("SELECT * FROM information_schema.pipelines"),
            "SELECT * FROM millrace_information_schema.\"pipelines\"");
  EXPECT_EQ((*this)("SELECT * FROM `INFORMATION_SCHEMA`.`PIPELINES_ERRORS` p"),
            "SELECT * FROM millrace_information_schema.\"PIPELINES_ERRORS\" p");
  EXPECT_EQ((*this)("SELECT * FROM information_schema.tables"),
            "SELECT * FROM millrace_information_schema.\"tables\"");
  // Where it is the current database, the store's schema is ours and a bare name is found there.
  facts_.database = "information_schema";
  EXPECT_EQ((*this)("SELECT * FROM PIPELINES JOIN tables"), "SELECT * FROM PIPELINES JOIN tables");
}

TEST_F(Translate, InternalTablesAreNotForUsers) {
  EXPECT_EQ((*this)("SELECT * FROM millrace_internal.settings"),
            "14: schema \"millrace_internal\" is not for users");
  EXPECT_EQ((*this)("SELECT * FROM `__millrace`.`Millrace_Internal`.`settings`"),
            "27: schema \"Millrace_Internal\" is not for users");
  EXPECT_EQ((*this)("SELECT * FROM query('SELECT 1')"), "14: function query() is not supported");
  EXPECT_EQ((*this)("SELECT * FROM `query_table`('t')"),
            "14: function query_table() is not supported");
  EXPECT_EQ((*this)("SELECT query FROM t"), "SELECT query FROM t");
}

TEST_F(Translate, UnnamedItemsAreCalledByTheirText) {
  constexpr Pair kPairs[] = {
      {"SELECT COUNT(*)", "SELECT COUNT(*) AS \"COUNT(*)\""},
      {"SELECT a+1, a, t.a, `b`", "SELECT a+1 AS \"a+1\", a, t.a, \"b\""},
      {"SELECT @@version_comment LIMIT 1", "SELECT 'millrace' AS \"@@version_comment\" LIMIT 1"},
      {"SELECT 'x', NULL, TRUE", "SELECT 'x' AS \"x\", NULL AS \"NULL\", TRUE AS \"TRUE\""},
      {"SELECT COUNT(*) AS n, SUM(a) s, *, t.*", "SELECT COUNT(*) AS n, SUM(a) s, *, t.*"},
      {"SELECT COUNT(*) \"n\", SUM(a) 's' FROM t",
       "SELECT COUNT(*) AS \"n\", SUM(a) AS \"s\" FROM t"},
      {"SELECT a + INTERVAL 1 DAY, a - INTERVAL -b HOUR, a + INTERVAL 1 DAY d, a day",
       "SELECT a + INTERVAL 1 DAY AS \"a + INTERVAL 1 DAY\", a - INTERVAL -b HOUR AS \"a - "
       "INTERVAL "
       "-b HOUR\", a + INTERVAL 1 DAY d, a day"},
      {"SELECT a \"the a\" FROM t", "SELECT a AS \"the a\" FROM t"},
      {"SELECT DATE '2026-11-24', TIME \"10:00:00\"", "SELECT DATE '2026-11-24', TIME '10:00:00'"},
      {"SELECT predict('m', t).probability FROM t",
       "SELECT predict('m', t).probability AS \"predict('m', t).probability\" FROM t"},
      {"SELECT DISTINCT LOWER(a) FROM t UNION SELECT UPPER(b)",
       "SELECT DISTINCT millrace_internal.lower(a) AS \"LOWER(a)\" FROM t UNION SELECT "
       "millrace_internal.upper(b) AS \"UPPER(b)\""},
      {"SELECT (SELECT MAX(a) FROM t)",
       "SELECT (SELECT MAX(a) FROM t) AS \"(SELECT MAX(a) FROM t)\""},
      {"SELECT CASE WHEN a THEN 1 END FROM t",
       "SELECT CASE WHEN a THEN 1 END AS \"CASE WHEN a THEN 1 END\" FROM t"},
      {"WITH x AS (SELECT 1) SELECT MAX(a) FROM x",
       "WITH x AS (SELECT 1) SELECT MAX(a) AS \"MAX(a)\" FROM x"},
      {"SELECT a DIV 2 FROM DUAL", "SELECT CAST(trunc( a // 2 ) AS BIGINT) AS \"a DIV 2\""},
      {"SELECT", "SELECT"},
  };
  for (const auto& [mysql, store] : kPairs) EXPECT_EQ((*this)(mysql, true), store);
}

TEST_F(Translate, PlacesAreMappedBack) {
  const std::string_view text = "SELECT `a`, 'it\\'s', b FROM `t t` WHERE c DIV 2 LIMIT 5, 10 x";
  const auto translation = run(text);
  ASSERT_TRUE(translation);
  for (const auto& [mysql, store] : {std::pair<std::string_view, std::string_view>{"`a`", "\"a\""},
                                     {"'it\\'s'", "'it''s'"},
                                     {"b FROM", "b FROM"},
                                     {"`t t`", "\"t t\""},
                                     {"DIV", "//"},
                                     {"LIMIT", "LIMIT"},
                                     {"x", "x"}}) {
    const auto at = static_cast<int64_t>(mysql == "x" ? translation->sql.rfind(store)
                                                      : translation->sql.find(store));
    EXPECT_EQ(translation->position_of(at),
              static_cast<int64_t>(mysql == "x" ? text.rfind(mysql) : text.find(mysql)))
        << mysql;
  }
  EXPECT_EQ(translation->position_of(0), 0);
  EXPECT_EQ(translation->position_of(1 << 20), static_cast<int64_t>(text.rfind('x')));
}

std::string write_error(std::string_view text, std::string_view database = "db") {
  const auto tokens = lex(text, {});
  const auto checked = check_writes(text, *tokens, {}, database);
  return checked ? "" : std::to_string(checked.error().position) + ": " + checked.error().message;
}

TEST(CheckWrites, RefusesEveryWayIntoSystemSchemas) {
  for (const std::string_view text :
       {"INSERT INTO millrace.models VALUES (1)",
        "INSERT millrace.models VALUES (1)",
        "INSERT IGNORE millrace.models VALUES (1)",
        "INSERT LOW_PRIORITY IGNORE INTO millrace.models VALUES (1)",
        "INSERT OR REPLACE INTO Millrace.Models VALUES (1)",
        "REPLACE INTO `millrace`.`models` VALUES (1)",
        "REPLACE `millrace`.`models` VALUES (1)",
        "INSERT INTO \"millrace\".\"models\" VALUES (1)",
        "INSERT INTO `__millrace`.`millrace`.`models` VALUES (1)",
        "UPDATE millrace.models SET a = 1",
        "UPDATE ONLY millrace.models SET a = 1",
        "UPDATE ONLY (millrace.models) SET a = 1",
        "DELETE FROM millrace.models",
        "DELETE FROM ONLY millrace.models",
        "DELETE /* x */ FROM millrace . models",
        "/*!40000 DELETE FROM millrace.models */",
        "WITH a AS (SELECT 1) INSERT INTO millrace.models SELECT * FROM a",
        "MERGE INTO millrace.models USING a ON b WHEN MATCHED THEN DELETE",
        "TRUNCATE millrace.models",
        "TRUNCATE TABLE mine, millrace.models",
        "CREATE TABLE millrace.t (a INT)",
        "CREATE OR REPLACE TABLE information_schema.t AS SELECT 1",
        "CREATE TABLE IF NOT EXISTS millrace.t (a INT)",
        "CREATE OR REPLACE VIEW millrace.v AS SELECT 1",
        "CREATE UNIQUE INDEX i ON millrace.models (a)",
        "CREATE INDEX IF NOT EXISTS i ON millrace.models (a)",
        "CREATE SEQUENCE main.s",
        "CREATE TYPE millrace_internal.t AS ENUM ('a')",
        "CREATE MACRO millrace.f(x) AS x",
        "DROP TABLE mine, millrace.models",
        "DROP TABLE IF EXISTS millrace.models CASCADE",
        "DROP VIEW millrace.models",
        "DROP MACRO TABLE millrace.f",
        "ALTER TABLE millrace.models RENAME TO x",
        "ALTER TABLE IF EXISTS millrace.models ADD COLUMN a INT",
        "COPY millrace.models FROM 'f'",
        "COPY \"millrace\".\"models\" (a) FROM 'f'",
        "COMMENT ON TABLE millrace.models IS 'x'",
        "EXPLAIN ANALYZE DELETE FROM millrace.models",
        "EXPLAIN ANALYZE DROP TABLE millrace.models",
        "EXPLAIN ANALYZE INSERT millrace.models VALUES (1)",
        "EXPLAIN (ANALYZE, FORMAT json) DROP TABLE millrace.models",
        "PREPARE p AS DROP TABLE millrace.models",
        "PREPARE p (INT) AS INSERT INTO millrace.models VALUES ($1)",
        "INSERT INTO mine VALUES (1); DELETE FROM millrace.models"}) {
    EXPECT_NE(write_error(text).find("is read only"), std::string::npos) << text << "\n"
                                                                         << write_error(text);
  }
}

TEST(CheckWrites, TheCurrentDatabaseCounts) {
  EXPECT_EQ(write_error("INSERT INTO models VALUES (1)", "millrace"),
            "12: cannot write to \"models\": schema \"millrace\" is read only");
  EXPECT_NE(write_error("INSERT INTO \"models\" VALUES (1)", "millrace"), "");
  EXPECT_NE(write_error("DROP TABLE models", "information_schema"), "");
  EXPECT_NE(write_error("TRUNCATE models", "millrace"), "");
  EXPECT_EQ(write_error("INSERT INTO mine.t VALUES (1)", "millrace"), "");
  EXPECT_EQ(write_error("INSERT INTO mine.t SELECT 1 ON CONFLICT DO UPDATE SET a = 1", "millrace"),
            "");
  EXPECT_EQ(write_error("SELECT * FROM models FOR UPDATE", "millrace"), "");
}

TEST(CheckWrites, RefusesWhatGoesAround) {
  EXPECT_EQ(write_error("PRAGMA schema='millrace'"), "7: \"schema\" cannot be set");
  EXPECT_EQ(write_error("PRAGMA search_path('x')"), "7: \"search_path\" cannot be set");
  EXPECT_EQ(write_error("RESET SESSION schema"), "14: \"schema\" cannot be set");
  EXPECT_EQ(write_error("IMPORT DATABASE 'd'"), "0: IMPORT DATABASE is not supported");
  EXPECT_EQ(write_error("EXPORT DATABASE 'd'"), "0: EXPORT DATABASE is not supported");
  EXPECT_EQ(write_error("COPY FROM DATABASE a TO b"), "5: COPY FROM DATABASE is not supported");
}

TEST(CheckWrites, LetsOthersPass) {
  for (const std::string_view text :
       {"SELECT * FROM millrace.models", "INSERT INTO t SELECT * FROM millrace.models",
        "CREATE TABLE t AS SELECT * FROM millrace.models", "CREATE VIEW v AS FROM millrace.models",
        "DELETE FROM t WHERE a IN (SELECT a FROM millrace.models)", "UPDATE t SET a = 1",
        "COPY t FROM 'f'", "COPY millrace.models TO 'f'",
        "COPY (SELECT * FROM millrace.models) TO 'f'", "CREATE TEMP TABLE temp.t (a INT)",
        "EXPLAIN SELECT * FROM millrace.models", "SELECT 'INSERT INTO millrace.models'",
        "SELECT 1 -- DROP TABLE millrace.models",
        "SELECT replace(a, 'x', 'y') FROM millrace.models", "PRAGMA version", "TRUNCATE t"}) {
    EXPECT_EQ(write_error(text), "") << text;
  }
}

}  // namespace
}  // namespace millrace::sql
