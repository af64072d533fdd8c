// Random numbers that are a pure function of a seed and a counter, so that a model begins, and
// drops outputs, alike wherever and whenever it is trained. Not TensorFlow's streams, which no
// other program can repeat. Values only.
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>

namespace millrace::estimator {

class RandomStream {
 public:
  /// Streams of other names or numbers are independent.
  RandomStream(uint64_t seed, std::string_view name, uint64_t number = 0) : state_(seed) {
    for (const char c : name) mix(static_cast<unsigned char>(c));
    mix(number);
  }

  /// In [0, 1), 24 bits.
  float uniform() {
    state_ += kStep;
    return static_cast<float>(scrambled(state_) >> 40) * 0x1p-24F;
  }

  /// Normal with mean 0 and deviation 1, redrawn beyond two deviations (tf.truncated_normal).
  float truncated_normal() {
    for (;;) {
      const double radius = std::sqrt(-2 * std::log(1 - static_cast<double>(uniform())));
      const double value = radius * std::cos(6.283185307179586 * static_cast<double>(uniform()));
      if (std::abs(value) <= 2) return static_cast<float>(value);
    }
  }

 private:
  static constexpr uint64_t kStep = 0x9E3779B97F4A7C15U;

  static uint64_t scrambled(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31);
  }
  void mix(uint64_t value) { state_ = scrambled(state_ + kStep + value); }

  uint64_t state_;
};

}  // namespace millrace::estimator
