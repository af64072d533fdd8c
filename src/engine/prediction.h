// What a model says about rows, as columns: the kinds of prediction there are, their names and
// types, and the filling of a column from TensorFlow's predictions. Used by CLASSIFY pipelines and
// by SQL's predict().
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/column.h"
#include "estimator/estimator.h"

namespace millrace::engine {

/// What a prediction column holds; in SET and WHERE each is a @variable of its name.
enum class PredictionKind : uint8_t {
  kClassId,      // @class_id BIGINT
  kClass,        // @class VARCHAR, through the label vocabulary
  kProbability,  // @probability DOUBLE: of the positive class when binary, else of the chosen class
  kProbabilities,  // @probabilities DOUBLE[]
  kLogits,         // @logits DOUBLE[]
  kPrediction,     // @prediction DOUBLE (regression)
  kModelVersion,   // @model_version BIGINT
};

struct PredictionFacts {
  PredictionKind kind;
  std::string_view name;
  DataType type;
  bool classifiers;
  bool regressors;
};
/// All kinds, in the order of the enum.
const std::vector<PredictionFacts>& prediction_facts();
std::optional<PredictionKind> prediction_kind(std::string_view name);

/// A prediction column under its reader's name, in the number type its reader wants.
struct PredictionColumn {
  PredictionKind kind = PredictionKind::kClassId;
  std::string name;
  DataType type;
};

/// Fills prediction columns for one estimator. Text columns point into the filler, which outlives
/// them.
class PredictionFiller {
 public:
  explicit PredictionFiller(const estimator::EstimatorSpec& spec);
  /// Whether this estimator makes such predictions.
  bool makes(PredictionKind kind) const;
  /// `column` has as many rows as `predictions`.
  void fill(PredictionKind kind, const estimator::Predictions& predictions, int64_t version,
            Column& column) const;

 private:
  double probability_of(const estimator::Predictions& predictions, size_t row) const;

  bool classifier_;
  std::vector<std::string> class_names_;
};

}  // namespace millrace::engine
