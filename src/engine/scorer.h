// The scorer of a running CLASSIFY pipeline: rows in, the same rows with
// prediction columns out. It uses one published state of the model for each batch and writes its
// version with every row, so that any prediction can be explained. One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "engine/model_entry.h"
#include "engine/prediction.h"
#include "engine/row_check.h"
#include "estimator/estimator.h"

namespace millrace::engine {

class Scorer {
 public:
  /// Errors: a key that `input` lacks, types that do not fit, a prediction this estimator does not
  /// make.
  static Result<std::unique_ptr<Scorer>> make(std::shared_ptr<const ModelEntry> model,
                                              const std::shared_ptr<const Schema>& input,
                                              std::vector<PredictionColumn> predictions);

  /// The input's columns, then the predictions.
  const std::shared_ptr<const Schema>& schema() const { return schema_; }

  /// Takes the rows of `in` into `out` (made with schema()) and predicts them. Rows that cannot be
  /// predicted are left out and listed in `faults` (by their index in `in`).
  void score(Batch& in, Batch& out, std::vector<RowCheckFault>& faults);

 private:
  explicit Scorer(const estimator::EstimatorSpec& spec) : filler_(spec) {}

  std::shared_ptr<const ModelEntry> model_;
  std::shared_ptr<const Schema> schema_;
  std::vector<PredictionColumn> columns_;
  TowerEncoders encoders_;
  PredictionFiller filler_;

  // Reused from batch to batch.
  estimator::TowerInputs inputs_;
  estimator::Predictions predictions_;
  std::vector<features::RowFault> feature_faults_;
};

}  // namespace millrace::engine
