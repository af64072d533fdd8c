// How far predicted probabilities can be taken at their word: rows fall into ten bins by the
// probability that was predicted for them, and each bin has the mean of what was predicted and of
// what came. For binary classifiers. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "estimator/estimator.h"

namespace millrace::estimator {

class CalibrationBins {
 public:
  static constexpr size_t kBins = 10;

  /// Probabilities of at least `low` and less than `high`; the last bin has 1 too.
  struct Bin {
    double low = 0;
    double high = 0;
    double weight = 0;       // of its rows
    double predictions = 0;  // weighted sums
    double labels = 0;
  };

  /// Rows [begin, end) of `labels`; `predictions` holds just these rows, of a binary classifier.
  void add(const Predictions& predictions, const Labels& labels, size_t begin, size_t end);
  Bin bin(size_t i) const;

  /// Errors of load(): kDataLoss.
  std::string save() const;
  Status load(std::string_view bytes);

 private:
  std::array<double, 3 * kBins> sums_{};  // weights, then predictions, then labels
};

}  // namespace millrace::estimator
