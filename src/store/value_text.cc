#include "store/value_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

namespace millrace::store {
namespace {

constexpr int64_t kSecondsPerDay = 86400;
constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;

template <class T>
void append_chars(T value, std::string& out) {
  std::array<char, 24> buffer{};
  out.append(buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr);
}

/// At least `digits` digits, zeros before them.
void append_padded(uint64_t value, size_t digits, std::string& out) {
  std::array<char, 24> buffer{};
  const auto* end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  const auto length = static_cast<size_t>(end - buffer.data());
  if (length < digits) out.append(digits - length, '0');
  out.append(buffer.data(), length);
}

UInt128 magnitude_of(Int128 value) {
  // Unsigned arithmetic: the most negative number has no positive counterpart.
  return value < 0 ? UInt128{0} - static_cast<UInt128>(value) : static_cast<UInt128>(value);
}

uint64_t magnitude_of(int64_t value) {
  return value < 0 ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
}

struct Floored {
  int64_t whole;
  int64_t rest;  // never negative
};

Floored floor_divided(int64_t value, int64_t by) {
  Floored result{value / by, value % by};
  if (result.rest < 0) {
    result.rest += by;
    --result.whole;
  }
  return result;
}

/// The calendar's day, by Howard Hinnant's algorithm: std::chrono::year ends at 32767 and
/// DuckDB's dates do not.
void append_day(int64_t days_since_1970, std::string& out) {
  const int64_t days = days_since_1970 + 719468;  // since 0000-03-01
  const auto [era, day_of_era] = floor_divided(days, 146097);
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;  // 0 is March
  const int64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  const int64_t year = era * 400 + year_of_era + (month <= 2 ? 1 : 0);
  append_padded(static_cast<uint64_t>(year > 0 ? year : 1 - year), 4, out);
  out += '-';
  append_padded(static_cast<uint64_t>(month), 2, out);
  out += '-';
  append_padded(static_cast<uint64_t>(day), 2, out);
  if (year <= 0) out += " (BC)";
}

void append_clock(uint64_t seconds, uint64_t nanoseconds, std::string& out) {
  append_padded(seconds / 3600, 2, out);
  out += ':';
  append_padded(seconds / 60 % 60, 2, out);
  out += ':';
  append_padded(seconds % 60, 2, out);
  if (nanoseconds == 0) return;
  out += '.';
  if (nanoseconds % 1000 == 0)
    append_padded(nanoseconds / 1000, 6, out);
  else
    append_padded(nanoseconds, 9, out);
}

// From these exponents on MySQL writes numbers with one: 1e15, 1e-6 and beyond.
constexpr int kPlainExponentMax = 14;
constexpr int kPlainExponentMin = -5;

template <class T>
void append_real(T value, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::signbit(value)) out += '-';
  value = std::fabs(value);
  if (std::isinf(value)) {
    out += "Infinity";
    return;
  }
  // d.ddde+xx: the shortest digits, which are then set out as MySQL does.
  std::array<char, 40> buffer{};
  const char* begin = buffer.data();
  const char* end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                  std::chars_format::scientific)
                        .ptr;
  const char* mark = std::find(begin, end, 'e');
  int exponent = 0;
  std::from_chars(mark[1] == '+' ? mark + 2 : mark + 1, end, exponent);
  std::array<char, 40> digits{};
  size_t count = 0;
  for (const char* at = begin; at != mark; ++at) {
    if (*at != '.') digits[count++] = *at;
  }
  if (exponent > kPlainExponentMax || exponent < kPlainExponentMin) {
    out.append(begin, mark);
    out += 'e';
    append_integer(exponent, out);
  } else if (exponent < 0) {
    out += "0.";
    out.append(static_cast<size_t>(-exponent - 1), '0');
    out.append(digits.data(), count);
  } else {
    const auto whole = static_cast<size_t>(exponent) + 1;
    out.append(digits.data(), std::min(whole, count));
    if (count < whole) out.append(whole - count, '0');
    if (count > whole) {
      out += '.';
      out.append(digits.data() + whole, count - whole);
    }
  }
}

void append_part(int64_t value, std::string_view unit, size_t start, std::string& out) {
  if (value == 0) return;
  if (out.size() > start) out += ' ';
  append_integer(value, out);
  out += ' ';
  out += unit;
  if (value != 1 && value != -1) out += 's';
}

}  // namespace

void append_integer(int64_t value, std::string& out) {
  append_chars(value, out);
}

void append_unsigned(uint64_t value, std::string& out) {
  append_chars(value, out);
}

