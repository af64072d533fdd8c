// Rows that fail an expression or that the target refuses: rejects, and the others go on.
#include "store/store_fixture_test.h"

namespace millrace::store {
namespace {

class RefusedRowsTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    make_pipeline(pipeline_);
    output_.database = "shop";
    output_.table = "t";
    output_.input = input_;
    output_.columns = {{"k", "\"k\""}, {"v", "\"v\""}};
  }

  /// Commits the rows as batch 1; all messages are of partition 0, from offset 0.
  CommitOutcome commit(const Batch& batch) {
    auto writer = store().open_writer(pipeline_, output_);
    EXPECT_TRUE(writer) << writer.error().to_string();
    if (!writer) return {};
    TestCommit test(1, 0, batch.rows());
    test.commit.rows = &batch;
    const auto outcome = (*writer)->commit(test.commit);
    EXPECT_TRUE(outcome) << outcome.error().to_string();
    if (!outcome) return {};
    EXPECT_EQ(static_cast<size_t>(outcome->rows_written + outcome->rejects), batch.rows());
    EXPECT_EQ(value("SELECT count(*) FROM millrace.rejects"), std::to_string(outcome->rejects));
    EXPECT_EQ(value("SELECT rows_out, rejects FROM millrace.batches"),
              std::to_string(outcome->rows_written) + "|" + std::to_string(outcome->rejects));
    return *outcome;
  }

  std::vector<std::string> rejects() {
    return rows("SELECT source_offset, reason FROM millrace.rejects ORDER BY 1");
  }

  std::shared_ptr<const Schema> input_ = schema({{"k", {Kind::kInt64}}, {"v", {Kind::kVarchar}}});
  PipelineIdentity pipeline_;
  OutputSpec output_;
};

TEST_F(RefusedRowsTest, ManyFailingExpressionsCostOnlyThemselves) {
  sql("CREATE TABLE shop.t (k BIGINT, v BIGINT)");
  output_.columns[1].expression = "CAST(\"v\" AS BIGINT)";
  std::vector<std::vector<Value>> all;
  for (int64_t i = 0; i < 10000; ++i)
    all.push_back({i, i % 97 == 5 ? "bad " + std::to_string(i) : std::to_string(i)});
  const auto outcome = commit(batch_of(input_, std::move(all)));
  EXPECT_EQ(outcome.rejects, 104);
  EXPECT_EQ(value("SELECT count(*), sum(k - v), count(*) FILTER (k % 97 = 5) FROM shop.t"),
            "9896|0|0");
  EXPECT_EQ(value("SELECT reason, bytes FROM millrace.rejects WHERE source_offset = 102"),
            "expression|row 102");
  EXPECT_NE(
      value("SELECT detail FROM millrace.rejects WHERE source_offset = 102").find("'bad 102'"),
      std::string::npos);
}

TEST_F(RefusedRowsTest, EveryRowMayFail) {
  sql("CREATE TABLE shop.t (k BIGINT CHECK (k < 0), v BIGINT)");
  output_.columns[1].expression = "CAST(\"v\" AS BIGINT)";
  std::vector<std::vector<Value>> all;
  for (int64_t i = 0; i < 300; ++i) all.push_back({i, i % 2 == 0 ? "1" : "x"});
  EXPECT_EQ(commit(batch_of(input_, std::move(all))).rejects, 300);
  EXPECT_EQ(value("SELECT count(*) FROM shop.t"), "0");
  EXPECT_EQ(rows("SELECT reason, count(*) FROM millrace.rejects GROUP BY 1 ORDER BY 1"),
            (std::vector<std::string>{"constraint|150", "expression|150"}));
}

TEST_F(RefusedRowsTest, NullWhereNoneMayBe) {
  sql("CREATE TABLE shop.t (k BIGINT NOT NULL, v VARCHAR NOT NULL)");
  std::vector<std::vector<Value>> all(3000, {int64_t{1}, "a"});
  all[7] = {Value(), "a"};
  all[2500] = {int64_t{1}, Value()};
  all[2501] = {Value(), Value()};
  EXPECT_EQ(commit(batch_of(input_, all)).rejects, 3);
  EXPECT_EQ(rejects(),
            (std::vector<std::string>{"7|constraint", "2500|constraint", "2501|constraint"}));
  EXPECT_EQ(value("SELECT detail FROM millrace.rejects WHERE source_offset = 2500"),
            "NOT NULL constraint failed: t.v");
}

