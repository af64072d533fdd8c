// A Parameter is one variable that training moves: a table [rows, width] of float32 with its
// optimizer's slots beside it, owned by a Trainer's tower. Training works on flat arrays. Scorers
// read a PublishedTable: a copy of a small table; of a large one that is written row by row, the
// very array that training writes, with the rows that have changed since as they were (KeptRows).
// So a large model is in memory once, a publication costs nothing, and training pays for it by the
// rows that it changes. docs/design/0007-shared-weights.md says why.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/check.h"
#include "estimator/kept_rows.h"

namespace millrace::estimator {

/// Tables of more floats than this are shared, if they are written by rows.
inline constexpr size_t kCopiedFloatsMax = size_t{1} << 14;
/// How many values of a row are read at once, at most.
inline constexpr size_t kRowPiece = 64;

inline size_t index_of(int32_t id) {
  return static_cast<size_t>(static_cast<uint32_t>(id));
}

/// Those of example e are ids[offsets[e]] to ids[offsets[e + 1]], that one not included.
struct ExampleIds {
  std::span<const int32_t> ids;
  std::span<const uint32_t> offsets;  // one more than examples
};

template <class Value>
void add_up(const ExampleIds& of, const float* table, const Value& value, float* sums) {
  constexpr uint32_t kAhead = 16;  // a large table is not in the cache
  const int32_t* const ids = of.ids.data();
  for (size_t e = 0; e + 1 < of.offsets.size(); ++e) {
    const uint32_t later = of.offsets[e] + kAhead;
    if (later < of.ids.size()) __builtin_prefetch(table + index_of(ids[later]));
    float sum = 0;
    for (uint32_t i = of.offsets[e]; i < of.offsets[e + 1]; ++i) sum += value(ids[i]);
    sums[e] = sum;
  }
}

inline float load(float& value) {
  return std::atomic_ref<float>(value).load(std::memory_order_acquire);
}

/// A Parameter's values as they were when it was published. Any number of threads.
class PublishedTable {
 public:
  const std::string& name() const { return name_; }
  const std::vector<int64_t>& shape() const { return shape_; }
  size_t rows() const { return rows_; }
  size_t width() const { return width_; }

  /// Values [first, first + count) of row `id`, where they stand or in `buffer`.
  const float* read(int32_t id, size_t first, size_t count, float* buffer) const {
    float* values = values_.get() + index_of(id) * width_ + first;
    if (kept_ == nullptr) return values;
    for (size_t k = 0; k < count; ++k) buffer[k] = load(values[k]);
    // A row is kept before it is changed: whoever has read a changed one finds it.
    kept_->restore(id, first, count, buffer);
    return buffer;
  }
  /// Of a table of one value a row: sums[e] = the values of example e's ids, in their order.
  void sum_rows(const ExampleIds& of, float* sums) const {
    float* const values = values_.get();
    const KeptRows* const kept = kept_.get();
    if (kept == nullptr || kept->none()) {
      add_up(
          of, values, [values](int32_t id) { return load(values[index_of(id)]); }, sums);
      if (kept == nullptr || kept->none()) return;
    }
    const auto before = [values, kept](int32_t id) {
      float value = load(values[index_of(id)]);
      kept->restore(id, 0, 1, &value);
      return value;
    };
    add_up(of, values, before, sums);
  }
  /// A row, and those behind it, of a variable that is written as a whole.
  const float* row(int32_t id) const {
    CHECK(kept_ == nullptr, "rows of a shared table are read one by one");
    return values_.get() + index_of(id) * width_;
  }

 private:
  friend class Parameter;
  std::string name_;
  std::vector<int64_t> shape_;
  size_t rows_ = 0;
  size_t width_ = 1;
  std::shared_ptr<float[]> values_;
  std::shared_ptr<const KeptRows> kept_;  // null where the values are a copy
};

/// How training writes a variable: some rows of it, or all of it in one piece.
enum class Written : uint8_t { kByRows, kWhole };

class Parameter {
 public:
  /// All values are `initial`; `name` and `shape` are the checkpoint's.
  Parameter(std::string name, std::vector<int64_t> shape, size_t rows, size_t width,
            float initial = 0, Written written = Written::kWhole);

  const std::string& name() const { return name_; }
  const std::vector<int64_t>& shape() const { return shape_; }
  size_t rows() const { return rows_; }
  size_t width() const { return width_; }

  // As a PublishedTable is read.
  const float* row(int32_t id) const { return values_.get() + index_of(id) * width_; }
  const float* read(int32_t id, size_t first, size_t, float*) const { return row(id) + first; }
  void sum_rows(const ExampleIds& of, float* sums) const {
    const float* const values = values_.get();
    add_up(
        of, values, [values](int32_t id) { return values[index_of(id)]; }, sums);
  }

  std::span<const float> values() const { return {values_.get(), rows_ * width_}; }

  /// For writing any part, after touch_all(), which leaves what was published to its readers.
  std::span<float> values() { return {values_.get(), rows_ * width_}; }
  void touch_all();

  /// For writing some rows: the rows `ids`, each once, side by side in `room`, ...
  std::span<float> take(std::span<const int32_t> ids, std::vector<float>& room);
  /// ... to be written back when they have changed.
  void put(std::span<const int32_t> ids, std::span<const float> rows);

  /// The optimizer's arrays beside the values, each of their size.
  void add_slot(float initial) { slots_.emplace_back(rows_ * width_, initial); }
  size_t slot_count() const { return slots_.size(); }
  std::span<float> slot(size_t i) { return slots_[i]; }
  std::span<const float> slot(size_t i) const { return slots_[i]; }

  /// The values as they are now.
  std::shared_ptr<const PublishedTable> publish();

 private:
  void keep(std::span<const int32_t> ids, std::span<const float> rows);

  std::string name_;
  std::vector<int64_t> shape_;
  size_t rows_;
  size_t width_;
  bool shared_;
  std::shared_ptr<float[]> values_;
  std::vector<std::vector<float>> slots_;
  std::shared_ptr<const PublishedTable> published_;  // null: something was written since
  /// Of the publications that share `values_` and may still be read, the newest last.
  std::vector<std::shared_ptr<KeptRows>> live_;
  size_t expected_ = 0;  // how many rows a publication keeps: as many as the one before
};

/// Reads a row of either in pieces: visit(first, values).
template <class Table, class Visit>
void each_piece(const Table& table, int32_t id, const Visit& visit) {
  float buffer[kRowPiece];
  for (size_t first = 0; first < table.width(); first += kRowPiece) {
    const size_t count = std::min(kRowPiece, table.width() - first);
    visit(first, std::span<const float>(table.read(id, first, count, buffer), count));
  }
}

}  // namespace millrace::estimator
