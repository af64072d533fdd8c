#include "store/duckdb_predict.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/thread.h"
#include "store/duckdb_database_test.h"

namespace millrace::store {
namespace {

std::shared_ptr<const Schema> output_schema() {
  const DataType reals{Kind::kDouble, true};
  return std::make_shared<Schema>(std::vector<Field>{{"class_id", {Kind::kInt64, false}},
                                                     {"class", {Kind::kVarchar, false}},
                                                     {"probability", {Kind::kDouble, false}},
                                                     {"probabilities", reals},
                                                     {"logits", reals},
                                                     {"prediction", {Kind::kDouble, false}},
                                                     {"model_version", {Kind::kInt64, false}}});
}

/// Tells what it was asked: the class is "database/model/b", the number is that of column a.
class FakePredictor : public Predictor {
 public:
  struct Seen {
    std::string model;
    std::string database;
    std::vector<Field> fields;
    size_t rows;
  };

  const std::shared_ptr<const Schema>& output() const override { return output_; }

  Status predict(const ModelOfSql& asked, const Batch& rows, Batch& predictions) override {
    const auto [model, database, asked_version] = asked;
    {
      Lock lock(mutex_);
      seen_.push_back(
          {std::string(model), std::string(database), rows.schema().fields(), rows.rows()});
    }
    if (model == "nope") {
      Error error(Code::kNotFound, "model \"nope\" has 100% no \"name\"", "Did you mean m?");
      error.detail = "It\nwas\tnever made.";
      return error;
    }
    auto texts = std::make_shared<std::vector<std::string>>();
    predictions.reset(rows.rows());
    predictions.keep_alive(texts);
    const Column* a = rows.find("a");
    const Column* b = rows.find("b");
    std::vector<uint32_t> offsets{0};
    for (size_t row = 0; row < rows.rows(); ++row) {
      const bool valid = a != nullptr && a->is_valid(row);
      offsets.push_back(offsets.back() + (valid ? 2 : 0));
      std::string text = std::string(database) + "/" + std::string(model) + "/";
      if (b != nullptr) text += b->is_valid(row) ? b->values<std::string_view>()[row] : "?";
      texts->push_back(std::move(text));
    }
    predictions.column(3).set_list_offsets(offsets);
    for (size_t row = 0; row < rows.rows(); ++row) {
      predictions.column(1).set<std::string_view>(row, (*texts)[row]);
      predictions.column(6).set<int64_t>(row,
                                         asked_version == kNewest ? version.load() : asked_version);
      if (a == nullptr || !a->is_valid(row)) continue;
      const double number = number_at(*a, row);
      predictions.column(0).set<int64_t>(row, static_cast<int64_t>(number));
      predictions.column(2).set<double>(row, number);
      predictions.column(3).set_valid(row);
      predictions.column(3).values<double>()[offsets[row]] = number;
      predictions.column(3).values<double>()[offsets[row] + 1] = -number;
    }
    return {};
  }

  std::vector<Seen> seen() {
    Lock lock(mutex_);
    return seen_;
  }
  std::atomic<int64_t> version = 1;

 private:
  const std::shared_ptr<const Schema> output_ = output_schema();
  Mutex mutex_;
  std::vector<Seen> seen_ GUARDED_BY(mutex_);
};

class PredictTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto connection = database_.connect();
    ASSERT_TRUE(register_predictor(connection.get(), predictor_));
  }

  Answer ok(const std::string& sql) {
    auto answer = ask(*session_, sql);
    EXPECT_FALSE(answer.error) << sql << ": " << answer.text();
    return answer;
  }
  std::string one(const std::string& sql) { return ok(sql).one(); }

  std::shared_ptr<FakePredictor> predictor_ = std::make_shared<FakePredictor>();
  TestDatabase database_{{}, 4};
  std::unique_ptr<Session> session_ = database_.session();
};

TEST_F(PredictTest, ALiteralRow) {
  EXPECT_EQ(one("SELECT predict('db.m', {'a': 1, 'b': 'x'})"),
            R"({"class_id": 1, "class": "main/db.m/x", "probability": 1, )"
            R"("probabilities": [1, -1], "logits": null, "prediction": null, "model_version": 1})");
  EXPECT_EQ(one("SELECT predict('m', {'a': 2.5}).probability"), "2.5");
  EXPECT_EQ(one("SELECT predict('m', {'b': 'a text that is not short'}).class"),
            "main/m/a text that is not short");
}

