#include "engine/labelled_rows.h"

#include <gtest/gtest.h>

#include "engine/definitions_test.h"

namespace millrace::engine {
namespace {

std::shared_ptr<ModelEntry> wide_and_deep() {
  const auto city = call("categorical_column_with_hash_bucket", {name("city"), number("50")});
  return entry_of(
      {{"shop", "m"},
       call("DNNLinearCombinedClassifier",
            {with("label", name("clicked")), with("weight_column", name("age")),
             with("linear_feature_columns", list({city})),
             with("dnn_feature_columns", list({call("numeric_column", {name("age")}),
                                               call("embedding_column", {city, number("4")})})),
             with("dnn_hidden_units", list({number("4")}))})});
}

void expect_equal(const Encoded& a, const Encoded& b) {
  EXPECT_EQ(a.rows, b.rows);
  ASSERT_EQ(a.blocks.size(), b.blocks.size());
  for (size_t i = 0; i < a.blocks.size(); ++i) {
    EXPECT_EQ(a.blocks[i].dense, b.blocks[i].dense);
    EXPECT_EQ(a.blocks[i].offsets, b.blocks[i].offsets);
    EXPECT_EQ(a.blocks[i].ids, b.blocks[i].ids);
    EXPECT_EQ(a.blocks[i].weights, b.blocks[i].weights);
  }
}

TEST(RowQueue, PiecesBecomeTheRowsThatTheyWereCutFrom) {
  const auto model = wide_and_deep();
  auto encoder = RowEncoder::make(*model, *click_schema());
  ASSERT_TRUE(encoder) << encoder.error().to_string();
  std::vector<RowCheckFault> faults;
  RowQueue queue;
  LabelledRows piece;
  for (const auto& [begin, end] :
       std::vector<std::pair<int64_t, int64_t>>{{0, 7}, {7, 7}, {7, 20}, {20, 21}}) {
    Batch rows = click_rows(begin, end);
    encoder->encode(rows, piece, faults);
    queue.append(piece);
  }
  queue.drop_front(9);
  queue.drop_front(0);
  Batch rows = click_rows(9, 21);
  LabelledRows whole;
  encoder->encode(rows, whole, faults);
  EXPECT_TRUE(faults.empty());
  EXPECT_EQ(queue.all().rows, 12U);
  expect_equal(queue.all().inputs.linear, whole.inputs.linear);
  expect_equal(queue.all().inputs.dnn, whole.inputs.dnn);
  EXPECT_EQ(queue.all().labels.values, whole.labels.values);
  EXPECT_EQ(queue.all().labels.weights, whole.labels.weights);
  queue.drop_front(12);
  EXPECT_EQ(queue.all().rows, 0U);
  queue.append(whole);
  expect_equal(queue.all().inputs.linear, whole.inputs.linear);
}

TEST(RowQueue, WeightsThatAreLeftOutAreOnes) {
  LabelledRows plain, weighted;
  plain.rows = weighted.rows = 1;
  for (auto* rows : {&plain, &weighted}) {
    rows->inputs.linear.rows = 1;
    rows->inputs.linear.blocks.resize(1);
    rows->inputs.linear.blocks[0].offsets = {0, 2};
    rows->inputs.linear.blocks[0].ids = {4, 5};
    rows->labels.values = {1.0F};
  }
  weighted.inputs.linear.blocks[0].weights = {0.5F, 2.0F};
  RowQueue queue;
  queue.append(plain);
  queue.append(weighted);
  queue.append(plain);
  const auto& block = queue.all().inputs.linear.blocks[0];
  EXPECT_EQ(block.weights, (std::vector<float>{1, 1, 0.5F, 2, 1, 1}));
  EXPECT_EQ(block.offsets, (std::vector<uint32_t>{0, 2, 4, 6}));
}

}  // namespace
}  // namespace millrace::engine
