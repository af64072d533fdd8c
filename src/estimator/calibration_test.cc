#include "estimator/calibration.h"

#include <gtest/gtest.h>

namespace millrace::estimator {
namespace {

/// Rows whose probabilities of class 1 these are.
Predictions predicted(const std::vector<float>& probabilities) {
  Predictions predictions;
  for (const float p : probabilities) {
    predictions.probabilities.push_back(1 - p);
    predictions.probabilities.push_back(p);
  }
  return predictions;
}

TEST(CalibrationBins, RowsFallWhereTheirProbabilitiesAre) {
  CalibrationBins bins;
  bins.add(predicted({0, 0.05F, 0.5F, 0.999F, 1}), Labels{{9, 0, 1, 1, 0, 1}, {9, 1, 3, 2, 1, 1}},
           1, 6);
  EXPECT_EQ(bins.bin(0).weight, 4);
  EXPECT_NEAR(bins.bin(0).predictions, 3 * 0.05, 1e-6);
  EXPECT_EQ(bins.bin(0).labels, 3);
  EXPECT_EQ(bins.bin(5).weight, 2);
  EXPECT_EQ(bins.bin(5).low, 0.5);
  EXPECT_EQ(bins.bin(5).high, 0.6);
  EXPECT_EQ(bins.bin(5).labels, 2);
  EXPECT_EQ(bins.bin(9).weight, 2);
  EXPECT_NEAR(bins.bin(9).predictions, 1.999, 1e-6);
  EXPECT_EQ(bins.bin(4).weight, 0);
}

TEST(CalibrationBins, AreSavedAndRefuseDamage) {
  CalibrationBins bins;
  bins.add(predicted({0.3F, 0.7F}), Labels{{0, 1}, {}}, 0, 2);
  const std::string bytes = bins.save();
  CalibrationBins loaded;
  ASSERT_TRUE(loaded.load(bytes));
  EXPECT_EQ(loaded.save(), bytes);
  for (size_t i = 0; i < bytes.size(); ++i)
    EXPECT_EQ(loaded.load(bytes.substr(0, i)).error().code, Code::kDataLoss);
  EXPECT_EQ(loaded.save(), bytes);
}

}  // namespace
}  // namespace millrace::estimator
