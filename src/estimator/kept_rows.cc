#include "estimator/kept_rows.h"

#include <algorithm>

namespace millrace::estimator {

void KeptRows::Slots::add(uint64_t word) {
  size_t at = first(static_cast<int32_t>((word >> 32) - 1));
  while (words[at].load(std::memory_order_relaxed) != 0) at = (at + 1) & mask;
  words[at].store(word, std::memory_order_release);
}

bool KeptRows::holds(int32_t id) const {
  const Slots* slots = slots_.load(std::memory_order_relaxed);
  if (slots == nullptr) return false;
  for (size_t at = slots->first(id);; at = (at + 1) & slots->mask) {
    const uint64_t word = slots->words[at].load(std::memory_order_relaxed);
    if (word == 0) return false;
    if (key_of(word) == key_of(id)) return true;
  }
}

void KeptRows::keep(int32_t id, const float* row) {
  if (holds(id)) return;
  if (all_.empty() || 2 * (count_ + 1) > all_.back()->mask + 1) grow();
  auto value = static_cast<uint32_t>(count_);
  if (width_ == 1) {
    value = std::bit_cast<uint32_t>(*row);
  } else {
    const size_t chunk = chunk_of(value);
    if (chunks_[chunk] == nullptr) {
      const size_t rows = kFirstChunkRows << chunk;
      chunks_[chunk] = std::make_unique_for_overwrite<float[]>(rows * width_);
    }
    std::copy_n(row, width_, row_at(value));
  }
  all_.back()->add(key_of(id) << 32 | value);
  ++count_;
}

/// A larger table, which readers find from now on.
void KeptRows::grow() {
  constexpr size_t kSlotsMin = 64;
  const size_t wanted =
      all_.empty() ? std::max(kSlotsMin, 2 * expected_) : 2 * (all_.back()->mask + 1);
  auto slots = std::make_unique<Slots>(std::bit_ceil(wanted));
  if (!all_.empty()) {
    const Slots& old = *all_.back();
    for (size_t i = 0; i <= old.mask; ++i) {
      const uint64_t word = old.words[i].load(std::memory_order_relaxed);
      if (word != 0) slots->add(word);
    }
  }
  slots_.store(slots.get(), std::memory_order_release);
  all_.push_back(std::move(slots));
}

}  // namespace millrace::estimator
