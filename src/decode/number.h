// Numbers from text. The short forms that nearly every field has (up to eight bytes) are read here,
// inline and without a loop over digits; everything else goes to the careful functions in
// number.cc. Decimal text becomes the nearest float or double, exactly rounded.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <type_traits>

namespace millrace::decode {

enum class Parsed : uint8_t {
  kValue,
  kMalformed,   // not a value of this kind
  kOutOfRange,  // a value that the kind cannot hold
};

inline bool is_digit(char c) {
  return static_cast<uint8_t>(c - '0') < 10;
}

/// A whole number of any integer kind.
struct WholeNumber {
  uint64_t magnitude = 0;
  bool negative = false;
};

/// `number` as a T, if it holds it.
template <class T>
Parsed narrow_whole(const WholeNumber& number, T& value) {
  const auto max = static_cast<uint64_t>(std::numeric_limits<T>::max());
  const uint64_t low = std::is_signed_v<T> ? max + 1 : 0;  // magnitude of the least value
  if (number.magnitude > (number.negative ? low : max)) return Parsed::kOutOfRange;
  value = static_cast<T>(number.negative ? 0 - number.magnitude : number.magnitude);
  return Parsed::kValue;
}

/// Sign, digits, blanks around them; also "12.0" and "1e3", since that is how tools write whole
/// numbers of columns that have NULLs.
Parsed parse_whole(std::string_view text, WholeNumber& number);
/// Decimal and scientific notation, blanks around it. Neither "nan" nor "inf" is a number here.
Parsed parse_decimal(std::string_view text, double& value);
Parsed parse_decimal(std::string_view text, float& value);
/// 0, 1, true, false, without case.
Parsed parse_bool(std::string_view text, bool& value);

/// Blanks and tabs cut off at both ends.
std::string_view without_blanks(std::string_view text);

namespace detail {

inline constexpr uint64_t kZeros = 0x3030303030303030;

/// The bytes [begin, begin + size), 1 <= size <= 8, as the high bytes of a little-endian word, the
/// rest '0'. Reads up to `readable_end` at most.
inline uint64_t load_digits(const char* begin, uint32_t size, const char* readable_end) {
  uint64_t word = 0;
  if (readable_end - begin >= 8)
    std::memcpy(&word, begin, 8);
  else
    std::memcpy(&word, begin, size);
  const uint32_t shift = 64 - size * 8;
  return (word << shift) | (kZeros & ((uint64_t{1} << shift) - 1));
}

inline bool all_digits(uint64_t word) {
  const uint64_t high = 0xF0F0F0F0F0F0F0F0;
  return ((word & high) == kZeros) && (((word + 0x0606060606060606) & high) == kZeros);
}

/// Eight ASCII digits, the first in the lowest byte, as a number: pairs, then fours, then all.
inline uint32_t digits_to_number(uint64_t word) {
  word = (word & 0x0F0F0F0F0F0F0F0F) * 2561 >> 8;
  word = (word & 0x00FF00FF00FF00FF) * 6553601 >> 16;
  return static_cast<uint32_t>((word & 0x0000FFFF0000FFFF) * 42949672960001 >> 32);
}

}  // namespace detail

/// True when the text is an optional minus and one to eight digits that T can hold. False says only
/// that the careful function must look.
template <class T>
inline bool parse_short_whole(const char* begin, size_t size, const char* readable_end, T& value) {
  if (size == 1) {
    const auto digit = static_cast<uint8_t>(*begin - '0');
    value = static_cast<T>(digit);
    return digit < 10;
  }
  const bool negative = std::is_signed_v<T> && size > 0 && *begin == '-';
  begin += negative;
  size -= negative;
  if (size - 1 > 7) return false;
  const uint64_t word = detail::load_digits(begin, static_cast<uint32_t>(size), readable_end);
  if (!detail::all_digits(word)) return false;
  const auto number = static_cast<int32_t>(detail::digits_to_number(word));
  const int64_t wide = negative ? -number : number;
  if (sizeof(T) < 4 && (wide < static_cast<int64_t>(std::numeric_limits<T>::min()) ||
                        wide > static_cast<int64_t>(std::numeric_limits<T>::max())))
    return false;
  value = static_cast<T>(wide);
  return true;
}

namespace detail {

/// Takes the point out of `word`, the bytes of a decimal as load_digits() gives them: its digits,
/// as if there were none, and how many stood behind it. False without a point.
inline bool without_point(uint64_t& word, uint32_t& decimals) {
  // The lowest byte that is '.': bytes equal to it become zero, and the lowest zero is found.
  const uint64_t points = word ^ 0x2E2E2E2E2E2E2E2E;
  const uint64_t found = (points - 0x0101010101010101) & ~points & 0x8080808080808080;
  if (found == 0) return false;
  const auto at = static_cast<uint32_t>(__builtin_ctzll(found)) / 8;  // byte of the point
  decimals = 7 - at;
  const uint64_t before = word & ((uint64_t{1} << (at * 8)) - 1);
  const uint64_t after = at == 7 ? 0 : word >> ((at + 1) * 8) << ((at + 1) * 8);
  word = after | (before << 8) | '0';
  return true;
}

}  // namespace detail

/// True when the text is an optional minus and one to eight bytes of digits with at most one point
/// among them. With so few digits the value is exact in double, and a division by a power of ten
/// rounds once, so the result is the nearest T. Whole numbers, which most columns hold, come first.
template <class T>
inline bool parse_short_decimal(const char* begin, size_t size, const char* readable_end,
                                T& value) {
  static constexpr T kTens[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
  if (size == 1) {
    const auto digit = static_cast<uint8_t>(*begin - '0');
    value = static_cast<T>(digit);
    return digit < 10;
  }
  const bool negative = size > 0 && *begin == '-';
  begin += negative;
  size -= negative;
  if (size - 1 > 7) return false;
  uint64_t word = detail::load_digits(begin, static_cast<uint32_t>(size), readable_end);
  uint32_t decimals = 0;
  if (!detail::all_digits(word)) {
    if (size == 1 || !detail::without_point(word, decimals)) return false;  // "-." has no digit
    if (!detail::all_digits(word)) return false;
  }
  const uint32_t digits = detail::digits_to_number(word);
  // A float holds 24 bits: beyond them the digits themselves would round, and then the quotient.
  if (sizeof(T) == 4 && digits >= (1U << 24)) return false;
  T magnitude = static_cast<T>(static_cast<int32_t>(digits));
  if (decimals != 0) magnitude /= kTens[decimals];
  value = negative ? -magnitude : magnitude;
  return true;
}

/// A number of kind T from text, of any form that the functions above take.
template <class T>
Parsed parse_number(std::string_view text, T& value) {
  if constexpr (std::is_floating_point_v<T>) {
    return parse_decimal(text, value);
  } else {
    WholeNumber number;
    const Parsed parsed = parse_whole(text, number);
    return parsed == Parsed::kValue ? narrow_whole(number, value) : parsed;
  }
}

}  // namespace millrace::decode
