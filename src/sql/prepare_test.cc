// Prepared statements of a session: what is sent to the store, and when it is planned anew.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/fake_world_test.h"
#include "sql/session.h"

namespace millrace::sql {
namespace {

using store::BoundValue;
using testing::ElementsAre;
using testing::HasSubstr;

class PrepareTest : public testing::Test {
 protected:
  PrepareTest() {
    auto opened = SqlSession::open(store_, engine_, {7, "root", "127.0.0.1:51234"}, host_);
    EXPECT_TRUE(opened);
    session_ = std::move(*opened);
    run("USE db");
    (void)world_.take_log();
  }
  void run(std::string_view text) {
    auto execution = session_->execute(text);
    ASSERT_TRUE(execution);
    EXPECT_TRUE((*execution)->next());
  }
  std::unique_ptr<PreparedStatement> prepare(std::string_view text) {
    auto prepared = session_->prepare(text);
    EXPECT_TRUE(prepared) << prepared.error().to_string();
    return std::move(*prepared);
  }
  Result<StatementResult> execute(PreparedStatement& statement,
                                  const std::vector<BoundValue>& values) {
    TRY(auto execution, session_->execute(statement, values));
    auto result = execution->next();
    EXPECT_TRUE(execution->done());
    return result;
  }
  std::string error_of(std::string_view text) {
    const auto prepared = session_->prepare(text);
    return prepared ? "no error" : prepared.error().to_string();
  }

  FakeWorld world_;
  FakeStore store_{world_};
  FakeEngine engine_{world_};
  FakeHost host_{world_};
  std::unique_ptr<SqlSession> session_;
};

TEST_F(PrepareTest, MarksAreNumberedInTheOrderOfTheText) {
  const auto statement = prepare("SELECT a FROM `t` WHERE a = ? AND b = ? LIMIT ?, ?");
  EXPECT_EQ(statement->parameters().size(), 4U);
  EXPECT_THAT(
      world_.take_log(),
      ElementsAre("prepare SELECT a FROM \"t\" WHERE a = $1 AND b = $2 LIMIT $4 OFFSET $3"));
}

TEST_F(PrepareTest, AMarkInATextIsNone) {
  const auto statement = prepare("SELECT '?', \"?\", `?` FROM t # ?\n WHERE a = ?");
  EXPECT_EQ(statement->parameters().size(), 1U);
}

TEST_F(PrepareTest, AnUnnamedMarkIsCalledAsMySqlDoesAndIntervalsTakeThem) {
  (void)prepare("SELECT ?, now() - INTERVAL ? DAY AS d");
  EXPECT_THAT(
      world_.take_log(),
      ElementsAre("prepare SELECT $1 AS \"?\", CAST(now() AS TIMESTAMP) - INTERVAL ($2) DAY "
                  "AS d"));
}

TEST_F(PrepareTest, AStatementIsPlannedOnceAndRunsWithItsValues) {
  const auto statement = prepare("INSERT INTO t VALUES (?)");
  (void)world_.take_log();
  for (int64_t i = 0; i < 2; ++i) EXPECT_TRUE(execute(*statement, {i}));
  EXPECT_THAT(world_.take_log(), ElementsAre("with 1 values", "INSERT INTO t VALUES ($1)",
                                             "with 1 values", "INSERT INTO t VALUES ($1)"));
}

TEST_F(PrepareTest, WhatTheSessionKnowsIsAskedWhenItRuns) {
  const auto statement = prepare("SELECT DATABASE() AS d, ? AS x");
  (void)world_.take_log();
  run("USE other");
  (void)world_.take_log();
  EXPECT_TRUE(execute(*statement, {int64_t{1}}));
  EXPECT_THAT(world_.take_log(), ElementsAre("prepare SELECT 'other' AS d, $1 AS x",
                                             "with 1 values", "SELECT 'other' AS d, $1 AS x"));
}

TEST_F(PrepareTest, StatementsOfOursArePreparedWithoutParameters) {
  const auto statement = prepare("START PIPELINE p");
  EXPECT_TRUE(statement->parameters().empty());
  EXPECT_THAT(world_.take_log(), ElementsAre());
  EXPECT_TRUE(execute(*statement, {}));
  EXPECT_THAT(world_.take_log(), ElementsAre(HasSubstr("start")));
  EXPECT_THAT(error_of("SHOW TABLES WHERE a = ?"), HasSubstr("parameter is not supported"));
}

TEST_F(PrepareTest, OnlyOneStatementIsPrepared) {
  EXPECT_THAT(error_of("SELECT 1; SELECT 2"), HasSubstr("only one statement"));
  EXPECT_THAT(error_of(" "), HasSubstr("empty"));
  EXPECT_EQ(error_of("SELECT 1;"), "no error");
}

TEST_F(PrepareTest, SystemSchemasStayReadOnly) {
  EXPECT_THAT(error_of("INSERT INTO millrace.models VALUES (?)"), HasSubstr("read only"));
  EXPECT_THAT(error_of("SELECT * FROM millrace_internal.x WHERE a = ?"),
              HasSubstr("not for users"));
}

TEST_F(PrepareTest, WithoutAutocommitThePreparedStatementOpensATransaction) {
  const auto statement = prepare("INSERT INTO t VALUES (?)");
  run("SET autocommit = 0");
  (void)world_.take_log();
  EXPECT_TRUE(execute(*statement, {int64_t{1}}));
  EXPECT_EQ(world_.take_log().front(), "BEGIN TRANSACTION");
}

}  // namespace
}  // namespace millrace::sql
