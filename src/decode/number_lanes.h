// Short numbers of many rows at once: what most fields of a numeric column are. The vector version
// needs AVX2, which is asked for when the process runs; where it is missing, and for whatever it
// does not take, number.h reads one field after another. Pure functions, exact.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace millrace::decode {

/// Where up to 64 rows lie in memory, so that the eight bytes before the end of any field of theirs
/// can be read.
struct LaneRows {
  static constexpr size_t kMax = 64;
  static constexpr uint32_t kBytesMax = 8;

  std::array<const char*, kMax> begins{};
  // Eight bytes of nothing, then the row's first: read for a field that ends among those.
  std::array<std::array<char, size_t{2} * kBytesMax>, kMax> heads{};

  void set(size_t row, const char* begin, size_t size) {
    begins[row] = begin;
    char* const head = heads[row].data() + kBytesMax;
    if (size >= kBytesMax)
      std::memcpy(head, begin, kBytesMax);
    else if (size > 0)
      std::memcpy(head, begin, size);
  }
};

/// One field of those rows: in row r it is [from[r], next[r] - separator) of the row's bytes. Where
/// next[r] is the separator's size, and from[r] too, there is none to be read.
struct LaneField {
  const uint32_t* from;
  const uint32_t* next;
  uint32_t separator;
};

/// Of the fields that were taken: the digits as a whole number, and how many of them stood behind
/// the point.
struct LaneNumbers {
  std::array<uint32_t, LaneRows::kMax> values{};
  std::array<uint32_t, LaneRows::kMax> decimals{};
  bool has_decimals = false;  // some are not 0
};

/// Whether this machine has the vector version; without it nothing is taken.
bool has_number_lanes();

/// Reads the fields of rows [0, count) that are one to eight digits, a number of `value_max` (below
/// 2^31) at most, and nothing else. Returns a bit for each field that was not taken.
uint64_t read_whole_numbers(const LaneRows& rows, const LaneField& field, size_t count,
                            uint32_t value_max, LaneNumbers& numbers);
/// The same, with at most one point among a field's one to eight bytes.
uint64_t read_decimals(const LaneRows& rows, const LaneField& field, size_t count,
                       uint32_t value_max, LaneNumbers& numbers);

}  // namespace millrace::decode
