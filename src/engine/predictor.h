// SQL's predict('model', row): finds the model, binds its feature columns to the fields of the row
// by name, and predicts a chunk of rows at once with the newest published state, or with the one of
// a kept version. Thread-safe; each call has its own buffers, encoders are shared.
#pragma once

#include <functional>
#include <memory>

#include "engine/definition.h"
#include "engine/encoder_cache.h"
#include "engine/model_entry.h"
#include "engine/model_versions.h"
#include "store/store.h"

namespace millrace::engine {

using FindModel = std::function<Result<std::shared_ptr<ModelEntry>>(const ObjectName&)>;

class SqlPredictor : public store::Predictor {
 public:
  /// `versions` outlives it.
  SqlPredictor(FindModel find, ModelVersions& versions);

  const std::shared_ptr<const Schema>& output() const override { return output_; }
  Status predict(const store::ModelOfSql& model, const Batch& rows, Batch& predictions) override;

 private:
  const FindModel find_;
  ModelVersions& versions_;
  const std::shared_ptr<const Schema> output_;
  EncoderCache encoders_;
};

}  // namespace millrace::engine
