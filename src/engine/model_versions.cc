#include "engine/model_versions.h"

#include <algorithm>

#include "engine/model_state.h"

namespace millrace::engine {

Error version_not_kept(store::Store& store, const ModelEntry& model, int64_t version) {
  constexpr size_t kShownMax = 10;
  Error error(Code::kNotFound, "version " + std::to_string(version) + " of model \"" +
                                   model.name().name + "\" is not kept");
  const auto kept = store.kept_versions(model.id());
  if (!kept || kept->empty()) return error;
  error.hint = kept->size() > kShownMax ? "The newest that are: " : "Those that are: ";
  for (size_t i = kept->size() - std::min(kept->size(), kShownMax); i < kept->size(); ++i)
    error.hint += std::to_string((*kept)[i]) + (i + 1 < kept->size() ? ", " : ".");
  return error;
}

Result<std::shared_ptr<const PublishedModel>> ModelVersions::find(const ModelEntry& model,
                                                                  int64_t version) {
  auto newest = model.published();
  if (version == store::kNewest || newest->version == version) return newest;
  {
    Lock lock(mutex_);
    const auto at = std::find_if(cache_.begin(), cache_.end(), [&](const Kept& kept) {
      return kept.model_id == model.id() && kept.state->version == version;
    });
    if (at != cache_.end()) {
      cache_.splice(cache_.begin(), cache_, at);
      return at->state;
    }
  }
  TRY(const auto snapshot, store_.snapshot(model.id(), version));
  if (!snapshot) return version_not_kept(store_, model, version);
  TRY(auto state, published_of(model, *snapshot));
  Lock lock(mutex_);
  cache_.push_front({model.id(), state});
  if (cache_.size() > kCachedMax) cache_.pop_back();
  return state;
}

}  // namespace millrace::engine
