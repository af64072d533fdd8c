// What a publication keeps of a table's rows: those that training has changed since, as they were.
// Scorers look here after they have read the table itself (parameter.h). One writer, the Trainer's
// thread, which only ever adds; any number of readers meanwhile, none of whom waits. Its memory
// grows with the rows that changed, by 16 to 32 bytes for each and the row where it is longer than
// one value.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

namespace millrace::estimator {

class KeptRows {
 public:
  /// Of rows of `width` values; about `expected` of them will be kept.
  KeptRows(size_t width, size_t expected) : width_(width), expected_(expected) {}

  /// The writer's, before it changes the row: keeps `row`, unless one of this id is kept already.
  void keep(int32_t id, const float* row);
  /// How many are kept; the writer's.
  size_t count() const { return count_; }
  /// Likewise: asks for the place of `id` early.
  void prefetch(int32_t id) const {
    if (!all_.empty()) __builtin_prefetch(&all_.back()->words[all_.back()->first(id)]);
  }

  /// A reader's, after it has read out of the table: whether every row was as it had been.
  bool none() const { return slots_.load(std::memory_order_acquire) == nullptr; }
  /// A reader's, after it has read values [first, first + count) of row `id` out of the table:
  /// overwrites them with what they were, if the row is kept.
  void restore(int32_t id, size_t first, size_t count, float* values) const {
    const Slots* slots = slots_.load(std::memory_order_acquire);
    if (slots == nullptr) return;
    for (size_t at = slots->first(id);; at = (at + 1) & slots->mask) {
      const uint64_t word = slots->words[at].load(std::memory_order_acquire);
      if (word == 0) return;
      if (key_of(word) != key_of(id)) continue;
      if (width_ == 1) {
        *values = std::bit_cast<float>(static_cast<uint32_t>(word));
      } else {
        const float* row = row_at(static_cast<uint32_t>(word));
        for (size_t k = 0; k < count; ++k) values[k] = row[first + k];
      }
      return;
    }
  }

 private:
  /// Open addressing. A word is a key and what belongs to it: the value, or the number of the row
  /// where rows are longer. One store makes both known.
  struct Slots {
    explicit Slots(size_t size)
        : shift(65 - static_cast<size_t>(std::bit_width(size))),
          mask(size - 1),
          words(std::make_unique<std::atomic<uint64_t>[]>(size)) {}
    size_t first(int32_t id) const { return (key_of(id) * 0x9E3779B97F4A7C15U) >> shift; }
    void add(uint64_t word);

    size_t shift;
    size_t mask;
    std::unique_ptr<std::atomic<uint64_t>[]> words;  // 0: free
  };

  /// Rows that are longer than one value lie in chunks, each twice as long as the one before.
  static constexpr size_t kFirstChunkRows = 256;

  static uint64_t key_of(int32_t id) { return uint64_t{static_cast<uint32_t>(id)} + 1; }
  static uint64_t key_of(uint64_t word) { return word >> 32; }
  static size_t chunk_of(uint32_t number) {
    return static_cast<size_t>(std::bit_width(number / kFirstChunkRows + 1)) - 1;
  }
  float* row_at(uint32_t number) const {
    const size_t chunk = chunk_of(number);
    return chunks_[chunk].get() + (number - kFirstChunkRows * ((size_t{1} << chunk) - 1)) * width_;
  }
  bool holds(int32_t id) const;
  void grow();

  size_t width_;
  size_t expected_;
  size_t count_ = 0;
  std::atomic<const Slots*> slots_{nullptr};  // the newest of all_
  std::vector<std::unique_ptr<Slots>> all_;   // readers may still be in the older ones
  std::array<std::unique_ptr<float[]>, 24> chunks_;
};

}  // namespace millrace::estimator
