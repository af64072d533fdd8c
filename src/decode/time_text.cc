#include "decode/time_text.h"

#include <array>

namespace millrace::decode {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;

/// Reads a text from its front; a failed read leaves `failed` set.
struct Reader {
  std::string_view text;
  bool failed = false;

  bool next_is(char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!next_is(c)) failed = true;
  }
  /// Between `digits_min` and `digits_max` digits, of a value within [low, high].
  int32_t number(size_t digits_min, size_t digits_max, int32_t low, int32_t high) {
    int32_t value = 0;
    size_t count = 0;
    while (count < digits_max && !text.empty() && text.front() >= '0' && text.front() <= '9') {
      value = value * 10 + (text.front() - '0');
      text.remove_prefix(1);
      ++count;
    }
    if (count < digits_min || value < low || value > high) failed = true;
    return value;
  }
};

bool is_leap(int32_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int32_t days_in_month(int32_t year, int32_t month) {
  constexpr std::array<int32_t, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays[static_cast<size_t>(month - 1)];
}

/// Days since 1970-01-01. Counts whole years from March, so that the leap day is the last.
int32_t days_of(int32_t year, int32_t month, int32_t day) {
  const int32_t y = month <= 2 ? year - 1 : year;
  const int32_t month_from_march = (month + 9) % 12;
  const int32_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
  return 365 * y + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

int32_t read_date(Reader& reader) {
  const int32_t year = reader.number(4, 4, 1, 9999);
  reader.expect('-');
  const int32_t month = reader.number(1, 2, 1, 12);
  reader.expect('-');
  if (reader.failed) return 0;
  const int32_t day = reader.number(1, 2, 1, days_in_month(year, month));
  return reader.failed ? 0 : days_of(year, month, day);
}

/// The digits after the point, as microseconds.
int64_t read_fraction(Reader& reader) {
  int64_t micros = 0;
  int64_t unit = kMicrosPerSecond / 10;
  size_t count = 0;
  while (!reader.text.empty() && reader.text.front() >= '0' && reader.text.front() <= '9') {
    micros += (reader.text.front() - '0') * unit;
    unit /= 10;
    reader.text.remove_prefix(1);
    ++count;
  }
  if (count == 0 || count > 9) reader.failed = true;
  return micros;
}

/// Seconds to take off for `Z`, `+HH`, `+HHMM` or `+HH:MM`.
int64_t read_zone(Reader& reader) {
  if (reader.next_is('Z') || reader.next_is('z')) return 0;
  const bool west = reader.next_is('-');
  if (!west && !reader.next_is('+')) return 0;
  const int32_t hours = reader.number(2, 2, 0, 15);
  int32_t minutes = 0;
  if (reader.next_is(':') || !reader.text.empty()) minutes = reader.number(2, 2, 0, 59);
  const int64_t seconds = int64_t{hours} * 3600 + int64_t{minutes} * 60;
  return west ? -seconds : seconds;
}

/// Date and, if there is one, time of day; the whole text must be read.
bool read_moment(std::string_view text, int32_t& days, int64_t& micros) {
  Reader reader{without_blanks(text)};
  days = read_date(reader);
  micros = 0;
  if (!reader.failed && !reader.text.empty()) {
    if (!reader.next_is('T') && !reader.next_is('t')) reader.expect(' ');
    int64_t seconds = int64_t{reader.number(1, 2, 0, 23)} * 3600;
    reader.expect(':');
    seconds += int64_t{reader.number(2, 2, 0, 59)} * 60;
    if (reader.next_is(':')) {
      seconds += reader.number(2, 2, 0, 59);
      if (reader.next_is('.')) micros = read_fraction(reader);
    }
    if (reader.next_is(' ') && reader.text.empty()) reader.failed = true;
    seconds -= read_zone(reader);
    micros += seconds * kMicrosPerSecond;
  }
  return !reader.failed && reader.text.empty();
}

}  // namespace

Parsed parse_date(std::string_view text, int32_t& days) {
  int64_t micros = 0;
  return read_moment(text, days, micros) ? Parsed::kValue : Parsed::kMalformed;
}

Parsed parse_timestamp(std::string_view text, int64_t& micros) {
  int32_t days = 0;
  int64_t time = 0;
  if (!read_moment(text, days, time)) return Parsed::kMalformed;
  micros = int64_t{days} * 86'400 * kMicrosPerSecond + time;
  return Parsed::kValue;
}

}  // namespace millrace::decode
