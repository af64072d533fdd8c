// Random numbers that are the same on every machine and with every compiler: the standard's engine
// has fixed output, its distributions do not, so the few that the demo draws are here. One owner,
// one thread.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace millrace::demo {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  /// In [0, 1).
  double uniform() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }
  /// In [0, count).
  size_t below(size_t count) { return static_cast<size_t>(uniform() * static_cast<double>(count)); }
  bool chance(double probability) { return uniform() < probability; }
  /// Mean 0, deviation 1: twelve uniform numbers, which needs no libm and is normal enough here.
  double normal() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += uniform();
    return sum;
  }
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace millrace::demo
