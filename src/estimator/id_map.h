// Numbers the different ids of a step's rows in the order they first appear, so that each row of a
// table gets one update with the sum of its gradients. Emptying it costs nothing: entries carry the
// epoch they were written in. One thread; keeps its memory from step to step.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

namespace millrace::estimator {

class IdMap {
 public:
  /// Forgets all ids. `rows` bounds the ids to come, `ids_max` how many will be added.
  void begin(size_t rows, size_t ids_max) {
    direct_ = rows <= kDirectRowsMax;
    const size_t wanted = direct_ ? rows : std::bit_ceil(2 * std::max<size_t>(ids_max, 8));
    if (entries_.size() < wanted) entries_.assign(direct_ ? wanted : 2 * wanted, {});
    shift_ = 65 - static_cast<size_t>(std::bit_width(entries_.size()));
    mask_ = std::bit_floor(entries_.size()) - 1;
    if (++epoch_ == 0) {
      std::fill(entries_.begin(), entries_.end(), Entry{});
      epoch_ = 1;
    }
    count_ = 0;
    const size_t count_max = std::min(rows, ids_max);
    if (ids_.size() < count_max) ids_.resize(count_max);
  }

  /// The number of `id`: its place in ids().
  uint32_t number_of(int32_t id) {
    size_t at = static_cast<size_t>(static_cast<uint32_t>(id));
    if (!direct_) {
      at = (static_cast<uint64_t>(at) * 0x9E3779B97F4A7C15U) >> shift_;
      while (entries_[at].epoch == epoch_ && entries_[at].id != id) at = (at + 1) & mask_;
    }
    Entry& entry = entries_[at];
    if (entry.epoch != epoch_) {
      entry = {epoch_, id, count_};
      ids_[count_++] = id;
    }
    return entry.number;
  }

  std::span<const int32_t> ids() const { return {ids_.data(), count_}; }

 private:
  static constexpr size_t kDirectRowsMax = 1 << 14;  // tables that fit the cache are indexed

  struct Entry {
    uint32_t epoch = 0;
    int32_t id = 0;
    uint32_t number = 0;
  };

  std::vector<Entry> entries_;
  std::vector<int32_t> ids_;  // the first count_ are of this step
  uint32_t count_ = 0;
  uint32_t epoch_ = 0;
  size_t shift_ = 0;
  size_t mask_ = 0;
  bool direct_ = true;
};

}  // namespace millrace::estimator
