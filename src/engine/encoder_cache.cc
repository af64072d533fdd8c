#include "engine/encoder_cache.h"

#include <algorithm>

namespace millrace::engine {

ObjectName name_of_model(std::string_view model, std::string_view database) {
  const auto dot = model.find('.');
  if (dot == std::string_view::npos) return {std::string(database), std::string(model)};
  return {std::string(model.substr(0, dot)), std::string(model.substr(dot + 1))};
}

Result<std::shared_ptr<const TowerEncoders>> EncoderCache::find(
    const std::shared_ptr<const ModelEntry>& model, const Schema& input) {
  {
    Lock lock(mutex_);
    const auto at = std::find_if(cache_.begin(), cache_.end(), [&](const Cached& cached) {
      return cached.model == model && cached.fields == input.fields();
    });
    if (at != cache_.end()) {
      cache_.splice(cache_.begin(), cache_, at);
      return at->encoders;
    }
  }
  TRY(auto made, TowerEncoders::make(model->columns(), input));
  auto encoders = std::make_shared<const TowerEncoders>(std::move(made));
  Lock lock(mutex_);
  cache_.push_front({model, input.fields(), encoders});
  if (cache_.size() > kCachedMax) cache_.pop_back();
  return encoders;
}

}  // namespace millrace::engine
