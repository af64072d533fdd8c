// Labels and weights of rows, and predictions as columns.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/definitions_test.h"
#include "engine/prediction.h"
#include "engine/row_check.h"

namespace millrace::engine {
namespace {

std::shared_ptr<const Schema> schema(std::vector<Field> fields) {
  return std::make_shared<Schema>(std::move(fields));
}

struct Checked {
  Labels labels;
  std::vector<RowCheckFault> faults;
};

Checked check(const estimator::EstimatorSpec& spec, const Batch& rows) {
  Checked checked;
  const auto checker = RowChecker::make(spec, rows.schema());
  EXPECT_TRUE(checker) << (checker ? "" : checker.error().to_string());
  if (checker) (*checker)->read(rows, checked.labels, checked.faults);
  return checked;
}

estimator::EstimatorSpec classifier(int64_t classes = 2) {
  estimator::EstimatorSpec spec;
  spec.label = "y";
  spec.n_classes = classes;
  return spec;
}

TEST(RowCheck, BinaryLabelsMayBeFractionsAndNothingBeyond) {
  RowBuilder rows(schema({{"y", {Kind::kDouble}}}));
  for (const double label : {0.0, 1.0, 0.25, -0.1, 1.5}) rows.add({label});
  rows.add({std::nan("")});
  rows.add({Value()});
  const auto checked = check(classifier(), rows.build());
  EXPECT_EQ(checked.labels.values, (std::vector<float>{0, 1, 0.25F, 0, 0, 0, 0}));
  ASSERT_EQ(checked.faults.size(), 4U);
  EXPECT_EQ(checked.faults[0].row, 3U);
  EXPECT_NE(checked.faults[0].detail.find("-0.1"), std::string::npos) << checked.faults[0].detail;
  EXPECT_EQ(checked.faults[3].detail, "label \"y\" is NULL");
  for (const auto& fault : checked.faults) EXPECT_EQ(fault.reason, RejectReason::kBadLabel);
}

TEST(RowCheck, ClassesAreWholeNumbersBelowTheirCount) {
  RowBuilder rows(schema({{"y", {Kind::kInt32}}}));
  for (const int64_t label : {0, 2, 3, -1}) rows.add({label});
  const auto checked = check(classifier(3), rows.build());
  EXPECT_EQ(checked.labels.values, (std::vector<float>{0, 2, 0, 0}));
  ASSERT_EQ(checked.faults.size(), 2U);
  EXPECT_EQ(checked.faults[0].row, 2U);
}

TEST(RowCheck, WordsGoThroughTheVocabulary) {
  auto spec = classifier();
  spec.label_vocabulary = {"no", "yes"};
  RowBuilder rows(schema({{"y", {Kind::kVarchar}}}));
  for (const char* word : {"yes", "no", "maybe"}) rows.add({std::string(word)});
  const auto checked = check(spec, rows.build());
  EXPECT_EQ(checked.labels.values, (std::vector<float>{1, 0, 0}));
  ASSERT_EQ(checked.faults.size(), 1U);
  EXPECT_EQ(checked.faults[0].detail, "label \"maybe\" is not in the label vocabulary");
}

TEST(RowCheck, LabelsOfSeveralDimensionsHaveAColumnEach) {
  estimator::EstimatorSpec spec;
  spec.kind = estimator::EstimatorKind::kLinearRegressor;
  spec.label = "y";
  spec.label_dimension = 2;
  RowBuilder rows(schema({{"y_1", {Kind::kFloat}}, {"@y_0", {Kind::kFloat}}}));
  rows.add({2.0, 1.0});
  rows.add({4.0, 3.0});
  EXPECT_EQ(check(spec, rows.build()).labels.values, (std::vector<float>{1, 2, 3, 4}));
}

TEST(RowCheck, WeightsAreNumbersOfZeroOrMore) {
  auto spec = classifier();
  spec.weight_column = "w";
  RowBuilder rows(schema({{"y", {Kind::kInt64}}, {"w", {Kind::kDouble}}}));
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double weight : {0.0, 2.5, -1.0, infinity}) rows.add({int64_t{1}, weight});
  rows.add({int64_t{1}, Value()});
  const auto checked = check(spec, rows.build());
  EXPECT_EQ(checked.labels.weights, (std::vector<float>{0, 2.5F, 0, 0, 0}));
  ASSERT_EQ(checked.faults.size(), 3U);
  EXPECT_EQ(checked.faults[0].reason, RejectReason::kBadWeight);
}

TEST(RowCheck, MissingAndMistypedColumnsAreSaid) {
  auto spec = classifier();
  const auto missing = RowChecker::make(spec, Schema({{"x", {Kind::kInt64}}}));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  const auto date = RowChecker::make(spec, Schema({{"y", {Kind::kDate}}}));
  ASSERT_FALSE(date);
  EXPECT_EQ(date.error().code, Code::kTypeMismatch);
  spec.weight_column = "w";
  const auto weight =
      RowChecker::make(spec, Schema({{"y", {Kind::kInt64}}, {"w", {Kind::kVarchar}}}));
  ASSERT_FALSE(weight);
  EXPECT_EQ(weight.error().message, "weight column \"w\" has type VARCHAR, not a number");
}

TEST(RowCheck, OneFaultARowIsKeptAndItsRowIsTakenOut) {
  Batch rows = click_rows(0, 4);
  std::vector<RowCheckFault> faults{{3, RejectReason::kBadFeature, "c"},
                                    {1, RejectReason::kBadLabel, "a"},
                                    {3, RejectReason::kBadLabel, "d"},
                                    {1, RejectReason::kBadFeature, "b"}};
  remove_faults(rows, faults);
  ASSERT_EQ(faults.size(), 2U);
  EXPECT_EQ(faults[0].detail, "a");
  EXPECT_EQ(faults[1].detail, "c");
  ASSERT_EQ(rows.rows(), 2U);
  EXPECT_EQ(rows.message_of_row()[1], 2U);
}

estimator::Predictions predictions_of(std::vector<float> probabilities, size_t classes) {
  estimator::Predictions predictions;
  predictions.rows = probabilities.size() / classes;
  predictions.units = classes == 2 ? 1 : classes;
  for (size_t row = 0; row < predictions.rows; ++row) {
    const auto* first = &probabilities[row * classes];
    predictions.class_ids.push_back(std::max_element(first, first + classes) - first);
    for (size_t unit = 0; unit < predictions.units; ++unit)
      predictions.logits.push_back(static_cast<float>(row * 10 + unit));
  }
  predictions.probabilities = std::move(probabilities);
  return predictions;
}

TEST(Prediction, BinaryProbabilityIsThatOfThePositiveClass) {
  const PredictionFiller filler(classifier());
  const auto predictions = predictions_of({0.75F, 0.25F, 0.125F, 0.875F}, 2);
  Column column({Kind::kDouble});
  column.reset(2);
  filler.fill(PredictionKind::kProbability, predictions, 7, column);
  EXPECT_EQ(column.values<double>()[0], 0.25);
  EXPECT_EQ(column.values<double>()[1], 0.875);
  Column small({Kind::kInt8});
  small.reset(2);
  filler.fill(PredictionKind::kClassId, predictions, 7, small);
  EXPECT_EQ(small.values<int8_t>()[0], 0);
  EXPECT_EQ(small.values<int8_t>()[1], 1);
  Column version({Kind::kInt64});
  version.reset(2);
  filler.fill(PredictionKind::kModelVersion, predictions, 7, version);
  EXPECT_EQ(version.values<int64_t>()[1], 7);
  EXPECT_TRUE(version.all_valid());
}

TEST(Prediction, OfSeveralClassesItIsThatOfTheChosenOne) {
  auto spec = classifier(3);
  spec.label_vocabulary = {"a", "b", "c"};
  const PredictionFiller filler(spec);
  const auto predictions = predictions_of({0.5F, 0.25F, 0.25F, 0.125F, 0.125F, 0.75F}, 3);
  Column probability({Kind::kFloat});
  probability.reset(2);
  filler.fill(PredictionKind::kProbability, predictions, 1, probability);
  EXPECT_EQ(probability.values<float>()[0], 0.5F);
  EXPECT_EQ(probability.values<float>()[1], 0.75F);
  Column word({Kind::kVarchar});
  word.reset(2);
  filler.fill(PredictionKind::kClass, predictions, 1, word);
  EXPECT_EQ(word.values<std::string_view>()[0], "a");
  EXPECT_EQ(word.values<std::string_view>()[1], "c");
  Column all({Kind::kDouble, true});
  all.reset(2);
  filler.fill(PredictionKind::kProbabilities, predictions, 1, all);
  EXPECT_EQ(all.list_offsets()[2], 6U);
  EXPECT_EQ(all.values<double>()[5], 0.75);
  Column logits({Kind::kDouble, true});
  logits.reset(2);
  filler.fill(PredictionKind::kLogits, predictions, 1, logits);
  EXPECT_EQ(logits.values<double>()[4], 11.0);
}

TEST(Prediction, EachEstimatorMakesItsOwn) {
  estimator::EstimatorSpec regressor;
  regressor.kind = estimator::EstimatorKind::kDnnRegressor;
  const PredictionFiller of_regressor(regressor);
  const PredictionFiller of_classifier(classifier());
  EXPECT_TRUE(of_regressor.makes(PredictionKind::kPrediction));
  EXPECT_FALSE(of_regressor.makes(PredictionKind::kClassId));
  EXPECT_FALSE(of_classifier.makes(PredictionKind::kPrediction));
  for (const auto& facts : prediction_facts()) {
    EXPECT_EQ(prediction_kind(facts.name), facts.kind);
    EXPECT_EQ(&prediction_facts()[static_cast<size_t>(facts.kind)], &facts);
  }
  EXPECT_EQ(prediction_kind("PROBABILITY"), PredictionKind::kProbability);
  EXPECT_FALSE(prediction_kind("propability"));
}

}  // namespace
}  // namespace millrace::engine