TEST_F(PredictTest, TheRowsOfATable) {
  ok("CREATE TABLE t AS SELECT range AS a, 'word ' || range AS b FROM range(10000)");
  EXPECT_EQ(one("SELECT count(*) FROM t WHERE predict('m', t).probability = a"), "10000");
  EXPECT_EQ(one("SELECT count(*) FROM (SELECT a, predict('m', t) AS p FROM t) WHERE "
                "p.class = 'main/m/word ' || a AND p.probabilities = [a, -a]"),
            "10000");
  for (const auto& seen : predictor_->seen()) EXPECT_LE(seen.rows, 2048U);
  // One model is one call for each chunk.
  EXPECT_LE(predictor_->seen().size(), 2 * 10U);
}

TEST_F(PredictTest, AChunkIsSplitByItsModels) {
  ok("CREATE TABLE t AS SELECT range AS a, range::VARCHAR AS b, CASE range % 4 WHEN 0 THEN 'even' "
     "WHEN 1 THEN 'odd' WHEN 2 THEN 'a name that is not short' END AS model FROM range(10000)");
  EXPECT_EQ(one("SELECT count(*) FROM (SELECT *, predict(model, t) AS p FROM t) WHERE "
                "p.class = 'main/' || model || '/' || b AND p.probabilities[2] = -a "
                "AND p.class_id = a AND len(p.probabilities) = 2"),
            "7500");
  EXPECT_EQ(one("SELECT count(*) FROM t WHERE predict(model, t) IS NULL"), "2500");
  EXPECT_LE(predictor_->seen().size(), 2 * 3 * 5U);
}

TEST_F(PredictTest, NullIsNull) {
  EXPECT_EQ(one("SELECT predict('m', NULL)"), "NULL");
  EXPECT_EQ(one("SELECT predict(NULL, {'a': 1})"), "NULL");
  EXPECT_EQ(one("SELECT predict('m', NULL::STRUCT(a INTEGER)).class"), "NULL");
  EXPECT_TRUE(predictor_->seen().empty());
  EXPECT_EQ(one("SELECT predict('m', {'a': NULL::INTEGER, 'b': NULL::VARCHAR}).class"), "main/m/?");
  EXPECT_EQ(one("SELECT predict('m', {'a': NULL::INTEGER}).probabilities"), "NULL");
  ok("CREATE TABLE s AS SELECT range AS i, CASE WHEN range % 3 = 0 THEN NULL ELSE "
     "{'a': range} END AS r FROM range(10000)");
  EXPECT_EQ(one("SELECT count(*) FROM s WHERE predict('m', r).class_id = i"), "6666");
  EXPECT_EQ(one("SELECT count(*) FROM s WHERE predict('m', r) IS NULL"), "3334");
}

// Vectors of a filter's output are selections of others.
TEST_F(PredictTest, RowsBehindAFilterAndAJoin) {
  ok("CREATE TABLE t AS SELECT range AS a, 'word ' || range AS b FROM range(10000)");
  EXPECT_EQ(one("SELECT count(*) FROM (SELECT * FROM t WHERE a % 7 = 0) t WHERE "
                "predict('m', t).class = 'main/m/word ' || a"),
            "1429");
  EXPECT_EQ(one("SELECT count(*) FROM t JOIN (SELECT range * 3 AS k FROM range(5000)) ON a = k "
                "WHERE predict('m', t).class = 'main/m/word ' || k"),
            "3334");
  EXPECT_EQ(one("SELECT sum(predict('m', {'a': x}).class_id) FROM (SELECT unnest([1, 2, 3]) AS x)"),
            "6");
}

TEST_F(PredictTest, FieldsThatABatchHolds) {
  ok("SELECT predict('m', {'A': 1.5, 'big': 7::HUGEINT, 'e': 'y'::ENUM('x', 'y'), "
     "'d': DATE '2026-11-23', 'ns': '2026-11-23 10:00:00'::TIMESTAMP_NS, 'l': [1, 2], "
     "'dl': [1.5, NULL, 2.5], 'words': ['a', 'b'], 'i': INTERVAL '1 day', 's': {'x': 1}, "
     "'ok': true})");
  const auto seen = predictor_->seen();
  ASSERT_EQ(seen.size(), 1U);
  const std::vector<Field> expected{
      {"A", {Kind::kDouble, false}},     {"big", {Kind::kDouble, false}},
      {"e", {Kind::kVarchar, false}},    {"d", {Kind::kDate, false}},
      {"ns", {Kind::kTimestamp, false}}, {"l", {Kind::kInt32, true}},
      {"dl", {Kind::kDouble, true}},     {"words", {Kind::kVarchar, true}},
      {"ok", {Kind::kBool, false}}};
  EXPECT_EQ(seen[0].fields, expected);
}

