// The metrics that a head's evaluate() reports in TensorFlow 2.15, accumulated over steps:
// accuracy, accuracy_baseline, auc and auc_precision_recall (200 thresholds, interpolated PR),
// average_loss (weighted mean over examples), loss (plain mean of the batch losses), label/mean,
// prediction/mean, precision, recall; with thresholds also accuracy, precision and recall at each,
// "recall/positive_threshold_0.25", as a BinaryClassHead(thresholds=[...]) has them. Formulas:
// reference/tf_estimators.md 4.4-4.5. What is compared (probabilities with thresholds) is float32
// as in Keras; the sums are double where Keras has float32, whose counts would stop growing after
// 2^24 rows of a stream. One thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/encoded.h"
#include "estimator/estimator.h"

namespace millrace::estimator {

using NamedValues = std::vector<std::pair<std::string, double>>;

class Metrics {
 public:
  static std::unique_ptr<Metrics> create(const EstimatorSpec& spec);
  virtual ~Metrics() = default;

  /// The names result() gives, in TensorFlow's alphabetical order, without global_step.
  virtual std::vector<std::string> names() const = 0;
  /// Rows [begin, end) of `labels`; `predictions` holds just these rows; `loss` is the step's.
  virtual void add(const Predictions& predictions, const Labels& labels, size_t begin, size_t end,
                   double loss) = 0;
  /// Adds what `other`, of the same kind of model, has seen.
  virtual void merge(const Metrics& other) = 0;
  virtual NamedValues result() const = 0;
  virtual void reset() = 0;
  /// The accumulators as bytes, part of what a training resumes from.
  virtual std::string save() const = 0;
  virtual Status load(std::string_view bytes) = 0;
};

}  // namespace millrace::estimator
