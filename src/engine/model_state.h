// Everything that a model has learned, as its one writer holds it: the trainer, and what was
// measured on the way (lifetime, window and batch metrics, confusion matrix, calibration, drift).
// It is what a snapshot keeps, byte for byte (docs/format/snapshot.md), so that a training which is
// resumed goes on as one that was never interrupted. Belongs to one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/divergence.h"
#include "engine/labelled_rows.h"
#include "engine/model_entry.h"
#include "estimator/adwin.h"
#include "estimator/calibration.h"
#include "estimator/confusion.h"
#include "estimator/estimator.h"
#include "estimator/metrics.h"
#include "estimator/window_metrics.h"
#include "store/batch_writer.h"

namespace millrace::engine {

class ModelState {
 public:
  /// How many batches the window of the metrics holds.
  static constexpr size_t kWindowBatches = 16;
  /// Of more classes than this there is no confusion matrix: it is published with every batch.
  static constexpr int64_t kConfusionClassesMax = 100;

  /// A model as it is before its first row.
  static Result<std::unique_ptr<ModelState>> make(const ModelEntry& model);

  /// A version is learned step by step, between these two. Each row is predicted first and learned
  /// second (prequential evaluation). A state that a step has made diverge must be thrown away: it
  /// is not the state of any version.
  void begin_version();
  [[nodiscard]] std::optional<Divergence> learn_step(const LabelledRows& rows, size_t begin,
                                                     size_t end);
  void end_version();

  size_t step_rows() const { return static_cast<size_t>(trainer_->spec().batch_size); }
  int64_t version() const { return version_; }
  int64_t global_step() const { return trainer_->global_step(); }
  int64_t examples() const { return trainer_->examples(); }
  estimator::Trainer& trainer() { return *trainer_; }
  /// For versions that nothing was learned for.
  void set_version(int64_t version) { version_ = version; }

  /// TensorFlow's metrics over all rows ever learned, and over the rows of the newest version.
  const estimator::NamedValues& lifetime_metrics() const { return health()->lifetime; }
  estimator::NamedValues batch_metrics() const { return batch_->result(); }
  /// What is logged with a version: each scope's metrics with what follows from them, and drift.
  std::vector<store::MetricValue> logged_metrics() const;

  /// For scorers and system tables.
  std::shared_ptr<const PublishedModel> publish(int64_t snapshot_bytes, int64_t at);

  /// Equal states give equal bytes. load() errors: kDataLoss, kInvalidArgument for another model's.
  std::string save() const;
  Status load(std::string_view bytes);

 private:
  explicit ModelState(const estimator::EstimatorSpec& spec)
      : classifier_(spec.is_classifier()), window_(spec, kWindowBatches) {}
  /// Of all that was learned. A commit asks for it three times, and areas under curves are dear.
  const std::shared_ptr<const ModelHealth>& health() const;

  bool classifier_;
  std::unique_ptr<estimator::Trainer> trainer_;
  std::unique_ptr<estimator::Metrics> lifetime_;
  std::unique_ptr<estimator::Metrics> batch_;
  estimator::WindowMetrics window_;
  std::optional<estimator::ConfusionMatrix> confusion_;
  std::optional<estimator::CalibrationBins> calibration_;
  estimator::Adwin drift_;
  int64_t batch_rows_ = 0;
  int64_t drift_step_ = 0;  // the step that showed the newest drift
  int64_t version_ = 0;
  mutable std::shared_ptr<const ModelHealth> health_;  // null until it is asked for

  estimator::Predictions predictions_;  // reused from step to step
};

/// A new model, which has published its first state.
Result<std::shared_ptr<ModelEntry>> make_model(ModelDefinition definition);
/// The model of a kept snapshot. Errors: kDataLoss, and kInvalidArgument for another model's.
Result<std::shared_ptr<const PublishedModel>> published_of(const ModelEntry& model,
                                                           const store::ModelSnapshot& snapshot);
/// What a commit of this state says of it, without a snapshot.
store::ModelCommit commit_of(const ModelEntry& model, const ModelState& state);

}  // namespace millrace::engine