TEST_F(PredictTest, ConvertedFieldsKeepTheirValues) {
  for (const char* number :
       {"12.5::DECIMAL(3,1)", "12.5::DECIMAL(9,1)", "12.5::DECIMAL(18,1)", "12.5::DECIMAL(38,1)"})
    EXPECT_EQ(one(std::string("SELECT predict('m', {'a': ") + number + "}).probability"), "12.5");
  EXPECT_EQ(one("SELECT predict('m', {'a': (-7)::HUGEINT}).probability"), "-7");
  EXPECT_EQ(one("SELECT predict('m', {'a': 7::UHUGEINT}).probability"), "7");
  ok("CREATE TYPE mood AS ENUM ('sad', 'a mood that is not short')");
  ok("CREATE TABLE t AS SELECT range::DECIMAL(18,2) AS a, CASE range % 3 WHEN 0 THEN 'sad' WHEN 1 "
     "THEN 'a mood that is not short' END::mood AS b FROM range(10000)");
  EXPECT_EQ(one("SELECT count(*) FROM t WHERE predict('m', t).class = 'main/m/' || "
                "coalesce(b::VARCHAR, '?') AND predict('m', t).probability = a"),
            "10000");
}

TEST_F(PredictTest, TheCurrentDatabaseReachesThePredictor) {
  ok("CREATE SCHEMA Shop");
  ASSERT_TRUE(session_->use("shop"));
  EXPECT_EQ(one("SELECT predict('m', {'b': 'x'}).class"), "Shop/m/x");
  const auto other = database_.session();
  EXPECT_EQ(ask(*other, "SELECT predict('m', {'b': 'x'}).class").text(), "main/m/x");
  ASSERT_TRUE(session_->use("main"));
  EXPECT_EQ(one("SELECT predict('m', {'b': 'x'}).class"), "main/m/x");
}

TEST_F(PredictTest, AModelThatLearnsIsAskedAgain) {
  const auto connection = database_.connect();
  auto statement = prepare(connection.get(), "SELECT predict('m', {'a': 1}).model_version");
  ASSERT_TRUE(statement);
  for (const int64_t version : {5, 6}) {
    predictor_->version = version;
    auto result = execute(*statement);
    ASSERT_TRUE(result);
    Rows rows(std::move(*result));
    ASSERT_TRUE(rows.next());
    EXPECT_EQ(rows.integer(0), version);
  }
}

TEST_F(PredictTest, AnErrorComesBackAsItWas) {
  const auto answer = ask(*session_, "SELECT predict('nope', {'a': 1})");
  ASSERT_TRUE(answer.error);
  EXPECT_EQ(answer.error->code, Code::kNotFound);
  EXPECT_EQ(answer.error->message, "model \"nope\" has 100% no \"name\"");
  EXPECT_EQ(answer.error->detail, "It\nwas\tnever made.");
  EXPECT_EQ(answer.error->hint, "Did you mean m?");
  EXPECT_EQ(one("SELECT predict('m', {'a': 1}).class_id"), "1");
}

TEST_F(PredictTest, ARowIsNeeded) {
  const auto answer = ask(*session_, "SELECT predict('m', 7)");
  EXPECT_EQ(answer.code(), Code::kInvalidArgument);
  EXPECT_EQ(answer.error->message, "predict() needs a row, and this is a single value");
}

TEST_F(PredictTest, ManyThreadsAtOnce) {
  ok("CREATE TABLE t AS SELECT range AS a, 'word ' || range AS b FROM range(500000)");
  ok("SET threads = 4");
  std::vector<std::jthread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.push_back(run_thread("predicts", [&](std::stop_token) {
      const auto session = database_.session();
      EXPECT_EQ(ask(*session, "SELECT count(*) FROM t WHERE predict('m', t).class = 'main/m/' || b")
                    .text(),
                "500000");
    }));
  }
}

TEST_F(PredictTest, AVersionIsAskedForByRow) {
  EXPECT_EQ(one("SELECT predict('m', {'a': 1}, 7).model_version"), "7");
  EXPECT_EQ(one("SELECT predict('m', {'a': 1}, version => 7).model_version"), "7");
  EXPECT_EQ(one("SELECT list(predict('m', {'a': i}, if(i = 2, NULL, i % 2)).model_version "
                "ORDER BY i) FROM range(4) r(i)"),
            "[0, 1, null, 1]");
}

}  // namespace
}  // namespace millrace::store
