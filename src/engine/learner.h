// The learner of a running TRAIN pipeline: the trainer, the lifetime metrics, and the loop that
// cuts a batch into steps. Each row is predicted first and learned second (prequential evaluation).
// Belongs to the pipeline's worker thread. What it is after n batches depends on the model's
// definition and those batches alone.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "engine/model_entry.h"
#include "engine/row_check.h"
#include "estimator/estimator.h"
#include "estimator/metrics.h"

namespace millrace::engine {

class Learner {
 public:
  /// A model as it is before its first row, for batches of `input`. Errors: a key, the label or the
  /// weight that `input` lacks, types that do not fit.
  static Result<std::unique_ptr<Learner>> make(const ModelEntry& model,
                                               const std::shared_ptr<const Schema>& input);

  /// Learns all rows in steps of batch_size, the last of which may be short. Rows that cannot be
  /// learned are taken out of `rows` and listed in `faults` (by their index before that).
  void learn(Batch& rows, std::vector<RowCheckFault>& faults);

  /// The number of batches learned.
  int64_t version() const { return version_; }
  int64_t global_step() const { return trainer_->global_step(); }
  int64_t examples() const { return trainer_->examples(); }
  std::shared_ptr<const estimator::Model> publish() { return trainer_->publish(); }

  /// TensorFlow's metrics over all rows ever learned, and over the last batch.
  estimator::NamedValues lifetime_metrics() const { return lifetime_->result(); }
  estimator::NamedValues batch_metrics() const { return batch_->result(); }

  /// The learner as bytes (docs/format/snapshot.md): equal learners give equal bytes.
  std::string save() const;
  Status load(std::string_view bytes);

 private:
  Learner() = default;
  void encode(Batch& rows, std::vector<RowCheckFault>& faults);

  std::unique_ptr<estimator::Trainer> trainer_;
  std::unique_ptr<estimator::Metrics> lifetime_;
  std::unique_ptr<estimator::Metrics> batch_;
  TowerEncoders encoders_;
  std::unique_ptr<RowChecker> checker_;
  int64_t version_ = 0;

  // Reused from batch to batch.
  estimator::TowerInputs inputs_;
  Labels labels_;
  estimator::Predictions predictions_;
  std::vector<features::RowFault> feature_faults_;
};

/// The model of a kept snapshot, for scorers, without a learner. Errors: kDataLoss.
Result<std::shared_ptr<const estimator::Model>> model_of_snapshot(const ModelEntry& model,
                                                                  std::string_view bytes);

}  // namespace millrace::engine
