#include "estimator/window_metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "estimator/confusion.h"
#include "estimator/head.h"
#include "estimator/random.h"

namespace millrace::estimator {
namespace {

/// Batches of made-up predictions with their labels.
struct Stream {
  EstimatorSpec spec;
  Labels labels;
  std::vector<Predictions> batches;
  static constexpr size_t kRows = 7;

  explicit Stream(size_t count, int64_t classes = 2) {
    spec.n_classes = classes;
    if (classes == 2) spec.thresholds = {0.25F, 0.9F};
    RandomStream random(9, "stream");
    for (size_t batch = 0; batch < count; ++batch) {
      Predictions predictions;
      predictions.rows = kRows;
      predictions.units = static_cast<size_t>(spec.units());
      for (size_t row = 0; row < kRows; ++row) {
        for (size_t unit = 0; unit < predictions.units; ++unit) {
          predictions.logits.push_back(4 * random.uniform() - 2);
        }
        const float label = random.uniform() * static_cast<float>(classes);
        labels.values.push_back(std::floor(label));
        labels.weights.push_back(2 * random.uniform());
      }
      finish_predictions(spec, predictions);
      batches.push_back(std::move(predictions));
    }
  }

  void add_to(Metrics& metrics, size_t batch) const {
    const size_t begin = batch * kRows;
    metrics.add(batches[batch], labels, begin, begin + kRows,
                loss_of(spec, batches[batch], labels, begin, begin + kRows));
  }
  void push_to(WindowMetrics& window, size_t batch) const {
    const auto metrics = Metrics::create(spec);
    add_to(*metrics, batch);
    window.push(*metrics);
  }
};

TEST(WindowMetrics, AreThoseOfTheLastBatchesAlone) {
  const Stream stream(12);
  WindowMetrics window(stream.spec, 5);
  for (size_t batch = 0; batch < 12; ++batch) {
    stream.push_to(window, batch);
    EXPECT_EQ(window.size(), std::min<size_t>(batch + 1, 5));
    const auto expected = Metrics::create(stream.spec);
    for (size_t i = batch + 1 - window.size(); i <= batch; ++i) stream.add_to(*expected, i);
    const auto values = window.result();
    const auto wanted = expected->result();
    ASSERT_EQ(values.size(), wanted.size());
    for (size_t i = 0; i < values.size(); ++i) {
      EXPECT_EQ(values[i].first, wanted[i].first);
      EXPECT_NEAR(values[i].second, wanted[i].second, 1e-12) << values[i].first;
    }
  }
}

TEST(WindowMetrics, SavedWindowGoesOnAsItWould) {
  const Stream stream(12, 3);
  for (const size_t saved_after : {0U, 3U, 5U, 9U}) {
    WindowMetrics whole(stream.spec, 5);
    for (size_t batch = 0; batch < saved_after; ++batch) stream.push_to(whole, batch);
    WindowMetrics resumed(stream.spec, 5);
    ASSERT_TRUE(resumed.load(whole.save()));
    for (size_t batch = saved_after; batch < 12; ++batch) {
      stream.push_to(whole, batch);
      stream.push_to(resumed, batch);
    }
    EXPECT_EQ(resumed.result(), whole.result());
    EXPECT_EQ(resumed.save(), whole.save());
  }
}

TEST(WindowMetrics, DamageAndOtherWindowsAreRefused) {
  const Stream stream(3);
  WindowMetrics window(stream.spec, 2);
  for (size_t batch = 0; batch < 3; ++batch) stream.push_to(window, batch);
  const std::string bytes = window.save();
  EXPECT_EQ(WindowMetrics(stream.spec, 3).load(bytes).error().code, Code::kInvalidArgument);
  EstimatorSpec regressor;
  regressor.kind = EstimatorKind::kLinearRegressor;
  EXPECT_EQ(WindowMetrics(regressor, 2).load(bytes).error().code, Code::kInvalidArgument);
  const auto before = window.result();
  for (size_t i = 0; i < bytes.size(); i += 5) {
    EXPECT_FALSE(window.load(bytes.substr(0, i))) << "cut at " << i;
  }
  EXPECT_EQ(window.result(), before);
}

TEST(Metrics, ThresholdsAreReportedByTensorFlowsNames) {
  const Stream stream(1);
  const auto names = Metrics::create(stream.spec)->names();
  EXPECT_EQ(names[1], "accuracy/positive_threshold_0.25");
  EXPECT_EQ(names[2], "accuracy/positive_threshold_0.9");
  EXPECT_EQ(names[3], "accuracy_baseline");
  EXPECT_EQ(names.size(), 16U);
  EstimatorSpec others = stream.spec;
  others.thresholds = {0.5F, 0.9F};
  EXPECT_EQ(Metrics::create(others)->load(Metrics::create(stream.spec)->save()).error().code,
            Code::kInvalidArgument);
}

TEST(ConfusionMatrix, CountsWeightsByLabelAndPrediction) {
  EstimatorSpec spec;
  spec.n_classes = 3;
  auto matrix = ConfusionMatrix::create(spec);
  ASSERT_TRUE(matrix);
  Predictions predictions;
  predictions.class_ids = {0, 2, 2, 1};
  const Labels labels{{0, 1, 2, 1}, {1, 2, 0.5F, 1}};
  matrix->add(predictions, labels, 0, 4);
  EXPECT_EQ(matrix->at(1, 2), 2);
  EXPECT_EQ(matrix->at(2, 2), 0.5);
  EXPECT_EQ(matrix->at(2, 1), 0);
  EXPECT_EQ(matrix->precision(2), 0.2);
  EXPECT_DOUBLE_EQ(matrix->recall(1), 1.0 / 3);
  EXPECT_DOUBLE_EQ(matrix->accuracy(), 2.5 / 4.5);
  matrix->reset();
  EXPECT_EQ(matrix->accuracy(), 0);
  EXPECT_EQ(matrix->precision(0), 0);
}

TEST(ConfusionMatrix, AgreesWithTheHeadsMetrics) {
  const Stream stream(20);
  auto matrix = ConfusionMatrix::create(stream.spec);
  ASSERT_TRUE(matrix);
  const auto metrics = Metrics::create(stream.spec);
  for (size_t batch = 0; batch < 20; ++batch) {
    stream.add_to(*metrics, batch);
    matrix->add(stream.batches[batch], stream.labels, batch * Stream::kRows,
                (batch + 1) * Stream::kRows);
  }
  std::map<std::string, double> values;
  for (const auto& [name, value] : metrics->result()) values[name] = value;
  EXPECT_NEAR(matrix->accuracy(), values.at("accuracy"), 1e-12);
  EXPECT_NEAR(matrix->precision(1), values.at("precision"), 1e-12);
  EXPECT_NEAR(matrix->recall(1), values.at("recall"), 1e-12);
}

TEST(ConfusionMatrix, IsSavedAndRefusesDamageAndOtherModels) {
  EstimatorSpec spec;
  auto matrix = ConfusionMatrix::create(spec);
  ASSERT_TRUE(matrix);
  Predictions predictions;
  predictions.class_ids = {0, 1};
  matrix->add(predictions, Labels{{1, 1}, {}}, 0, 2);
  const std::string bytes = matrix->save();
  auto loaded = ConfusionMatrix::create(spec);
  ASSERT_TRUE(loaded->load(bytes));
  EXPECT_EQ(loaded->save(), bytes);
  for (size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_EQ(loaded->load(bytes.substr(0, i)).error().code, Code::kDataLoss);
  }
  spec.n_classes = 3;
  EXPECT_EQ(ConfusionMatrix::create(spec)->load(bytes).error().code, Code::kInvalidArgument);
  spec.n_classes = ConfusionMatrix::kClassesMax + 1;
  EXPECT_EQ(ConfusionMatrix::create(spec).error().code, Code::kResourceExhausted);
  spec.kind = EstimatorKind::kDnnRegressor;
  EXPECT_EQ(ConfusionMatrix::create(spec).error().code, Code::kInvalidArgument);
}

}  // namespace
}  // namespace millrace::estimator
