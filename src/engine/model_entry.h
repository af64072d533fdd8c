// A model as the engine holds it: what CREATE MODEL said, checked, and the newest published state.
// Shared by the pipeline that trains it, the pipelines that classify with it, and SQL's predict().
// Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/thread.h"
#include "engine/definition.h"
#include "estimator/calibration.h"
#include "estimator/confusion.h"
#include "estimator/estimator.h"
#include "estimator/metrics.h"
#include "features/encoder.h"
#include "store/batch_writer.h"

namespace millrace::engine {

/// What was measured while a model learned, as of one of its versions.
struct ModelHealth {
  estimator::NamedValues lifetime;
  estimator::NamedValues window;                          // of the last batches
  std::optional<estimator::ConfusionMatrix> confusion;    // classifiers of few classes
  std::optional<estimator::CalibrationBins> calibration;  // binary classifiers
  int64_t drifts = 0;           // how often the loss was found to have changed
  int64_t last_drift_step = 0;  // the step that showed it
};

/// A state of the model that scorers may use. A version is what a training batch or a statement
/// (TRAIN MODEL ... ON, ALTER, RESTORE) made of the one before.
struct PublishedModel {
  std::shared_ptr<const estimator::Model> model;
  int64_t version = 0;
  int64_t bytes = 0;  // of its newest snapshot
  int64_t at = 0;     // microseconds since 1970
  std::shared_ptr<const ModelHealth> health;
};

/// The feature columns of a model's towers; a tower that does not exist has none.
struct ModelColumns {
  /// `feature_columns => auto`, and no rows have come yet to infer them from.
  bool undecided = false;
  std::vector<features::FeatureColumn> linear;
  std::vector<features::FeatureColumn> dnn;

  /// The input columns that the towers read, each once.
  std::vector<std::string> keys() const;
  /// What each key is decoded to: lower-case names and types. Numbers are FLOAT, categories text; a
  /// key that is declared an integer anywhere, or is both a number and a category, is an integer
  /// everywhere.
  std::map<std::string, Kind> key_kinds() const;
  estimator::TowerLayouts layouts() const;
};

/// Both towers' encoders for one input schema.
class TowerEncoders {
 public:
  static Result<TowerEncoders> make(const ModelColumns& columns, const Schema& input);
  void encode(const Batch& rows, estimator::TowerInputs& inputs,
              std::vector<features::RowFault>& faults) const;

 private:
  std::unique_ptr<features::Encoder> linear_;
  std::unique_ptr<features::Encoder> dnn_;
};

class ModelEntry {
 public:
  /// Checks the definition. Errors name the model. `id` may be given later (set_id) when it is new.
  /// It publishes nothing yet.
  static Result<std::shared_ptr<ModelEntry>> make(ModelDefinition definition);

  int64_t id() const { return id_; }
  void set_id(int64_t id, int64_t created_at);
  int64_t created_at() const { return created_at_; }
  const ObjectName& name() const { return name_; }
  /// As ALTER MODEL left it.
  ModelDefinition definition() const;
  void set_definition(ModelDefinition definition, const store::Retention& retention);
  store::Retention retention() const;
  /// As it was made: what ALTER MODEL changed in it since is in the snapshots.
  const estimator::EstimatorSpec& spec() const { return spec_; }
  const ModelColumns& columns() const { return columns_; }

  std::shared_ptr<const PublishedModel> published() const;
  void publish(std::shared_ptr<const PublishedModel> state);

  /// The newest version in the store's log; after a crash it is newer than the newest snapshot,
  /// until the pipeline that trains has replayed what lies between.
  int64_t logged_version() const;
  void set_logged_version(int64_t version);

  /// A model has one writer: the pipeline that trains it, or a statement (kStatement). False when
  /// another one does.
  bool begin_training(int64_t writer);
  void end_training(int64_t writer);
  /// The pipeline that trains it now, kStatement, or 0 when none does.
  int64_t trained_by() const;
  static constexpr int64_t kStatement = -1;

 private:
  ModelEntry() = default;

  // Constant after make() and set_id().
  int64_t id_ = 0;
  int64_t created_at_ = 0;
  ObjectName name_;
  estimator::EstimatorSpec spec_;
  ModelColumns columns_;

  mutable Mutex mutex_;
  ModelDefinition definition_ GUARDED_BY(mutex_);
  store::Retention retention_ GUARDED_BY(mutex_);
  std::shared_ptr<const PublishedModel> published_ GUARDED_BY(mutex_);
  int64_t logged_version_ GUARDED_BY(mutex_) = 0;
  int64_t trained_by_ GUARDED_BY(mutex_) = 0;
};

}  // namespace millrace::engine