void append_wide_unsigned(UInt128 value, std::string& out) {
  constexpr uint64_t kChunk = 10'000'000'000'000'000'000U;  // 10^19, the most that 64 bits hold
  constexpr size_t kChunkDigits = 19;
  if (value < kChunk) return append_unsigned(static_cast<uint64_t>(value), out);
  append_wide_unsigned(value / kChunk, out);
  append_padded(static_cast<uint64_t>(value % kChunk), kChunkDigits, out);
}

void append_wide(Int128 value, std::string& out) {
  if (value < 0) out += '-';
  append_wide_unsigned(magnitude_of(value), out);
}

void append_decimal(Int128 value, uint8_t scale, std::string& out) {
  if (value < 0) out += '-';
  const size_t start = out.size();
  append_wide_unsigned(magnitude_of(value), out);
  if (scale == 0) return;
  const size_t digits = out.size() - start;
  if (digits <= scale) out.insert(start, scale + 1 - digits, '0');
  out.insert(out.size() - scale, 1, '.');
}

void append_double(double value, std::string& out) {
  append_real(value, out);
}

void append_float(float value, std::string& out) {
  append_real(value, out);
}

void append_date(int32_t days, std::string& out) {
  constexpr int32_t kInfinity = std::numeric_limits<int32_t>::max();
  if (days == kInfinity)
    out += "infinity";
  else if (days == -kInfinity)
    out += "-infinity";
  else
    append_day(days, out);
}

void append_time(int64_t nanoseconds, std::string& out) {
  const auto [seconds, rest] = floor_divided(nanoseconds, kNanosecondsPerSecond);
  append_clock(static_cast<uint64_t>(seconds), static_cast<uint64_t>(rest), out);
}

void append_timestamp(int64_t value, int64_t per_second, std::string& out) {
  constexpr int64_t kInfinity = std::numeric_limits<int64_t>::max();
  if (value == kInfinity) {
    out += "infinity";
    return;
  }
  if (value == -kInfinity) {
    out += "-infinity";
    return;
  }
  const auto [seconds, fraction] = floor_divided(value, per_second);
  const auto [day, second] = floor_divided(seconds, kSecondsPerDay);
  append_day(day, out);
  out += ' ';
  append_clock(static_cast<uint64_t>(second),
               static_cast<uint64_t>(fraction * (kNanosecondsPerSecond / per_second)), out);
}

void append_offset(int32_t seconds, std::string& out) {
  out += seconds < 0 ? '-' : '+';
  const uint64_t distance = magnitude_of(int64_t{seconds});
  append_padded(distance / 3600, 2, out);
  if (distance % 3600 == 0) return;
  out += ':';
  append_padded(distance / 60 % 60, 2, out);
  if (distance % 60 == 0) return;
  out += ':';
  append_padded(distance % 60, 2, out);
}

void append_interval(int32_t months, int32_t days, int64_t microseconds, std::string& out) {
  constexpr uint64_t kPerSecond = 1'000'000;
  const size_t start = out.size();
  append_part(months / 12, "year", start, out);
  append_part(months % 12, "month", start, out);
  append_part(days, "day", start, out);
  if (microseconds == 0 && out.size() > start) return;
  if (out.size() > start) out += ' ';
  if (microseconds < 0) out += '-';
  const uint64_t distance = magnitude_of(microseconds);
  append_clock(distance / kPerSecond, distance % kPerSecond * 1000, out);
}

void append_uuid(UInt128 value, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (int digit = 31; digit >= 0; --digit) {
    out += kDigits[static_cast<size_t>((value >> (digit * 4)) & 15)];
    if (digit == 24 || digit == 20 || digit == 16 || digit == 12) out += '-';
  }
}

void append_magnitude(std::string_view bytes, std::string& out) {
  // Nine decimal digits in each limb, the least significant first.
  constexpr uint64_t kLimb = 1'000'000'000;
  std::vector<uint32_t> limbs{0};
  for (const char byte : bytes) {
    uint64_t carry = static_cast<unsigned char>(byte);
    for (auto& limb : limbs) {
      carry += uint64_t{limb} << 8;
      limb = static_cast<uint32_t>(carry % kLimb);
      carry /= kLimb;
    }
    if (carry > 0) limbs.push_back(static_cast<uint32_t>(carry));
  }
  append_unsigned(limbs.back(), out);
  for (size_t i = limbs.size() - 1; i-- > 0;) append_padded(limbs[i], 9, out);
}

void append_json_bytes(std::string_view bytes, std::string& out) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  out += '"';
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const auto group = bytes.substr(at, 3);
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; ++i)
      bits = bits << 8 | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
    for (size_t i = 0; i < 4; ++i)
      out += i <= group.size() ? kDigits[(bits >> (18 - 6 * i)) & 63] : '=';
  }
  out += '"';
}

}  // namespace millrace::store
