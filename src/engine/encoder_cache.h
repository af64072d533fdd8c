// The encoders of models for the rows that statements come with, made once for each model and
// schema: SQL's functions are called chunk by chunk. Thread-safe.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/thread.h"
#include "engine/definition.h"
#include "engine/model_entry.h"

namespace millrace::engine {

/// "db.model" or "model", which is of the session's database.
ObjectName name_of_model(std::string_view model, std::string_view database);

class EncoderCache {
 public:
  /// Errors: a key that `input` lacks, types that do not fit.
  Result<std::shared_ptr<const TowerEncoders>> find(const std::shared_ptr<const ModelEntry>& model,
                                                    const Schema& input);

 private:
  struct Cached {
    std::shared_ptr<const ModelEntry> model;
    std::vector<Field> fields;
    std::shared_ptr<const TowerEncoders> encoders;
  };
  static constexpr size_t kCachedMax = 16;

  Mutex mutex_;
  std::list<Cached> cache_ GUARDED_BY(mutex_);  // newest first
};

}  // namespace millrace::engine
