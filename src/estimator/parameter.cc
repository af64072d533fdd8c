#include "estimator/parameter.h"

#include <algorithm>
#include <bit>

namespace millrace::estimator {
namespace {

size_t page_shift_for(size_t all_rows, size_t width, Pages pages) {
  if (pages == Pages::kOne) return static_cast<size_t>(std::bit_width(all_rows - 1));
  const size_t rows = std::max<size_t>(1, kPageFloats / width);
  return static_cast<size_t>(std::bit_width(rows) - 1);
}

}  // namespace

Parameter::Parameter(std::string name, std::vector<int64_t> shape, size_t rows, size_t width,
                     float initial, Pages pages)
    : name_(std::move(name)),
      shape_(std::move(shape)),
      rows_(rows),
      width_(width),
      page_shift_(page_shift_for(rows, width, pages)),
      values_(rows * width, initial) {
  const size_t page_count = ((rows - 1) >> page_shift_) + 1;
  dirty_.assign(page_count, 0);
  // Every page is the same at first, and stays shared until it is written.
  const size_t page_floats = std::min(values_.size(), width << page_shift_);
  const auto first = std::make_shared<float[]>(page_floats, initial);
  auto table = std::make_shared<PublishedTable>();
  table->pages_.assign(page_count, first);
  table->name_ = name_;
  table->shape_ = shape_;
  table->rows_ = rows;
  table->width_ = width;
  table->page_shift_ = page_shift_;
  table->page_mask_ = (size_t{1} << page_shift_) - 1;
  published_ = std::move(table);
}

void Parameter::touch_all() {
  std::fill(dirty_.begin(), dirty_.end(), uint8_t{1});
}

std::shared_ptr<const PublishedTable> Parameter::publish() {
  if (std::find(dirty_.begin(), dirty_.end(), 1) == dirty_.end()) return published_;
  auto table = std::make_shared<PublishedTable>(*published_);
  const size_t page_floats = width_ << page_shift_;
  for (size_t page = 0; page < dirty_.size(); ++page) {
    if (!dirty_[page]) continue;
    const auto from = std::span<const float>(values_).subspan(page * page_floats);
    const size_t count = std::min(page_floats, from.size());
    const auto copy = std::make_shared<float[]>(count);
    std::copy_n(from.begin(), count, copy.get());
    table->pages_[page] = copy;
    dirty_[page] = 0;
  }
  published_ = std::move(table);
  return published_;
}

}  // namespace millrace::estimator
