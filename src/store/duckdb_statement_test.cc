// Prepared statements of the store's sessions: what they say of themselves, and what becomes of the
// values that are bound to them.
#include "store/duckdb_statement.h"

#include <gtest/gtest.h>

#include "store/duckdb_database_test.h"
#include "store/duckdb_session.h"

namespace millrace::store {
namespace {

class StatementTest : public ::testing::Test {
 protected:
  void SetUp() override {
    run("CREATE TABLE t (i INTEGER, v VARCHAR, b BLOB, d DATE, ts TIMESTAMP, n DECIMAL(10, 2))");
  }
  void run(const std::string& sql) {
    const auto answer = ask(*session_, sql);
    EXPECT_FALSE(answer.error) << sql << ": " << answer.text();
  }
  std::unique_ptr<Statement> prepare(std::string_view sql) {
    auto statement = session_->prepare(sql);
    EXPECT_TRUE(statement) << sql << ": " << statement.error().to_string();
    return statement ? std::move(*statement) : nullptr;
  }
  /// The first value of the first row as text, the number of changed rows, or the error.
  static std::string one(Statement& statement, std::vector<BoundValue> values) {
    auto stream = statement.execute(values);
    if (!stream) return "error: " + stream.error().to_string();
    auto chunk = (*stream)->next();
    if (!chunk) return "error: " + chunk.error().to_string();
    if (*chunk == nullptr)
      return (*stream)->columns().empty() ? std::to_string((*stream)->rows_changed()) : "nothing";
    if ((*chunk)->is_null(0, 0)) return "NULL";
    std::string text;
    (*chunk)->append_text(0, 0, text);
    return text;
  }
  std::string one(std::string_view sql, std::vector<BoundValue> values) {
    const auto statement = prepare(sql);
    return statement ? one(*statement, std::move(values)) : "error";
  }

