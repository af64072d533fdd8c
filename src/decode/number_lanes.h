// Short numbers of many rows at once: what most fields of a numeric column are. The vector version
// needs AVX2, which is asked for when the process runs; where it is missing, and for whatever it
// does not take, number.h reads one field after another. Pure functions, exact.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace millrace::decode {

/// The fields of one column in up to 64 rows.
struct NumberLanes {
  static constexpr size_t kMax = 64;
  static constexpr uint32_t kBytesMax = 8;

  std::array<const char*, kMax> ends;  // past a field's last byte; the eight before can be read
  std::array<uint32_t, kMax> sizes;    // bytes of a field; 0: not to be taken
  // Of those taken: the digits as a whole number, and how many of them stood behind the point.
  std::array<uint32_t, kMax> values{};
  std::array<uint32_t, kMax> decimals{};
  size_t count = 0;

  NumberLanes() { clear(); }
  void clear() { count = 0; }
  /// The field [row_begin + from, row_begin + to).
  void add(const char* row_begin, uint32_t from, uint32_t to) {
    const bool readable = to >= kBytesMax;
    ends[count] = readable ? row_begin + to : kNothing.data() + kBytesMax;
    sizes[count] = readable ? to - from : 0;
    ++count;
  }

 private:
  static constexpr std::array<char, kBytesMax> kNothing{};
};

/// Whether this machine has the vector version; without it nothing is taken.
bool has_number_lanes();

/// Reads the fields of one to eight bytes that are digits and nothing else. Returns a bit for each
/// field that was not taken.
uint64_t read_whole_numbers(NumberLanes& lanes);
/// The same, with at most one point among a field's digits.
uint64_t read_decimals(NumberLanes& lanes);

}  // namespace millrace::decode
