// INSERT into a table with an AUTO_INCREMENT column: what is written where nothing was given, and
// what the client is told; and what says which row is a duplicate.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/fake_world_test.h"
#include "sql/insert_target.h"
#include "sql/schema_change.h"
#include "sql/session.h"

namespace millrace::sql {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<size_t> empty_of(std::string_view text, size_t column) {
  const auto tokens = lex(text, {});
  EXPECT_TRUE(tokens);
  const auto target = insert_target(text, *tokens, {});
  EXPECT_TRUE(target);
  std::vector<size_t> begins;
  for (const size_t at : empty_values(text, *tokens, {}, *target, column))
    begins.push_back((*tokens)[at].begin);
  return begins;
}

TEST(InsertTarget, NamesAndColumnsAreFound) {
  const auto target = [](std::string_view text) {
    const auto tokens = lex(text, {});
    const auto found = insert_target(text, *tokens, {});
    if (!found) return std::string("none");
    std::string shown = found->database + "." + found->table + ":";
    for (const auto& column : found->columns) shown += " " + column;
    return shown + (found->has_returning ? " returning" : "");
  };
  EXPECT_EQ(target("INSERT INTO t VALUES (1)"), ".t:");
  EXPECT_EQ(target("INSERT IGNORE t VALUES (1)"), ".t:");
  EXPECT_EQ(target("replace into `d`.`t` (a, `b c`) select 1, 2"), "d.t: a b c");
  EXPECT_EQ(target("INSERT INTO t (SELECT 1)"), ".t:");
  EXPECT_EQ(target("INSERT OR REPLACE INTO t VALUES (1) RETURNING a"), ".t: returning");
  EXPECT_EQ(target("UPDATE t SET a = 1"), "none");
  EXPECT_EQ(target("INSERT INTO 'x' VALUES (1)"), "none");
}

TEST(InsertTarget, OnlyAWholeNullOrZeroIsEmpty) {
  EXPECT_THAT(empty_of("INSERT INTO t VALUES (NULL, 0), (0, 0)", 0), ElementsAre(22, 33));
  EXPECT_THAT(empty_of("INSERT INTO t VALUES (f(1, 0), NULL), (a - 0, 0 + 1)", 0), IsEmpty());
  EXPECT_THAT(empty_of("INSERT INTO t VALUES (f(1, 0), NULL)", 1), ElementsAre(31));
  EXPECT_THAT(empty_of("INSERT INTO t SELECT 0", 0), IsEmpty());
  EXPECT_THAT(empty_of("INSERT INTO t VALUES ('NULL'), (00), (1, (0", 0), IsEmpty());
}

class InsertTest : public testing::Test {
 protected:
  InsertTest() {
    auto opened = SqlSession::open(store_, engine_, {7, "root", "127.0.0.1:51234"}, host_);
    EXPECT_TRUE(opened);
    session_ = std::move(*opened);
    Rows column;
    column.add_column("column_name");
    column.add_column("index", store::SqlType::kBigint);
    column.rows.push_back({"id", "0"});
    world_.answers.emplace_back("SELECT column_name, column_index - 1", column);
    Rows ids;
    ids.add_column("id", store::SqlType::kBigint);
    ids.rows = {{"41"}, {"42"}};
    world_.answers.emplace_back("INSERT INTO", ids);
    run("USE db");
    (void)world_.take_log();
  }
  StatementResult run(std::string_view text) {
    auto execution = session_->execute(text);
    EXPECT_TRUE(execution);
    auto result = (*execution)->next();
    EXPECT_TRUE(result) << result.error().to_string();
    return std::move(*result);
  }
  std::string last_log() {
    auto log = world_.take_log();
    return log.empty() ? "" : log.back();
  }

  FakeWorld world_;
  FakeStore store_{world_};
  FakeEngine engine_{world_};
  FakeHost host_{world_};
  std::unique_ptr<SqlSession> session_;
};

TEST_F(InsertTest, TheFirstNumberThatWasMadeIsTold) {
  const auto result = run("INSERT INTO t (name) VALUES ('a'), ('b')");
  EXPECT_EQ(result.stream, nullptr);
  EXPECT_EQ(result.rows_changed, 2);
  EXPECT_EQ(result.last_insert_id, 41U);
  EXPECT_EQ(last_log(), "INSERT INTO t (name) VALUES ('a'), ('b') RETURNING \"id\"");
  run("SELECT LAST_INSERT_ID() AS a, @@last_insert_id AS b");
  EXPECT_EQ(last_log(), "SELECT 41 AS a, 41 AS b");
}

TEST_F(InsertTest, NullAndZeroAreNumbered) {
  run("INSERT INTO t VALUES (NULL, 'a'), (0, NULL)");
  EXPECT_EQ(last_log(), "INSERT INTO t VALUES (DEFAULT, 'a'), (DEFAULT, NULL) RETURNING \"id\"");
  run("INSERT INTO t (name, ID) VALUES (0, NULL)");
  EXPECT_EQ(last_log(), "INSERT INTO t (name, ID) VALUES (0, DEFAULT) RETURNING \"id\"");
}

TEST_F(InsertTest, ANumberThatWasGivenIsToldButNotKept) {
  EXPECT_EQ(run("INSERT INTO t VALUES (41, 'a')").last_insert_id, 41U);
  run("SELECT LAST_INSERT_ID() AS a");
  EXPECT_EQ(last_log(), "SELECT 0 AS a");
}

TEST_F(InsertTest, APreparedInsertTellsItsNumberAndShowsNoRows) {
  auto prepared = session_->prepare("INSERT INTO t (name) VALUES (?)");
  ASSERT_TRUE(prepared);
  EXPECT_TRUE((*prepared)->columns().empty());
  const std::vector<store::BoundValue> values{std::string_view("a")};
  auto execution = session_->execute(**prepared, values);
  ASSERT_TRUE(execution);
  const auto result = (*execution)->next();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->last_insert_id, 41U);
  EXPECT_EQ(result->stream, nullptr);
}

TEST_F(InsertTest, ATableIsAskedOnceUntilASchemaChanges) {
  const auto asked = [&] { return std::exchange(world_.auto_column_questions, 0); };
  run("INSERT INTO t (name) VALUES ('a')");
  EXPECT_EQ(asked(), 1);
  run("INSERT INTO t (name) VALUES ('b')");
  EXPECT_EQ(asked(), 0);
  { const SchemaChange by_another_session; }
  run("INSERT INTO t (name) VALUES ('c')");
  EXPECT_EQ(asked(), 1);
  run("ALTER TABLE t ADD COLUMN x INT");
  run("INSERT INTO t (name) VALUES ('d')");
  EXPECT_EQ(asked(), 1);
}

TEST_F(InsertTest, TheRowThatIsADuplicateMayHaveAName) {
  world_.answers.clear();
  run("INSERT INTO u (a, b) VALUES (1, 2) AS new ON DUPLICATE KEY UPDATE b = new.b + u.b");
  EXPECT_EQ(last_log(),
            "INSERT INTO u (a, b) VALUES (1, 2) ON CONFLICT DO UPDATE SET b = excluded.b + u.b");
  run("INSERT INTO u SELECT (1) AS new");
  EXPECT_EQ(last_log(), "INSERT INTO u SELECT (1) AS new");
}

}  // namespace
}  // namespace millrace::sql
