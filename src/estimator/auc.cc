#include "estimator/auc.h"

#include <algorithm>
#include <cmath>

#include "estimator/ratio.h"

namespace millrace::estimator {
/// True and false positives at each threshold: the buckets summed from above.
struct AucBuckets::Curve {
  std::array<double, kThresholds> true_positives{};
  std::array<double, kThresholds> false_positives{};

  explicit Curve(const AucBuckets& buckets) {
    double positives = 0;
    double negatives = 0;
    for (size_t i = kThresholds; i-- > 0;) {
      positives += buckets.sums_[i];
      negatives += buckets.sums_[kThresholds + i];
      true_positives[i] = positives;
      false_positives[i] = negatives;
    }
  }
};

void AucBuckets::add(float probability, bool positive, double weight) {
  // A NaN would have no bucket; Keras puts it nowhere defined, we count it as 0.
  const float p = probability > 0 ? std::min(probability, 1.0F) : 0.0F;
  const float place = std::ceil(p * static_cast<float>(kThresholds - 1)) - 1;
  const auto bucket = static_cast<size_t>(std::max(place, 0.0F));
  sums_[(positive ? 0 : kThresholds) + bucket] += weight;
}

double AucBuckets::roc() const {
  const Curve curve(*this);
  const auto& tp = curve.true_positives;
  const auto& fp = curve.false_positives;
  double area = 0;
  for (size_t i = 0; i + 1 < kThresholds; ++i) {
    const double x = ratio(fp[i], fp[0]) - ratio(fp[i + 1], fp[0]);
    area += x * (ratio(tp[i], tp[0]) + ratio(tp[i + 1], tp[0])) / 2;
  }
  return area;
}

double AucBuckets::precision_recall() const {
  const Curve curve(*this);
  const auto& tp = curve.true_positives;
  double area = 0;
  for (size_t i = 0; i + 1 < kThresholds; ++i) {
    const double more = tp[i] - tp[i + 1];
    const double p = tp[i] + curve.false_positives[i];
    const double p_next = tp[i + 1] + curve.false_positives[i + 1];
    const double slope = ratio(more, std::max(p - p_next, 0.0));
    const double intercept = tp[i + 1] - slope * p_next;
    const double growth = p > 0 && p_next > 0 ? p / p_next : 1;
    area += ratio(slope * (more + intercept * std::log(growth)), tp[0]);
  }
  return area;
}

}  // namespace millrace::estimator
