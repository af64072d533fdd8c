#include "store/duckdb_explain.h"

#include <gtest/gtest.h>

#include "store/duckdb_database_test.h"

namespace millrace::store {
namespace {

/// A feature for each whole number up to the row's a; none where it is NULL.
class FakeExplainer : public Explainer {
 public:
  Status explain(const ModelOfSql& model, std::optional<int64_t> class_id, const Batch& rows,
                 std::vector<std::optional<Explanation>>& explanations) override {
    if (model.name == "nope") return Error(Code::kNotFound, "model \"nope\" does not exist");
    explanations.assign(rows.rows(), std::nullopt);
    const Column& a = *rows.find("a");
    for (size_t row = 0; row < rows.rows(); ++row) {
      if (!a.is_valid(row)) continue;
      auto& explanation = explanations[row].emplace();
      for (int64_t i = 1; static_cast<double>(i) <= number_at(a, row); ++i)
        explanation.push_back({std::string(model.database) + "." + std::string(model.name),
                               i == 1 ? "" : std::to_string(i), 0.5,
                               static_cast<double>(class_id.value_or(-1))});
    }
    return {};
  }
};

class ExplainTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto connection = database_.connect();
    ASSERT_TRUE(register_explainer(connection.get(), std::make_shared<FakeExplainer>()));
  }
  std::string one(const std::string& sql) {
    auto answer = ask(*session_, sql);
    EXPECT_FALSE(answer.error) << sql << ": " << answer.text();
    return answer.one();
  }

  TestDatabase database_{{}, 4};
  std::unique_ptr<Session> session_ = database_.session();
};

TEST_F(ExplainTest, GivesAListOfParts) {
  EXPECT_EQ(one("SELECT explain('m', {'a': 2})"),
            R"([{"feature": "main.m", "element": null, "value": 0.5, "contribution": -1}, )"
            R"({"feature": "main.m", "element": "2", "value": 0.5, "contribution": -1}])");
  EXPECT_EQ(one("SELECT explain('m', {'a': 1}, class => 3)[1].contribution"), "3");
  EXPECT_EQ(one("SELECT explain('m', {'a': 0})"), "[]");
  EXPECT_EQ(one("SELECT explain('m', {'a': NULL::DOUBLE}) IS NULL"), "1");
  EXPECT_EQ(one("SELECT explain('m', NULL) IS NULL"), "1");
  const auto answer = ask(*session_, "SELECT explain('nope', {'a': 1})");
  EXPECT_EQ(answer.code(), Code::kNotFound);
}

TEST_F(ExplainTest, RowsOfManyModelsAndChunksKeepTheirOwn) {
  EXPECT_EQ(one("SELECT count(*) FROM (SELECT i, m, unnest(explain(m, {'a': i % 5})) AS part FROM "
                "(SELECT i, if(i % 3 = 0, 'x', 'y') AS m FROM range(10000) r(i))) "
                "WHERE part.feature = 'main.' || m"),
            "20000");
}

}  // namespace
}  // namespace millrace::store
