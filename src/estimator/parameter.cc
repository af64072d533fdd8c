#include "estimator/parameter.h"

#include <algorithm>

namespace millrace::estimator {

Parameter::Parameter(std::string name, std::vector<int64_t> shape, size_t rows, size_t width,
                     float initial, Written written)
    : name_(std::move(name)),
      shape_(std::move(shape)),
      rows_(rows),
      width_(width),
      shared_(written == Written::kByRows && rows * width > kCopiedFloatsMax),
      values_(std::make_shared<float[]>(rows * width, initial)) {}

void Parameter::touch_all() {
  published_.reset();
  if (live_.empty()) return;
  const auto copy = std::make_shared_for_overwrite<float[]>(rows_ * width_);
  std::copy_n(values_.get(), rows_ * width_, copy.get());
  // Who reads the old array may go on: nobody writes it any more.
  values_ = copy;
  live_.clear();
}

std::span<float> Parameter::take(std::span<const int32_t> ids, std::vector<float>& room) {
  const size_t count = ids.size() * width_;
  if (room.size() < count) room.resize(count);
  const auto rows = std::span(room).first(count);
  float* const to = rows.data();
  const float* const values = values_.get();
  if (width_ == 1) {
    for (size_t i = 0; i < ids.size(); ++i) to[i] = values[index_of(ids[i])];
  } else {
    for (size_t i = 0; i < ids.size(); ++i) std::copy_n(row(ids[i]), width_, to + i * width_);
  }
  published_.reset();
  if (!live_.empty()) keep(ids, rows);
  return rows;
}

/// The rows as they were, for every publication that is still read.
void Parameter::keep(std::span<const int32_t> ids, std::span<const float> rows) {
  constexpr size_t kAhead = 8;
  const auto unread = [](const auto& kept) { return kept.use_count() == 1; };
  live_.erase(std::remove_if(live_.begin(), live_.end(), unread), live_.end());
  for (const auto& kept : live_) {
    for (size_t i = 0; i < ids.size(); ++i) {
      if (i + kAhead < ids.size()) kept->prefetch(ids[i + kAhead]);
      kept->keep(ids[i], rows.data() + i * width_);
    }
  }
}

void Parameter::put(std::span<const int32_t> ids, std::span<const float> rows) {
  const float* from = rows.data();
  float* const values = values_.get();
  for (const int32_t id : ids) {
    float* const to = values + index_of(id) * width_;
    // Whoever reads one of these finds that its row is kept.
    for (size_t k = 0; k < width_; ++k)
      std::atomic_ref<float>(to[k]).store(*from++, std::memory_order_release);
  }
}

std::shared_ptr<const PublishedTable> Parameter::publish() {
  if (published_ != nullptr) return published_;
  auto table = std::make_shared<PublishedTable>();
  table->name_ = name_;
  table->shape_ = shape_;
  table->rows_ = rows_;
  table->width_ = width_;
  if (shared_) {
    if (!live_.empty()) expected_ = live_.back()->count();
    live_.push_back(std::make_shared<KeptRows>(width_, expected_));
    table->values_ = values_;
    table->kept_ = live_.back();
  } else {
    table->values_ = std::make_shared_for_overwrite<float[]>(rows_ * width_);
    std::copy_n(values_.get(), rows_ * width_, table->values_.get());
  }
  published_ = std::move(table);
  return published_;
}

}  // namespace millrace::estimator
