// SQL's predict('model', row): finds the model, binds its feature columns to the fields of the row
// by name, and predicts a chunk of rows at once with the newest published state. Thread-safe; each
// call has its own buffers, encoders are shared through a small cache.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "base/thread.h"
#include "engine/definition.h"
#include "engine/model_entry.h"
#include "store/store.h"

namespace millrace::engine {

class SqlPredictor : public store::Predictor {
 public:
  using Find = std::function<Result<std::shared_ptr<ModelEntry>>(const ObjectName&)>;
  explicit SqlPredictor(Find find);

  const std::shared_ptr<const Schema>& output() const override { return output_; }
  Status predict(std::string_view model, std::string_view database, const Batch& rows,
                 Batch& predictions) override;

 private:
  struct CachedEncoders {
    std::shared_ptr<const ModelEntry> model;
    std::vector<Field> fields;
    std::shared_ptr<const TowerEncoders> encoders;
  };
  static constexpr size_t kCachedMax = 16;

  Result<std::shared_ptr<const TowerEncoders>> encoders_for(
      const std::shared_ptr<const ModelEntry>& model, const Schema& input);

  const Find find_;
  const std::shared_ptr<const Schema> output_;
  Mutex mutex_;
  std::list<CachedEncoders> cache_ GUARDED_BY(mutex_);  // newest first
};

}  // namespace millrace::engine