TEST_F(RefusedRowsTest, NullMadeByAnExpression) {
  sql("CREATE TABLE shop.t (k BIGINT NOT NULL, v VARCHAR)");
  output_.columns[0].expression = "nullif(\"k\", 4000)";
  std::vector<std::vector<Value>> all;
  for (int64_t i = 0; i < 5000; ++i) all.push_back({i, "a text of more than twelve bytes"});
  EXPECT_EQ(commit(batch_of(input_, std::move(all))).rejects, 1);
  EXPECT_EQ(rejects(), std::vector<std::string>{"4000|constraint"});
  EXPECT_EQ(value("SELECT count(*), count(DISTINCT k), min(v) FROM shop.t"),
            "4999|4999|a text of more than twelve bytes");
}

TEST_F(RefusedRowsTest, ChecksRefuseTheirRows) {
  sql("CREATE TABLE shop.t (k BIGINT CHECK (k % 100 <> 3), v VARCHAR)");
  std::vector<std::vector<Value>> all;
  for (int64_t i = 0; i < 5000; ++i) all.push_back({i, "a text of more than twelve bytes"});
  EXPECT_EQ(commit(batch_of(input_, std::move(all))).rejects, 50);
  EXPECT_EQ(value("SELECT count(*), count(*) FILTER (k % 100 = 3), min(v) FROM shop.t"),
            "4950|0|a text of more than twelve bytes");
}

TEST_F(RefusedRowsTest, TheFirstOfOneKeyIsTaken) {
  sql("CREATE TABLE shop.t (k BIGINT PRIMARY KEY, v VARCHAR)");
  sql("INSERT INTO shop.t VALUES (3, 'old')");
  const auto batch = batch_of(input_, {{int64_t{1}, "first"},
                                       {int64_t{2}, "a"},
                                       {int64_t{3}, "refused"},
                                       {int64_t{1}, "second"},
                                       {int64_t{4}, "b"},
                                       {Value(), "no key"},
                                       {int64_t{1}, "third"}});
  EXPECT_EQ(commit(batch).rejects, 4);
  EXPECT_EQ(rows("SELECT * FROM shop.t ORDER BY k"),
            (std::vector<std::string>{"1|first", "2|a", "3|old", "4|b"}));
  EXPECT_EQ(rejects(), (std::vector<std::string>{"2|constraint", "3|constraint", "5|constraint",
                                                 "6|constraint"}));
}

TEST_F(RefusedRowsTest, AKeyWhoseFirstRowIsRefusedIsTakenLater) {
  sql("CREATE TABLE shop.t (k BIGINT PRIMARY KEY, v VARCHAR CHECK (v <> 'bad'))");
  const auto batch = batch_of(
      input_, {{int64_t{1}, "bad"}, {int64_t{2}, "a"}, {int64_t{1}, "good"}, {int64_t{1}, "late"}});
  EXPECT_EQ(commit(batch).rejects, 2);
  EXPECT_EQ(rows("SELECT * FROM shop.t ORDER BY k"), (std::vector<std::string>{"1|good", "2|a"}));
}

TEST_F(RefusedRowsTest, ManyDuplicatesAreFoundTogether) {
  sql("CREATE TABLE shop.t (k BIGINT, v VARCHAR, UNIQUE (k, v))");
  sql("INSERT INTO shop.t SELECT range, 'v' FROM range(500)");
  std::vector<std::vector<Value>> all;
  for (int64_t i = 0; i < 20000; ++i) all.push_back({i % 8000, "v"});
  all.push_back({Value(), "v"});
  all.push_back({Value(), "v"});
  EXPECT_EQ(commit(batch_of(input_, std::move(all))).rows_written, 7502);
  EXPECT_EQ(value("SELECT count(*), count(DISTINCT k) FROM shop.t"), "8002|8000");
}

TEST_F(RefusedRowsTest, AnExpressionsKeyIsCheckedToo) {
  sql("CREATE TABLE shop.t (k BIGINT, v VARCHAR)");
  sql("CREATE UNIQUE INDEX one ON shop.t ((k % 10))");
  std::vector<std::vector<Value>> all;
  for (int64_t i = 0; i < 40; ++i) all.push_back({i, "v"});
  EXPECT_EQ(commit(batch_of(input_, std::move(all))).rows_written, 10);
  EXPECT_EQ(value("SELECT max(k) FROM shop.t"), "9");
}

TEST_F(RefusedRowsTest, ForeignKeysRefuseTheirRows) {
  sql("CREATE TABLE shop.parent (id BIGINT PRIMARY KEY); INSERT INTO shop.parent VALUES (1), (2)");
  sql("CREATE TABLE shop.t (k BIGINT REFERENCES shop.parent (id), v VARCHAR)");
  const auto batch = batch_of(input_, {{int64_t{1}, "a"}, {int64_t{3}, "b"}, {int64_t{2}, "c"}});
  EXPECT_EQ(commit(batch).rejects, 1);
  EXPECT_EQ(rejects(), std::vector<std::string>{"1|constraint"});
}

}  // namespace
}  // namespace millrace::store
