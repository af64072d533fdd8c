// Standardization that is learned on the stream (normalizer_fn => standard()): each number minus
// the mean, over the standard deviation, of all that were learned so far, its own step included.
// Means and variances grow step by step as Chan, Golub and LeVeque 1979 join samples; they are
// variables of the model without slots, and no gradient moves them. A number whose column never
// varied yet is only centred. TensorFlow has no such normalizer: its users compute both beforehand.
#pragma once

#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "estimator/parameter.h"

namespace millrace::estimator {

/// Of one dense block of `width` numbers a row; null where it is read as it is.
template <class Table>
struct StandardTables {
  const Table* mean = nullptr;
  const Table* variance = nullptr;
};

/// to [rows, width] = the standardized x [rows, width].
template <class Table>
void standardize(const StandardTables<Table>& by, std::span<const float> x, float* to) {
  const size_t width = by.mean->width();
  for (size_t j = 0; j < width; ++j) {
    const float mean = by.mean->row(0)[j];
    const float deviation = std::sqrt(by.variance->row(0)[j]);
    const float divisor = deviation > 0 ? deviation : 1;
    for (size_t i = j; i < x.size(); i += width) to[i] = (x[i] - mean) / divisor;
  }
}

class Standardizer {
 public:
  /// `scope` is the column's: "linear/linear_model/age".
  Standardizer(const std::string& scope, size_t width);

  /// Takes the rows of a step in, [rows, width].
  void learn(std::span<const float> x);

  StandardTables<Parameter> tables() const { return {&mean_, &variance_}; }
  void add_parameters(std::vector<Parameter*>& parameters);
  std::shared_ptr<const PublishedTable> publish_mean() { return mean_.publish(); }
  std::shared_ptr<const PublishedTable> publish_variance() { return variance_.publish(); }

 private:
  Parameter mean_;
  Parameter variance_;
  Parameter count_;  // float32: from 2^24 steps of one row on, it stays, and old rows fade
};

/// Whether a variable is a Standardizer's, by its name.
bool is_standard_statistic(std::string_view name);

}  // namespace millrace::estimator
