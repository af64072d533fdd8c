// The area under the ROC and the precision-recall curve, as Keras 2.15 computes both from 200
// evenly spaced thresholds (keras/src/metrics/confusion_metrics.py): probabilities fall into 199
// buckets in float32; the PR curve is interpolated (Davis and Goadrich, 2006). One thread.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace millrace::estimator {

class AucBuckets {
 public:
  static constexpr size_t kThresholds = 200;

  void add(float probability, bool positive, double weight);
  double roc() const;
  double precision_recall() const;

  /// The sums, positives first: what a training resumes from.
  std::span<double> sums() { return sums_; }
  std::span<const double> sums() const { return sums_; }

 private:
  struct Curve;

  std::array<double, 2 * kThresholds> sums_{};
};

}  // namespace millrace::estimator
