#include "store/duckdb_batch_statement.h"

#include "store/duckdb_database_test.h"
#include "store/duckdb_error.h"
#include "store/store_fixture_test.h"

namespace millrace::store {
namespace {

class BatchStatementTest : public ::testing::Test {
 protected:
  void SetUp() override {
    sources_ = *BatchSources::install(connection_.get());
    must("CREATE TABLE t (a TINYINT, b VARCHAR, c DOUBLE DEFAULT 1.5)");
  }
  void must(const std::string& statement) {
    const auto done = run(connection_.get(), statement);
    ASSERT_TRUE(done) << done.error().to_string();
  }
  std::unique_ptr<BatchStatement> open() {
    auto insert =
        BatchStatement::open(connection_.get(), sources_, input_,
                             insert_into("t", {"b", "a"}, {"\"y\"", "CAST(\"x\" AS TINYINT)"}));
    EXPECT_TRUE(insert) << insert.error().to_string();
    return std::move(*insert);
  }
  Batch batch(int64_t count, int64_t last) {
    std::vector<std::vector<Value>> rows;
    for (int64_t i = 0; i + 1 < count; ++i) rows.push_back({i % 100, kText + std::to_string(i)});
    rows.push_back({last, Value()});
    return batch_of(input_, std::move(rows));
  }
  std::string value(const std::string& sql) { return ask(*database_.session(), sql).text(); }

  static constexpr const char* kText = "a text that is longer than twelve bytes ";
  TestDatabase database_{"", 1};
  Connection connection_ = database_.connect();
  std::shared_ptr<BatchSources> sources_;
  std::shared_ptr<const Schema> input_ = schema({{"x", {Kind::kInt64}}, {"y", {Kind::kVarchar}}});
};

TEST_F(BatchStatementTest, AllRowsOfEachBatchGoInInTheirOrder) {
  const auto insert = open();
  for (const int64_t count : {1, 5000}) {
    const auto rows = batch(count, 7);
    const auto done = insert->run(rows);
    ASSERT_TRUE(done) << done.error().to_string();
  }
  const auto count = [&](const std::string& condition) {
    return value("SELECT count(*) FROM __millrace.t WHERE " + condition);
  };
  EXPECT_EQ(count("c = 1.5"), "5001");
  EXPECT_EQ(count("b IS NULL AND a = 7"), "2");
  EXPECT_EQ(count("rowid BETWEEN 1 AND 4999 AND a = (rowid - 1) % 100 AND b = '" +
                  std::string(kText) + "' || (rowid - 1)"),
            "4999");
}

TEST_F(BatchStatementTest, ARowThatFailsKeepsAllOut) {
  const auto insert = open();
  const auto bad = batch(5000, 700);
  const auto refused = insert->run(bad);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(is_of_rows(refused.error())) << refused.error().to_string();
  EXPECT_EQ(value("SELECT count(*) FROM __millrace.t"), "0");
  const auto good = batch(5000, 70);
  ASSERT_TRUE(insert->run(good));
  EXPECT_EQ(value("SELECT count(*) FROM __millrace.t"), "5000");
}

/// A plan is kept, and believes in nothing that is compared with the batch.
TEST_F(BatchStatementTest, AnUpdateMeetsRowsThatCameAfterItWasMade) {
  must("INSERT INTO t (a, b) VALUES (60, 'other')");
  const auto update =
      BatchStatement::open(connection_.get(), sources_, input_, [](const std::string& rows) {
        return "UPDATE t SET c = r.x FROM " + rows + " AS r WHERE t.b = r.y AND t.a < r.x";
      });
  ASSERT_TRUE(update) << update.error().to_string();
  const auto rows = batch_of(input_, {{int64_t{100}, "mine"}});
  for (const int64_t there : {0, 1, 2}) {
    const auto changed = (*update)->run(rows);
    ASSERT_TRUE(changed) << changed.error().to_string();
    EXPECT_EQ(*changed, there);
    must("INSERT INTO t (a, b) VALUES (" + std::to_string(50 + there) + ", 'mine')");
  }
  must("INSERT INTO t (a, b) VALUES (-100, 'mine'), (120, 'mine')");
  EXPECT_EQ(*(*update)->run(rows), 4);
  EXPECT_EQ(value("SELECT count(*) FROM __millrace.t WHERE c = 100"), "4");
}

}  // namespace
}  // namespace millrace::store
