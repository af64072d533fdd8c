// The two hashes of TensorFlow's feature columns: FarmHash's Fingerprint64 of a text, and
// FingerprintCat64, which chains the values of a cross (tensorflow/core/platform/fingerprint.h).
// Both are part of every model's meaning and never change. Pure functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace millrace::features {

/// TensorFlow's hash_key of a cross when none is given.
inline constexpr uint64_t kCrossHashKey = 0xDECAFCAFFE;

uint64_t fingerprint(std::string_view text);

/// The fingerprint of the decimal text of `value`: how an integer is hashed into buckets.
uint64_t fingerprint_of_integer(int64_t value);

inline uint64_t fingerprint_cat(uint64_t a, uint64_t b) {
  constexpr uint64_t kMultiplier = 0xc6a4a7935bd1e995;
  const auto mix = [](uint64_t x) { return x ^ (x >> 47); };
  uint64_t result = a ^ kMultiplier;
  result ^= mix(b * kMultiplier) * kMultiplier;
  result *= kMultiplier;
  result = mix(result) * kMultiplier;
  return mix(result);
}

}  // namespace millrace::features
