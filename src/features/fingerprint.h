// The two hashes of TensorFlow's feature columns: FarmHash's Fingerprint64 of a text, and
// FingerprintCat64, which chains the values of a cross (tensorflow/core/platform/fingerprint.h).
// Both are part of every model's meaning and never change. Pure functions.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace millrace::features {

/// TensorFlow's hash_key of a cross when none is given.
inline constexpr uint64_t kCrossHashKey = 0xDECAFCAFFE;

/// Of texts longer than 16 bytes, and of any other: what short_fingerprint() must equal.
uint64_t long_fingerprint(std::string_view text);

/// Of at most 16 bytes, which most categories are: FarmHash's na::HashLen0to16, here so that the
/// loop over a column has no call in it.
inline uint64_t short_fingerprint(std::string_view text) {
  constexpr uint64_t k0 = 0xc3a5c85c97cb3127;
  constexpr uint64_t k2 = 0x9ae16a3b2f90404f;
  const auto rotate = [](uint64_t x, int by) { return (x >> by) | (x << (64 - by)); };
  const auto last = [&](uint64_t u, uint64_t v, uint64_t mul) {
    uint64_t a = (u ^ v) * mul;
    a ^= a >> 47;
    uint64_t b = (v ^ a) * mul;
    b ^= b >> 47;
    return b * mul;
  };
  const char* data = text.data();
  const size_t size = text.size();
  const uint64_t mul = k2 + size * 2;
  if (size >= 8) {
    uint64_t a = 0;
    uint64_t b = 0;
    std::memcpy(&a, data, 8);
    std::memcpy(&b, data + size - 8, 8);
    a += k2;
    return last(rotate(b, 37) * mul + a, (rotate(a, 25) + b) * mul, mul);
  }
  if (size >= 4) {
    uint32_t a = 0;
    uint32_t b = 0;
    std::memcpy(&a, data, 4);
    std::memcpy(&b, data + size - 4, 4);
    return last(size + (uint64_t{a} << 3), b, mul);
  }
  if (size == 0) return k2;
  const auto byte = [&](size_t at) {
    return static_cast<uint32_t>(static_cast<uint8_t>(data[at]));
  };
  const uint64_t y = byte(0) + (byte(size / 2) << 8);
  const uint64_t z = size + (uint64_t{byte(size - 1)} << 2);
  const uint64_t mixed = y * k2 ^ z * k0;
  return (mixed ^ (mixed >> 47)) * k2;
}

inline uint64_t fingerprint(std::string_view text) {
  return text.size() <= 16 ? short_fingerprint(text) : long_fingerprint(text);
}

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