  TestFolder folder_;
  TestDatabase database_{folder_.file("test.db")};
  std::unique_ptr<Session> session_ = database_.session();
};

TEST_F(StatementTest, ParametersAndColumnsAreKnownWhereTheTablesSaySo) {
  const auto statement = prepare("SELECT i, n, v FROM t WHERE i = $1 AND d > $2");
  EXPECT_EQ(statement->parameters(), (std::vector{SqlType::kInteger, SqlType::kDate}));
  ASSERT_TRUE(statement->columns());
  ASSERT_EQ(statement->columns()->size(), 3U);
  EXPECT_EQ((*statement->columns())[1].type, SqlType::kDecimal);
  EXPECT_EQ((*statement->columns())[1].scale, 2);
  const auto free = prepare("SELECT $1, $2");
  EXPECT_EQ(free->parameters(), (std::vector{SqlType::kNull, SqlType::kNull}));
  EXPECT_FALSE(free->columns());
  for (const std::string_view sql :
       {"INSERT INTO t (i) VALUES ($1)", "UPDATE t SET i = $1", "DELETE FROM t", "DROP TABLE t"}) {
    ASSERT_TRUE(prepare(sql)->columns()) << sql;
    EXPECT_TRUE(prepare(sql)->columns()->empty()) << sql;
  }
  EXPECT_EQ(prepare("INSERT INTO t (i) VALUES ($1) RETURNING i")->columns()->size(), 1U);
}

TEST_F(StatementTest, OneStatementRunsWithManyValues) {
  const auto insert = prepare("INSERT INTO t (i, v) VALUES ($1, $2)");
  for (int64_t i = 0; i < 100; ++i) EXPECT_EQ(one(*insert, {i, std::string_view("x")}), "1");
  EXPECT_EQ(one("SELECT count(*) FROM t WHERE i < $1", {int64_t{30}}), "30");
  const auto echo = prepare("SELECT $1");
  EXPECT_EQ(one(*echo, {int64_t{1}}), "1");
  EXPECT_EQ(one(*echo, {std::string_view("one")}), "one");
  EXPECT_EQ(one(*echo, {std::monostate()}), "NULL");
  EXPECT_EQ(one(*echo, {1.5}), "1.5");
}

TEST_F(StatementTest, ValuesAreValuesAndNeverStatements) {
  const std::string_view attack = "x'; DROP TABLE t; --";
  EXPECT_EQ(one("INSERT INTO t (v) VALUES ($1)", {attack}), "1");
  EXPECT_EQ(one("SELECT v FROM t WHERE v = $1", {attack}), attack);
}

TEST_F(StatementTest, EveryKindOfValueArrivesWhole) {
  EXPECT_EQ(one("SELECT $1", {uint64_t{18446744073709551615U}}), "18446744073709551615");
  EXPECT_EQ(one("SELECT $1", {1.5F}), "1.5");
  EXPECT_EQ(one("SELECT $1", {DecimalValue{"-12.340"}}), "-12.340");
  EXPECT_EQ(one("SELECT $1", {DecimalValue{"0.5"}}), "0.5");
  EXPECT_EQ(one("SELECT $1", {DecimalValue{"-170141183460469231731.687303715884"}}),
            "-170141183460469231731.687303715884");
  EXPECT_EQ(one("SELECT typeof($1)", {DecimalValue{"12.34"}}), "DECIMAL(4,2)");
  EXPECT_EQ(one("SELECT $1", {DateValue{20780}}), "2026-11-23");
  EXPECT_EQ(one("SELECT $1", {TimestampValue{20780 * 86'400'000'000 + 1}}),
            "2026-11-23 00:00:00.000001");
  EXPECT_EQ(one("SELECT $1", {TimeValue{3'723'000'000}}), "01:02:03");
  EXPECT_EQ(one("SELECT $1", {TimeValue{-3'723'000'000}}), "-01:02:03");
  EXPECT_EQ(one("SELECT octet_length($1)", {BlobValue{std::string_view("\0\xff", 2)}}), "2");
}

TEST_F(StatementTest, ValuesTakeTheTypeThatIsWantedWhereNothingIsLost) {
  run("INSERT INTO t (i, v, d) VALUES (5, 'x', DATE '2026-11-23')");
  EXPECT_EQ(one("SELECT v FROM t WHERE i = $1", {5.0}), "x");
  EXPECT_EQ(one("SELECT v FROM t WHERE i = $1", {5.5}), "nothing");
  EXPECT_EQ(one("SELECT v FROM t WHERE i = $1", {int64_t{1} << 40}), "nothing");
  EXPECT_EQ(one("SELECT v FROM t WHERE i = $1", {std::string_view("5")}), "x");
  EXPECT_EQ(one("SELECT i FROM t WHERE v = $1", {int64_t{5}}), "nothing");  // 'x' is no number
  EXPECT_EQ(one("SELECT i FROM t WHERE d = $1", {std::string_view("2026-11-23")}), "5");
  EXPECT_EQ(one("SELECT v FROM t LIMIT $1", {1.0}), "x");
  EXPECT_EQ(one("INSERT INTO t (n) VALUES ($1)", {std::string_view("1.25")}), "1");
}

TEST_F(StatementTest, BytesAndTextsReachTheirColumnsAlike) {
  const std::string_view bytes("a\\x41\0\xff", 7);
  EXPECT_EQ(one("INSERT INTO t (b) VALUES ($1) RETURNING b", {bytes}), bytes);
  EXPECT_EQ(one("INSERT INTO t (b) VALUES ($1) RETURNING b", {BlobValue{bytes}}), bytes);
  EXPECT_EQ(one("INSERT INTO t (v) VALUES ($1) RETURNING v", {BlobValue{"h\xc3\xa9"}}),
            "h\xc3\xa9");
  const auto wrong = one("INSERT INTO t (v) VALUES ($1)", {std::string_view("\xff")});
  EXPECT_NE(wrong.find("not UTF-8"), std::string::npos) << wrong;
  EXPECT_EQ(one("SELECT $1", {std::string_view("\xff")}), "\xff");
}

TEST_F(StatementTest, AnotherNumberOfValuesIsRefused) {
  const auto statement = prepare("SELECT $1, $2");
  const auto wrong = one(*statement, {int64_t{1}});
  EXPECT_NE(wrong.find("2 parameters and got 1"), std::string::npos) << wrong;
  EXPECT_EQ(one(*statement, {int64_t{1}, int64_t{2}}), "1");
}

TEST_F(StatementTest, AStatementOutlivesChangesOfItsTables) {
  const auto statement = prepare("SELECT v FROM t WHERE i = $1");
  run("INSERT INTO t (i, v) VALUES (1, 'old')");
  EXPECT_EQ(one(*statement, {int64_t{1}}), "old");
  run("DROP TABLE t");
  EXPECT_NE(one(*statement, {int64_t{1}}).find("error"), std::string::npos);
  run("CREATE TABLE t (v VARCHAR, i BIGINT)");
  run("INSERT INTO t VALUES ('new', 1)");
  EXPECT_EQ(one(*statement, {int64_t{1}}), "new");
}

TEST_F(StatementTest, AStatementThatStandsForSeveralRunsToo) {
  run("INSERT INTO t (i, v) VALUES (1, 'a'), (2, 'b')");
  EXPECT_EQ(one("PIVOT t ON v USING sum(i) GROUP BY d", {}), "NULL");
}

TEST_F(StatementTest, PreparingAndRunningKeepTheRulesOfTransactions) {
  run("CREATE TABLE u (a INTEGER PRIMARY KEY)");
  const auto insert = prepare("INSERT INTO u VALUES ($1)");
  run("BEGIN TRANSACTION");
  EXPECT_EQ(one(*insert, {int64_t{1}}), "1");
  EXPECT_FALSE(session_->prepare("SELECT * FROM nowhere"));
  EXPECT_TRUE(session_->in_transaction());
  run("ROLLBACK");
  EXPECT_EQ(one("SELECT count(*) FROM u", {}), "0");
  EXPECT_EQ(one(*insert, {int64_t{1}}), "1");
}

}  // namespace
}  // namespace millrace::store
