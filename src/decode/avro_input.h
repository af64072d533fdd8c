// The bytes of one Avro datum and how far they are read, and the values of its binary encoding.
// Bytes come from anywhere: every read is checked, and a failed one leaves `failed` set and gives
// zero, so that a chain of reads is checked once at its end.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "decode/avro_schema.h"

namespace millrace::decode {

struct AvroInput {
  std::string_view bytes;
  size_t at = 0;
  bool failed = false;

  size_t left() const { return bytes.size() - at; }

  /// A zig-zag variable-length integer.
  int64_t whole() {
    if (at < bytes.size() && static_cast<uint8_t>(bytes[at]) < 0x80) {  // most take one byte
      const auto byte = static_cast<uint8_t>(bytes[at++]);
      return static_cast<int64_t>(byte >> 1) ^ -static_cast<int64_t>(byte & 1);
    }
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (at >= bytes.size()) break;
      const auto byte = static_cast<uint8_t>(bytes[at++]);
      // The tenth byte has one bit left to give.
      if (shift == 63 && byte > 1) break;
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return static_cast<int64_t>((value >> 1) ^ (0 - (value & 1)));
    }
    failed = true;
    return 0;
  }
  bool truth() {
    if (left() == 0 || static_cast<uint8_t>(bytes[at]) > 1) failed = true;
    return !failed && bytes[at++] == 1;
  }
  float single() { return fixed_width<float>(); }
  double real() { return fixed_width<double>(); }
  /// `size` bytes as they are.
  std::string_view raw(size_t size) {
    if (size > left()) {
      failed = true;
      return {};
    }
    at += size;
    return bytes.substr(at - size, size);
  }
  /// Bytes behind their length.
  std::string_view text() {
    const int64_t size = whole();
    if (size < 0) failed = true;
    return failed ? std::string_view() : raw(static_cast<size_t>(size));
  }

 private:
  template <class T>
  T fixed_width() {
    static_assert(std::endian::native == std::endian::little, "Avro's floats are little-endian");
    const auto from = raw(sizeof(T));
    T value = 0;
    if (!failed) std::memcpy(&value, from.data(), sizeof(T));
    return value;
  }
};

/// Calls `item` for each item of an array or map; it returns false to end. What it reads fails the
/// input. Blocks of items that take no bytes are bounded.
template <class Item>
bool for_each_item(AvroInput& input, Item item) {
  constexpr int64_t kEmptyItemsMax = 1 << 20;
  int64_t empty_items = 0;
  while (!input.failed) {
    int64_t count = input.whole();
    if (count == 0 || input.failed) break;
    if (count < 0) {
      count = count == INT64_MIN ? INT64_MAX : -count;
      (void)input.whole();  // the block's bytes
    }
    for (int64_t i = 0; i < count && !input.failed; ++i) {
      const size_t before = input.at;
      if (!item()) return false;
      if (input.at == before && ++empty_items > kEmptyItemsMax) input.failed = true;
    }
  }
  return !input.failed;
}

/// How deep data may be nested: a schema that holds itself says nothing about it.
inline constexpr int kAvroDepthMax = 128;

/// Passes over a value.
void skip_avro(const AvroType& type, AvroInput& input, int depth);
/// Appends a value as JSON: records and maps as objects, unions as what they hold, bytes as text of
/// the characters 0 to 255 (as Avro's own JSON has them), logical types as text or numbers.
void append_avro_json(const AvroType& type, AvroInput& input, std::string& out, int depth);

}  // namespace millrace::decode
