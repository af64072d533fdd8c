// A confusion matrix: for each class how much weight of its rows was predicted as which class. For
// classifiers; a binary label counts as class 1 unless it is 0, as precision and recall count it.
// One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "estimator/estimator.h"

namespace millrace::estimator {

class ConfusionMatrix {
 public:
  /// Errors: kInvalidArgument for a regressor; kResourceExhausted for more than kClassesMax
  /// classes, whose square would take too much memory.
  static Result<ConfusionMatrix> create(const EstimatorSpec& spec);
  static constexpr int64_t kClassesMax = 2048;

  /// Rows [begin, end) of `labels`; `predictions` holds just these rows.
  void add(const Predictions& predictions, const Labels& labels, size_t begin, size_t end);

  int64_t classes() const { return classes_; }
  /// The weight of rows of class `label` that were predicted as `predicted`.
  double at(int64_t label, int64_t predicted) const;
  /// Of what was predicted as the class, the part that was right; 0 when nothing was.
  double precision(int64_t class_id) const;
  /// Of the rows of the class, the part that was predicted so; 0 when there are none.
  double recall(int64_t class_id) const;
  double accuracy() const;
  void reset();

  /// Errors of load(): kDataLoss, kInvalidArgument for another number of classes.
  std::string save() const;
  Status load(std::string_view bytes);

 private:
  explicit ConfusionMatrix(int64_t classes);
  size_t place_of(int64_t label, int64_t predicted) const;

  int64_t classes_;
  std::vector<double> weights_;  // [classes, classes], by label
};

}  // namespace millrace::estimator
