// A Parameter is one variable that training moves: a table [rows, width] of float32 with its
// optimizer's slots beside it, owned by a Trainer's tower. Training works on the flat arrays;
// scorers read a PublishedTable, whose pages are shared with the publication before it wherever
// nothing was written in between, so that a publication costs what changed and not what there is.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace millrace::estimator {

/// About how many floats a page holds; a whole number of rows, at least one.
inline constexpr size_t kPageFloats = 512;

/// Immutable copy of a Parameter's values, in pages.
class PublishedTable {
 public:
  const std::string& name() const { return name_; }
  const std::vector<int64_t>& shape() const { return shape_; }
  size_t rows() const { return rows_; }
  size_t width() const { return width_; }
  /// The `width` values of row `id`.
  const float* row(int32_t id) const {
    const auto index = static_cast<size_t>(static_cast<uint32_t>(id));
    return pages_[index >> page_shift_].get() + (index & page_mask_) * width_;
  }

 private:
  friend class Parameter;
  std::string name_;
  std::vector<int64_t> shape_;
  std::vector<std::shared_ptr<const float[]>> pages_;
  size_t rows_ = 0;
  size_t width_ = 1;
  size_t page_shift_ = 0;  // log2 of the rows of a page
  size_t page_mask_ = 0;
};

/// kOne: for variables that every step writes as a whole; its publications stand in one piece.
enum class Pages : uint8_t { kMany, kOne };

class Parameter {
 public:
  /// All values are `initial`; `name` and `shape` are the checkpoint's.
  Parameter(std::string name, std::vector<int64_t> shape, size_t rows, size_t width,
            float initial = 0, Pages pages = Pages::kMany);

  const std::string& name() const { return name_; }
  const std::vector<int64_t>& shape() const { return shape_; }
  size_t rows() const { return rows_; }
  size_t width() const { return width_; }
  const float* row(int32_t id) const {
    return values_.data() + static_cast<size_t>(static_cast<uint32_t>(id)) * width_;
  }

  std::span<const float> values() const { return values_; }
  /// For writing; the writer then says what it wrote with touch() or touch_all().
  std::span<float> values() { return values_; }
  void touch(size_t row) { dirty_[row >> page_shift_] = 1; }
  void touch_all();

  /// The optimizer's arrays beside the values, each of their size.
  void add_slot(float initial) { slots_.emplace_back(values_.size(), initial); }
  size_t slot_count() const { return slots_.size(); }
  std::span<float> slot(size_t i) { return slots_[i]; }
  std::span<const float> slot(size_t i) const { return slots_[i]; }

  /// The values as they are now.
  std::shared_ptr<const PublishedTable> publish();

 private:
  std::string name_;
  std::vector<int64_t> shape_;
  size_t rows_;
  size_t width_;
  size_t page_shift_;
  std::vector<float> values_;
  std::vector<std::vector<float>> slots_;
  std::vector<uint8_t> dirty_;  // for each page: written since it was published
  std::shared_ptr<const PublishedTable> published_;
};

}  // namespace millrace::estimator
