// Metrics against the values of Keras's and the heads' own unit tests
// (reference/tf_estimators.md 4.5).
#include "estimator/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "estimator/head.h"

namespace millrace::estimator {
namespace {

EstimatorSpec binary() {
  return {};
}

std::map<std::string, double> metrics_of(const EstimatorSpec& spec, std::vector<float> logits,
                                         const Labels& labels) {
  Predictions predictions;
  predictions.units = static_cast<size_t>(spec.units());
  predictions.rows = logits.size() / predictions.units;
  predictions.logits = std::move(logits);
  finish_predictions(spec, predictions);
  const auto metrics = Metrics::create(spec);
  metrics->add(predictions, labels, 0, predictions.rows,
               loss_of(spec, predictions, labels, 0, predictions.rows));
  const auto values = metrics->result();
  return {values.begin(), values.end()};
}

TEST(BinaryMetrics, EqualTheHeadsOwnTest) {
  auto values = metrics_of(binary(), {45, -41, 44}, Labels{{1, 1, 0}, {1.0F, 0.1F, 1.5F}});
  EXPECT_NEAR(values["loss"], 70.1 / 3, 1e-5);
  EXPECT_NEAR(values["average_loss"], 26.9615385, 1e-5);
  EXPECT_NEAR(values["accuracy"], 0.384615385, 1e-6);
  EXPECT_NEAR(values["precision"], 0.4, 1e-6);
  EXPECT_NEAR(values["recall"], 0.909090909, 1e-6);
  EXPECT_NEAR(values["prediction/mean"], 0.961538462, 1e-6);
  EXPECT_NEAR(values["label/mean"], 0.423076923, 1e-6);
  EXPECT_NEAR(values["accuracy_baseline"], 0.576923077, 1e-6);
  EXPECT_NEAR(values["auc"], 0.45454565, 1e-6);
  EXPECT_NEAR(values["auc_precision_recall"], 0.4010627, 1e-6);
}

TEST(BinaryMetrics, AucOfReversedPredictionsIsKeras) {
  auto plain = metrics_of(binary(), {-1, 1}, Labels{{1, 0}, {}});
  EXPECT_NEAR(plain["auc"], 0, 1e-6);
  EXPECT_NEAR(plain["auc_precision_recall"], 0.30685, 1e-5);
  auto weighted = metrics_of(binary(), {-1, 1}, Labels{{1, 0}, {1, 2}});
  EXPECT_NEAR(weighted["auc_precision_recall"], 0.18907, 1e-5);
}

TEST(BinaryMetrics, AucOfTenProbabilitiesIsKeras) {
  std::vector<float> logits;
  for (const double p : {.1, .4, .35, .8, .65, .7, .2, .9, .5, .5}) {
    logits.push_back(static_cast<float>(std::log(p / (1 - p))));
  }
  auto values = metrics_of(binary(), logits, Labels{{0, 0, 1, 1, 0, 1, 0, 1, 1, 0}, {}});
  EXPECT_NEAR(values["auc"], 0.82000005, 1e-6);
  EXPECT_NEAR(values["auc_precision_recall"], 0.86042768, 1e-6);
}

TEST(Metrics, NothingAddedGivesZeros) {
  for (const auto& [name, value] : Metrics::create(binary())->result()) EXPECT_EQ(value, 0) << name;
}

TEST(Metrics, LossIsTheMeanOfStepsAndAverageLossOfRows) {
  EstimatorSpec spec;
  spec.kind = EstimatorKind::kLinearRegressor;
  const auto metrics = Metrics::create(spec);
  Predictions predictions;
  predictions.rows = 3;
  predictions.logits = {0, 0, 0};
  const Labels labels{{1, 1, 1, 3}, {}};
  metrics->add(predictions, labels, 0, 3, 1);
  predictions.rows = 1;
  predictions.logits = {0};
  metrics->add(predictions, labels, 3, 4, 9);
  EXPECT_EQ(metrics->names(),
            (std::vector<std::string>{"average_loss", "label/mean", "loss", "prediction/mean"}));
  const auto values = metrics->result();
  EXPECT_EQ(values[0].second, 3);  // (1 + 1 + 1 + 9) / 4
  EXPECT_EQ(values[2].second, 5);  // (1 + 9) / 2
}

TEST(Metrics, SavedSumsGoOnWhereTheyWere) {
  const auto spec = binary();
  Predictions predictions;
  predictions.rows = 2;
  predictions.logits = {0.3F, -2};
  finish_predictions(spec, predictions);
  const Labels labels{{1, 0}, {0.5F, 2}};
  const auto first = Metrics::create(spec);
  first->add(predictions, labels, 0, 2, 0.7);
  const auto second = Metrics::create(spec);
  ASSERT_TRUE(second->load(first->save()));
  first->add(predictions, labels, 0, 2, 0.6);
  second->add(predictions, labels, 0, 2, 0.6);
  EXPECT_EQ(first->result(), second->result());
  EXPECT_EQ(first->save(), second->save());
}

TEST(Metrics, DamageAndOtherHeadsAreRefused) {
  const auto metrics = Metrics::create(binary());
  std::string bytes = metrics->save();
  EXPECT_FALSE(metrics->load(bytes.substr(0, bytes.size() - 1)));
  EstimatorSpec other;
  other.kind = EstimatorKind::kLinearRegressor;
  const auto status = Metrics::create(other)->load(bytes);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kInvalidArgument);
  bytes[40] = static_cast<char>(bytes[40] ^ 1);
  EXPECT_EQ(metrics->load(bytes).error().code, Code::kDataLoss);
}

TEST(Head, TieOfTheBinaryClassesIsClassZero) {
  Predictions predictions;
  predictions.rows = 1;
  predictions.logits = {0};
  finish_predictions(binary(), predictions);
  EXPECT_EQ(predictions.class_ids[0], 0);
  EXPECT_EQ(predictions.probabilities, (std::vector<float>{0.5F, 0.5F}));
}

TEST(Head, ExtremeLogitsKeepLossAndGradientFinite) {
  std::vector<float> gradient(2);
  const Labels labels{{0, 1}, {}};
  const std::vector<float> logits = {1e30F, -1e30F};
  const float loss = loss_and_gradient(binary(), logits, {labels, 0, 2}, gradient);
  EXPECT_TRUE(std::isfinite(loss));
  EXPECT_EQ(gradient, (std::vector<float>{0.5F, -0.5F}));
}

TEST(Head, GradientIsTheSlopeOfTheLoss) {
  for (const int64_t classes : {2, 4}) {
    EstimatorSpec spec;
    spec.n_classes = classes;
    const auto units = static_cast<size_t>(spec.units());
    const Labels labels{{1, 0}, {0.5F, 2}};
    std::vector<float> logits;
    for (size_t i = 0; i < 2 * units; ++i) logits.push_back(0.3F * static_cast<float>(i) - 0.5F);
    std::vector<float> gradient(logits.size());
    std::vector<float> unused(logits.size());
    loss_and_gradient(spec, logits, {labels, 0, 2}, gradient);
    for (size_t i = 0; i < logits.size(); ++i) {
      auto moved = logits;
      moved[i] += 0.01F;
      const float up = loss_and_gradient(spec, moved, {labels, 0, 2}, unused);
      moved[i] -= 0.02F;
      const float down = loss_and_gradient(spec, moved, {labels, 0, 2}, unused);
      EXPECT_NEAR((up - down) / 0.02F, gradient[i], 1e-3) << classes << " classes, logit " << i;
    }
  }
}

}  // namespace
}  // namespace millrace::estimator
