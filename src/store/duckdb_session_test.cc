#include "store/duckdb_session.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>

#include "base/clock.h"
#include "base/thread.h"
#include "store/duckdb_database_test.h"

namespace millrace::store {
namespace {

using std::chrono::milliseconds;

class SessionTest : public ::testing::Test {
 protected:
  void SetUp() override { ok("CREATE TABLE t (a INTEGER PRIMARY KEY, b VARCHAR)"); }

  Answer ok(const std::string& sql) { return ok(*session_, sql); }
  static Answer ok(Session& session, const std::string& sql) {
    auto answer = ask(session, sql);
    EXPECT_FALSE(answer.error) << sql << ": " << answer.text();
    return answer;
  }
  Answer fails(const std::string& sql, Code code) { return fails(*session_, sql, code); }
  static Answer fails(Session& session, const std::string& sql, Code code) {
    auto answer = ask(session, sql);
    EXPECT_TRUE(answer.error) << sql;
    EXPECT_EQ(answer.code(), code) << sql << ": " << answer.text();
    return answer;
  }
  std::string one(const std::string& sql) { return ok(sql).one(); }

  TestFolder folder_;
  TestDatabase database_{folder_.file("test.db")};  // only a file has checkpoints
  std::unique_ptr<Session> session_ = database_.session();
  std::unique_ptr<Session> other_ = database_.session();
};

constexpr const char* kEndless =
    "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range + b.range = -1";

int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  int64_t pages = 0;
  file >> pages >> pages;
  return pages * sysconf(_SC_PAGESIZE);
}

TEST_F(SessionTest, StatementsWithoutRowsTellWhatTheyChanged) {
  EXPECT_EQ(ok("INSERT INTO t VALUES (1, 'x'), (2, 'y'), (3, NULL)").rows_changed, 3);
  EXPECT_EQ(ok("UPDATE t SET b = 'z' WHERE a > 1").rows_changed, 2);
  EXPECT_EQ(ok("DELETE FROM t WHERE a = 3").rows_changed, 1);
  const auto created = ok("CREATE TABLE u AS SELECT * FROM range(17)");
  EXPECT_EQ(created.rows_changed, 17);
  EXPECT_TRUE(created.columns.empty());
  EXPECT_TRUE(ok("DROP TABLE u").columns.empty());
  EXPECT_TRUE(ok("SET threads = 2").columns.empty());
}

TEST_F(SessionTest, RowsOfEveryKindOfStatement) {
  const auto returned = ok("INSERT INTO t VALUES (1, 'x'), (2, 'y') RETURNING a, b");
  ASSERT_EQ(returned.rows.size(), 2U);
  EXPECT_EQ(returned.rows[1][1], "y");
  EXPECT_EQ(returned.rows_changed, 2);
  EXPECT_FALSE(ok("EXPLAIN SELECT * FROM t").rows.empty());
  EXPECT_FALSE(ok("PRAGMA table_info('t')").rows.empty());
  EXPECT_FALSE(ok("DESCRIBE t").rows.empty());
  EXPECT_EQ(ok("SHOW TABLES").rows.size(), 1U);
  EXPECT_EQ(ok("SELECT * FROM t WHERE a = 99").columns.size(), 2U);
  EXPECT_EQ(ok("PIVOT t ON b USING count(*)").columns.size(), 3U);
  EXPECT_EQ(one("WITH w AS (SELECT 7 AS x) SELECT x FROM w"), "7");
  EXPECT_EQ(ok("COPY t TO '" + folder_.file("t.csv") + "'").rows_changed, 2);
  ok("DELETE FROM t");
  EXPECT_EQ(ok("COPY t FROM '" + folder_.file("t.csv") + "'").rows_changed, 2);
}

TEST_F(SessionTest, ReturnedRowsThatAreNotReadAreWritten) {
  {
    auto stream =
        session_->execute("INSERT INTO t SELECT range, 'x' FROM range(100000) RETURNING a");
    ASSERT_TRUE(stream);
    ASSERT_TRUE((*stream)->next());
  }
  EXPECT_EQ(one("SELECT count(*) FROM t"), "100000");
}

TEST_F(SessionTest, AnErrorHasItsPlace) {
  const auto answer = fails("SELECT a, nope FROM t", Code::kUnknownColumn);
  EXPECT_EQ(answer.error->position, 10);
  fails("SELEC 1", Code::kSyntax);
  fails("", Code::kSyntax);
  fails("INSERT INTO t VALUES ('x', 'y')", Code::kTypeMismatch);
  EXPECT_EQ(one("SELECT count(*) FROM t"), "0");
}

TEST_F(SessionTest, AStatementWithANulByteIsNotCutShort) {
  ok("INSERT INTO t VALUES (1, 'x')");
  fails(std::string("DELETE FROM t \0 WHERE a = 2", 27), Code::kSyntax);
  EXPECT_EQ(one("SELECT count(*) FROM t"), "1");
}

TEST_F(SessionTest, AHundredMillionRowsAreNotGathered) {
  const int64_t before = resident_bytes();
  {
    auto stream = session_->execute(
        "SELECT range AS id, 'row number ' || range AS words FROM range(100000000)");
    ASSERT_TRUE(stream) << stream.error().to_string();
    size_t rows = 0;
    while (rows < 100000) {
      auto chunk = (*stream)->next();
      ASSERT_TRUE(chunk);
      ASSERT_NE(*chunk, nullptr);
      std::string text;
      (*chunk)->append_text(1, 0, text);
      EXPECT_EQ(text, "row number " + std::to_string(rows));
      rows += (*chunk)->rows();
    }
    EXPECT_LT(resident_bytes() - before, 256 << 20);
  }
  EXPECT_EQ(one("SELECT 1"), "1");
}

TEST_F(SessionTest, AStreamThatIsDroppedHoldsNothing) {
  ok("INSERT INTO t VALUES (1, 'x')");
  {
    auto stream = session_->execute("SELECT a, range FROM t, range(100000000)");
    ASSERT_TRUE(stream);
    ASSERT_TRUE((*stream)->next());
    ok(*other_, "CREATE TABLE u AS SELECT 1 AS a");
    fails(*other_, "CHECKPOINT __millrace", Code::kConflict);
  }
  ok(*other_, "CHECKPOINT __millrace");
}

TEST_F(SessionTest, AStreamThatWasReadHoldsNothing) {
  auto stream = session_->execute("SELECT a FROM t");
  ASSERT_TRUE(stream);
  auto end = (*stream)->next();
  ASSERT_TRUE(end);
  EXPECT_EQ(*end, nullptr);
  end = (*stream)->next();
  ASSERT_TRUE(end);
  EXPECT_EQ(*end, nullptr);
  ok(*other_, "CREATE TABLE u AS SELECT 1 AS a");
  ok(*other_, "CHECKPOINT __millrace");
}

TEST_F(SessionTest, AnErrorInTheMiddleOfAStream) {
  ok("SET threads = 1");
  const auto answer = fails(
      "SELECT CAST(CASE WHEN range = 900000 THEN 'x' ELSE '1' END AS INTEGER) FROM range(1000000)",
      Code::kTypeMismatch);
  EXPECT_FALSE(answer.rows.empty());
  EXPECT_EQ(one("SELECT 1"), "1");
}

TEST_F(SessionTest, AnInterruptEndsAStatement) {
  std::atomic<bool> done = false;
  auto killer = run_thread("killer", [&](std::stop_token) {
    while (!done) {
      session_->interrupt();
      std::this_thread::yield();
    }
  });
  const auto answer = ask(*session_, kEndless);
  done = true;
  killer.join();
  EXPECT_EQ(answer.code(), Code::kCancelled);
  EXPECT_EQ(answer.error->message, "the statement was interrupted");
  EXPECT_EQ(one("SELECT 1"), "1");
}

/// Wherever it comes, in one that the statement brings or in one that is asked for.
TEST_F(SessionTest, AnInterruptLeavesNoTransactionOpen) {
  for (int i = 0; i < 2000; ++i) {
    std::atomic<bool> started = false;
    auto killer = run_thread("killer", [&](std::stop_token) {
      while (!started) std::this_thread::yield();
      const Stopwatch watch;
      while (watch.micros() < i / 2 % 200) {
      }
      session_->interrupt();
    });
    const bool asks = i % 2 == 0;
    started = true;
    const bool began = !ask(*session_, asks ? "BEGIN" : "FROM duckdb_tables()").error;
    killer.join();
    if (began && asks) ok(*session_, "ROLLBACK");
    ASSERT_EQ(one("SELECT 1"), "1") << i;
    ok(*session_, "BEGIN");
    ok(*session_, "ROLLBACK");
  }
}

TEST_F(SessionTest, AnInterruptWhileAllThreadsWork) {
  auto killer = run_thread("killer", [&](std::stop_token stop) {
    // The first comes when all are at work; on a machine without time it may come before any is.
    while (wait_unless_stopped(stop, milliseconds(200))) session_->interrupt();
  });
  EXPECT_EQ(ask(*session_, kEndless).code(), Code::kCancelled);
}

TEST_F(SessionTest, AnInterruptBetweenTwoChunks) {
  for (const char* sql : {"SELECT range FROM range(100000000)",
                          "INSERT INTO t SELECT range, 'x' FROM range(10000) RETURNING a"}) {
    auto stream = session_->execute(sql);
    ASSERT_TRUE(stream);
    ASSERT_TRUE((*stream)->next());
    session_->interrupt();
    const auto chunk = (*stream)->next();
    ASSERT_FALSE(chunk) << sql;
    EXPECT_EQ(chunk.error().code, Code::kCancelled);
    const auto end = (*stream)->next();
    ASSERT_TRUE(end);
    EXPECT_EQ(*end, nullptr);
  }
  EXPECT_EQ(one("SELECT count(*) FROM t"), "10000");
}

TEST_F(SessionTest, AnInterruptOfNothingIsForgotten) {
  session_->interrupt();
  EXPECT_EQ(one("SELECT 1"), "1");
  auto stream = session_->execute("SELECT 1");
  ASSERT_TRUE(stream);
  while (*(*stream)->next() != nullptr) {
  }
  session_->interrupt();
  stream->reset();
  EXPECT_EQ(one("SELECT 2"), "2");
}

TEST_F(SessionTest, UseFindsADatabaseInAnyCase) {
  EXPECT_EQ(session_->database(), "main");
  ok("CREATE SCHEMA Shop");
  ASSERT_TRUE(session_->use("sHOP"));
  EXPECT_EQ(session_->database(), "Shop");
  ok("CREATE TABLE orders (id INTEGER)");
  EXPECT_EQ(one("SELECT count(*) FROM shop.orders"), "0");
  const auto missing = session_->use("nope");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  EXPECT_EQ(session_->database(), "Shop");
  EXPECT_EQ(one("SELECT count(*) FROM orders"), "0");
  ok("CREATE SCHEMA \"we\"\"ird; --\"");
  ASSERT_TRUE(session_->use("we\"ird; --"));
  ASSERT_TRUE(session_->use("main"));
  EXPECT_FALSE(session_->use(""));
}

TEST_F(SessionTest, TransactionsAreFollowed) {
  EXPECT_FALSE(session_->in_transaction());
  ok("BEGIN TRANSACTION");
  EXPECT_TRUE(session_->in_transaction());
  ok("INSERT INTO t VALUES (1, 'x')");
  ok("/* end */ ROLLBACK");
  EXPECT_FALSE(session_->in_transaction());
  ok("begin");
  ok("INSERT INTO t VALUES (2, 'y')");
  ok("COMMIT");
  EXPECT_FALSE(session_->in_transaction());
  EXPECT_EQ(one("SELECT a FROM t"), "2");
  fails("COMMIT", Code::kWrongState);
  fails("ROLLBACK", Code::kWrongState);
  EXPECT_FALSE(session_->in_transaction());
}

TEST_F(SessionTest, AnErrorAbortsATransactionUntilRollback) {
  ok("BEGIN");
  ok("INSERT INTO t VALUES (1, 'x')");
  fails("INSERT INTO t VALUES (1, 'again')", Code::kConstraint);
  EXPECT_TRUE(session_->in_transaction());
  fails("INSERT INTO t VALUES (2, 'y')", Code::kWrongState);
  const auto used = session_->use("main");
  ASSERT_FALSE(used);
  EXPECT_EQ(used.error().code, Code::kWrongState);
  EXPECT_TRUE(session_->in_transaction());
  ok("-- enough\nrollback");
  EXPECT_FALSE(session_->in_transaction());
  EXPECT_EQ(one("SELECT count(*) FROM t"), "0");
}

TEST_F(SessionTest, ACommitOfAnAbortedTransactionFails) {
  ok("BEGIN");
  ok("INSERT INTO t VALUES (1, 'x')");
  fails("SELECT CAST(b AS INTEGER) FROM t", Code::kTypeMismatch);
  fails("COMMIT", Code::kWrongState);
  EXPECT_FALSE(session_->in_transaction());
  EXPECT_EQ(one("SELECT count(*) FROM t"), "0");
}

TEST_F(SessionTest, ATypoLeavesTheTransaction) {
  ok("BEGIN");
  ok("INSERT INTO t VALUES (1, 'x')");
  fails("SELECT nope FROM t", Code::kUnknownColumn);
  fails("SELEC 1", Code::kSyntax);
  fails("SELECT * FROM nope", Code::kNotFound);
  EXPECT_FALSE(session_->use("nope"));
  EXPECT_TRUE(session_->in_transaction());
  ok("INSERT INTO t VALUES (2, 'y')");
  ok("COMMIT");
  EXPECT_EQ(one("SELECT count(*) FROM t"), "2");
}

/// The plan of a statement knows the largest value; a row beyond it, committed before the statement
/// runs, must be in all of its answer or in nothing of it.
TEST_F(SessionTest, APlanIsNeverOlderThanWhatItReads) {
  ok("CREATE TABLE n (a BIGINT)");
  ok("INSERT INTO n VALUES (0)");
  std::atomic<bool> done = false;
  std::atomic<int64_t> newest = 0;
  auto writer = run_thread("writer", [&](const auto&) {
    auto session = database_.session();
    while (!done) ok(*session, "INSERT INTO n VALUES (" + std::to_string(++newest) + ")");
  });
  constexpr const char* kQuery =
      "SELECT count(*) FILTER (WHERE a + 0 > $1), (SELECT count(*) FROM n WHERE a > $1) FROM n";
  const auto statement = session_->prepare(kQuery);
  ASSERT_TRUE(statement);
  int64_t torn = 0;
  for (int i = 0; i < 1500; ++i) {
    const int64_t last = newest;
    std::string text = kQuery;
    while (text.find("$1") != std::string::npos)
      text.replace(text.find("$1"), 2, std::to_string(last));
    const auto from_text = ok(text).rows[0];
    if (from_text[0] != from_text[1]) ++torn;
    const std::vector<BoundValue> values{last};
    const auto stream = (*statement)->execute_anew(values);
    ASSERT_TRUE(stream) << stream.error().to_string();
    const auto chunk = (*stream)->next();
    ASSERT_TRUE(chunk);
    if ((*chunk)->integer(0, 0) != (*chunk)->integer(1, 0)) ++torn;
  }
  done = true;
  writer.join();
  EXPECT_EQ(torn, 0);
}

TEST_F(SessionTest, AStatementOutsideOfATransactionLeavesNone) {
  const auto outside = [&](Session& session) {
    EXPECT_FALSE(session.in_transaction());
    ok(session, "BEGIN TRANSACTION");  // fails inside of one
    ok(session, "ROLLBACK");
  };
  ok("INSERT INTO t VALUES (1, 'x')");
  outside(*session_);
  fails("INSERT INTO t VALUES (2, 'y'), (1, 'again')", Code::kConstraint);
  outside(*session_);
  EXPECT_EQ(one("SELECT count(*) FROM t"), "1");
  fails("SELECT CAST(b AS INTEGER) FROM t", Code::kTypeMismatch);
  outside(*session_);
  {
    const auto dropped = session_->execute("SELECT * FROM range(100000)");
    ASSERT_TRUE(dropped);
    ASSERT_TRUE((*dropped)->next());
  }
  outside(*session_);
  EXPECT_EQ(ok(*other_, "SELECT count(*) FROM t").one(), "1");
}

TEST_F(SessionTest, AConflictEndsTheTransaction) {
  ok("INSERT INTO t VALUES (1, 'x')");
  ok("BEGIN");
  ok("UPDATE t SET b = 'mine'");
  ok(*other_, "BEGIN");
  fails(*other_, "UPDATE t SET b = 'theirs'", Code::kConflict);
  EXPECT_FALSE(other_->in_transaction());
  ok("COMMIT");
  ok(*other_, "UPDATE t SET b = 'theirs'");
}

TEST_F(SessionTest, ACommitThatFailsEndsTheTransaction) {
  ok("BEGIN");
  ok(*other_, "BEGIN");
  ok("INSERT INTO t VALUES (3, 'mine')");
  ok(*other_, "INSERT INTO t VALUES (3, 'theirs')");
  ok("COMMIT");
  fails(*other_, "COMMIT", Code::kConflict);
  EXPECT_FALSE(other_->in_transaction());
  EXPECT_EQ(one("SELECT b FROM t"), "mine");
}

TEST_F(SessionTest, ABeginInsideOfATransactionAbortsIt) {
  ok("BEGIN");
  ok("INSERT INTO t VALUES (1, 'x')");
  fails("BEGIN", Code::kWrongState);
  EXPECT_TRUE(session_->in_transaction());
  ok("ROLLBACK");
  EXPECT_EQ(one("SELECT count(*) FROM t"), "0");
}

TEST_F(SessionTest, AnErrorInAStreamAbortsTheTransaction) {
  ok("SET threads = 1");
  ok("BEGIN");
  ok("INSERT INTO t VALUES (1, 'x')");
  fails(
      "SELECT CAST(CASE WHEN range = 900000 THEN 'x' ELSE '1' END AS INTEGER) FROM range(1000000)",
      Code::kTypeMismatch);
  EXPECT_TRUE(session_->in_transaction());
  fails("SELECT 1", Code::kWrongState);
  ok("ROLLBACK");
}

TEST_F(SessionTest, AnErrorLeavesATransactionThatChangedNothing) {
  ok("BEGIN");
  ok("SELECT * FROM t");
  fails("SELECT CAST('x' AS INTEGER)", Code::kTypeMismatch);
  EXPECT_TRUE(session_->in_transaction());
  ok("INSERT INTO t VALUES (1, 'x')");
  ok("ROLLBACK");
  EXPECT_EQ(one("SELECT count(*) FROM t"), "0");
  ok("BEGIN");
  fails("INSERT INTO t VALUES (NULL, 'x')", Code::kConstraint);
  ok("INSERT INTO t VALUES (2, 'y')");
  ok("COMMIT");
  EXPECT_EQ(one("SELECT b FROM t"), "y");
}

TEST_F(SessionTest, AStreamDroppedInATransactionLeavesIt) {
  ok("BEGIN");
  ok("INSERT INTO t VALUES (1, 'x')");
  {
    auto stream = session_->execute("SELECT a, range FROM t, range(100000000)");
    ASSERT_TRUE(stream);
    ASSERT_TRUE((*stream)->next());
  }
  EXPECT_TRUE(session_->in_transaction());
  ok("INSERT INTO t VALUES (2, 'y')");
  ok("COMMIT");
  EXPECT_EQ(one("SELECT count(*) FROM t"), "2");
}

TEST_F(SessionTest, AChunkOutlivesItsStream) {
  auto stream = session_->execute("SELECT 'a text that is not short' || range FROM range(3)");
  ASSERT_TRUE(stream);
  auto chunk = (*stream)->next();
  ASSERT_TRUE(chunk);
  stream->reset();
  EXPECT_EQ(one("SELECT 1"), "1");
  std::string text;
  (*chunk)->append_text(0, 2, text);
  EXPECT_EQ(text, "a text that is not short2");
}

using SessionDeathTest = SessionTest;

TEST_F(SessionDeathTest, TwoStatementsAtOnceAreADefectOfTheCaller) {
  auto stream = session_->execute("SELECT 1");
  ASSERT_TRUE(stream);
  EXPECT_DEATH((void)session_->execute("SELECT 2"), "a stream is gone before");
}

TEST_F(SessionTest, GivesTheRowsOfAQueryAsColumns) {
  auto stream = session_->query(
      "SELECT i::INTEGER AS number, 'word ' || i AS word, (i / 4)::DECIMAL(8, 2) AS price, "
      "[i, i + 1] AS pair, {'a': i} AS unread FROM range(5000) r(i) ORDER BY i");
  ASSERT_TRUE(stream) << stream.error().to_string();
  const auto& schema = *(*stream)->schema();
  ASSERT_EQ(schema.size(), 4U) << "a struct is nothing that models read";
  EXPECT_EQ(schema.fields()[2].type.kind, Kind::kDouble);
  Batch rows((*stream)->schema());
  int64_t seen = 0;
  while (true) {
    const auto more = (*stream)->next(rows);
    ASSERT_TRUE(more) << more.error().to_string();
    if (!*more) break;
    for (size_t row = 0; row < rows.rows(); ++row, ++seen) {
      ASSERT_EQ(rows.column(0).values<int32_t>()[row], seen);
      ASSERT_EQ(rows.column(1).values<std::string_view>()[row], "word " + std::to_string(seen));
      ASSERT_EQ(rows.column(2).values<double>()[row], static_cast<double>(seen) / 4);
      ASSERT_EQ(rows.column(3).list_offsets()[row + 1], (row + 1) * 2);
    }
  }
  EXPECT_EQ(seen, 5000);
  stream->reset();
  ok("SELECT 1");
}

TEST_F(SessionTest, AQueryOfColumnsChangesNothing) {
  for (const char* sql : {"DELETE FROM t", "INSERT INTO t VALUES (1, 'a') RETURNING a",
                          "WITH x AS (SELECT 1) DELETE FROM t", "DROP TABLE t"}) {
    const auto stream = session_->query(sql);
    ASSERT_FALSE(stream) << sql;
    EXPECT_EQ(stream.error().code, Code::kInvalidArgument) << sql;
  }
  EXPECT_EQ(session_->query("SELECT * FROM nothing").error().code, Code::kNotFound);
  EXPECT_EQ(one("SELECT count(*) FROM t"), "0");
}

}  // namespace
}  // namespace millrace::store
