#include "engine/model_tables.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/definitions_test.h"

namespace millrace::engine {
namespace {

/// Assigns variables, publishes, and describes: "tower|feature|element|class|weight" a row.
std::vector<std::string> described(const ModelDefinition& definition,
                                   const std::vector<estimator::Variable>& variables) {
  const auto model = entry_of(definition);
  const auto state = *ModelState::make(*model);
  for (const auto& name : state->trainer().trained_names()) {
    for (auto variable : state->trainer().variables()) {
      if (variable.name != name) continue;
      std::fill(variable.values.begin(), variable.values.end(), 0.0F);
      EXPECT_TRUE(state->trainer().assign(variable));
    }
  }
  for (const auto& variable : variables) {
    const auto assigned = state->trainer().assign(variable);
    EXPECT_TRUE(assigned) << (assigned ? "" : assigned.error().to_string());
  }
  model->publish(state->publish(0, 0));
  const Batch rows = describe(*model);
  std::vector<std::string> lines;
  for (size_t row = 0; row < rows.rows(); ++row) {
    std::string line;
    for (size_t i = 0; i < 4; ++i) {
      const auto& column = rows.column(i);
      line +=
          std::string(column.is_valid(row) ? column.values<std::string_view>()[row] : "-") + "|";
    }
    char number[32];
    std::snprintf(number, sizeof number, "%g", rows.column(4).values<double>()[row]);
    lines.push_back(line + number);
  }
  return lines;
}

Argument ages() {
  return call("bucketized_column",
              {name("age"), with("boundaries", list({number("20"), number("40")}))});
}

TEST(DescribeModel, ShowsBucketsAndWordsTheLargestWeightFirst) {
  const auto words = call("categorical_column_with_vocabulary_list",
                          {name("city"), list({text("Rome"), text("Oslo")})});
  EXPECT_EQ(
      described(model("LinearClassifier",
                      {with("feature_columns",
                            list({ages(), words, call("numeric_column", {name("height")})}))}),
                {{"linear/linear_model/age_bucketized/weights", {3, 1}, {0.5F, 0, -2}},
                 {"linear/linear_model/city/weights", {2, 1}, {0, 0.75F}},
                 {"linear/linear_model/height/weights", {1, 1}, {-0.25F}},
                 {"linear/linear_model/bias_weights", {1}, {0.125F}}}),
      (std::vector<std::string>{"linear|age_bucketized|40 or more|-|-2", "linear|city|Oslo|-|0.75",
                                "linear|age_bucketized|below 20|-|0.5", "linear|height|-|-|-0.25",
                                "linear|bias|-|-|0.125"}));
}

TEST(DescribeModel, TellsClassesAndLabelsApart) {
  EXPECT_EQ(
      described(
          model("LinearClassifier",
                {with("feature_columns", list({ages()})), with("n_classes", number("3")),
                 with("label_vocabulary", list({text("low"), text("mid"), text("high")}))}),
          {{"linear/linear_model/age_bucketized/weights", {3, 3}, {0, 0, 1, 0, 2, 0, 0, 0, 0}},
           {"linear/linear_model/bias_weights", {3}, {3, 0, 0}}}),
      (std::vector<std::string>{"linear|bias|-|low|3", "linear|age_bucketized|[20, 40)|mid|2",
                                "linear|age_bucketized|below 20|high|1"}));
  EXPECT_EQ(described(model("LinearRegressor", {with("feature_columns", list({ages()})),
                                                with("label_dimension", number("2"))}),
                      {{"linear/linear_model/bias_weights", {2}, {0, 3}}}),
            (std::vector<std::string>{"linear|bias|-|clicked_1|3"}));
}

TEST(DescribeModel, ShowsEmbeddingsByWordAndLayersByPlace) {
  const auto words = call("categorical_column_with_vocabulary_list",
                          {name("city"), list({text("Rome"), text("Oslo")})});
  const auto definition =
      model("DNNClassifier",
            {with("feature_columns", list({call("embedding_column", {words, number("3")})})),
             with("hidden_units", list({number("2")}))});
  const auto entry = entry_of(definition);
  std::vector<estimator::Variable> changed;
  for (auto variable : entry->published()->model->variables()) {
    std::fill(variable.values.begin(), variable.values.end(), 0.0F);
    if (variable.name.ends_with("embedding_weights")) variable.values[4] = 2;
    if (variable.name == "dnn/hiddenlayer_0/kernel") variable.values[5] = 1;
    changed.push_back(std::move(variable));
  }
  EXPECT_EQ(described(definition, changed),
            (std::vector<std::string>{"dnn|city_embedding|Oslo, dimension 1|-|2",
                                      "dnn|hiddenlayer_0/kernel|[2, 1]|-|1"}));
}

TEST(DescribeModel, IsBounded) {
  const auto wide = model(
      "LinearClassifier",
      {with("feature_columns",
            list({call("categorical_column_with_hash_bucket", {name("city"), number("20000")})}))});
  std::vector<float> weights(20000);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i);
  const auto lines = described(wide, {{"linear/linear_model/city/weights", {20000, 1}, weights}});
  ASSERT_EQ(lines.size(), kDescribedMax);
  EXPECT_EQ(lines.front(), "linear|city|bucket 19999|-|19999");
  EXPECT_EQ(lines.back(), "linear|city|bucket 10000|-|10000");
}

}  // namespace
}  // namespace millrace::engine
