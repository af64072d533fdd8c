// The statements about a model's life that are more than its definition: TRAIN MODEL ... ON,
// EVALUATE MODEL ... ON, ALTER, RESTORE, CHECK. Those that change the model are its one writer
// while they run: a pipeline that trains it is stopped behind the batch at work, and started again
// at the end. What a statement makes is a version like any other, and its snapshot is kept with it,
// since its rows cannot be learned again. Used by the engine; thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/model_entry.h"
#include "engine/model_state.h"
#include "engine/model_versions.h"
#include "engine/pipeline.h"
#include "store/store.h"

namespace millrace::engine {

class ModelLife {
 public:
  using Pipelines = std::function<std::vector<std::shared_ptr<Pipeline>>()>;
  ModelLife(store::Store& store, Pipelines pipelines)
      : store_(store), pipelines_(std::move(pipelines)), versions_(store) {}

  ModelVersions& versions() { return versions_; }

  /// See Engine.
  Result<RowsReport> train(ModelEntry& model, store::RowStream& rows, const std::string& statement);
  Result<RowsReport> evaluate(const ModelEntry& model, int64_t version, store::RowStream& rows);
  Status restore(ModelEntry& model, int64_t version, const std::string& statement);
  Status alter(ModelEntry& model, const std::vector<ModelSetting>& settings,
               const std::string& statement);
  Result<Batch> check(const ModelEntry& model, const std::stop_token& stop);

  /// Pipelines are not started again from now on.
  void stop() { stopping_ = true; }

 private:
  class Writing;
  /// The model as it is now. Errors: kWrongState while a pipeline has yet to replay some of it.
  Result<std::unique_ptr<ModelState>> current(const ModelEntry& model);
  /// As it was at a version. Errors: kNotFound when that is not kept.
  Result<std::unique_ptr<ModelState>> kept(const ModelEntry& model, int64_t version);
  /// Keeps a new version and publishes it.
  Status commit(ModelEntry& model, ModelState& state, const store::ModelChange& change);

  store::Store& store_;
  const Pipelines pipelines_;
  ModelVersions versions_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace millrace::engine
