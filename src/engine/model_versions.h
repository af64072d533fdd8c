// The versions of models that are kept: the newest, which is published, and those that have a
// snapshot in the store. A few that were asked for stay in memory. Thread-safe.
#pragma once

#include <list>
#include <memory>

#include "base/result.h"
#include "base/thread.h"
#include "engine/model_entry.h"
#include "store/store.h"

namespace millrace::engine {

class ModelVersions {
 public:
  explicit ModelVersions(store::Store& store) : store_(store) {}

  /// store::kNewest is the newest. Errors: kNotFound, which tells the versions there are.
  Result<std::shared_ptr<const PublishedModel>> find(const ModelEntry& model, int64_t version);

 private:
  struct Kept {
    int64_t model_id;
    std::shared_ptr<const PublishedModel> state;
  };
  static constexpr size_t kCachedMax = 4;

  store::Store& store_;
  Mutex mutex_;
  std::list<Kept> cache_ GUARDED_BY(mutex_);  // newest first
};

/// `version 5 of model "m" is not kept`, with those that are. Also for RESTORE MODEL.
Error version_not_kept(store::Store& store, const ModelEntry& model, int64_t version);

}  // namespace millrace::engine
