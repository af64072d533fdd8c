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

/// Writes decimal digits and marks to a buffer that is long enough.
class Writer {
 public:
  explicit Writer(TimeText& buffer) : buffer_(buffer) {}

  void mark(char c) { buffer_[size_++] = c; }
  void number(uint64_t value, size_t digits_min) {
    std::array<char, 20> reversed{};
    size_t count = 0;
    for (; value > 0 || count < digits_min; value /= 10)
      reversed[count++] = static_cast<char>('0' + value % 10);
    while (count > 0) mark(reversed[--count]);
  }
  void date(int64_t days);
  void time(int64_t micros) {
    const auto seconds = static_cast<uint64_t>(micros / kMicrosPerSecond);
    number(seconds / 3600, 2);
    mark(':');
    number(seconds / 60 % 60, 2);
    mark(':');
    number(seconds % 60, 2);
    const auto fraction = static_cast<uint64_t>(micros % kMicrosPerSecond);
    if (fraction == 0) return;
    mark('.');
    number(fraction, 6);
  }
  std::string_view text() const { return {buffer_.data(), size_}; }

 private:
  TimeText& buffer_;
  size_t size_ = 0;
};

/// The inverse of days_of: eras of 400 years, which have 146,097 days each, from a March.
void Writer::date(int64_t days) {
  const int64_t shifted = days + 719468;
  const int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  const int64_t day_of_era = shifted - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  if (year < 0) mark('-');
  number(static_cast<uint64_t>(year < 0 ? -year : year), 4);
  mark('-');
  number(static_cast<uint64_t>(month), 2);
  mark('-');
  number(static_cast<uint64_t>(day_of_year - (153 * month_from_march + 2) / 5 + 1), 2);
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

std::string_view date_text(int64_t days, TimeText& buffer) {
  Writer writer(buffer);
  writer.date(days);
  return writer.text();
}

std::string_view timestamp_text(int64_t micros, TimeText& buffer) {
  constexpr int64_t kMicrosPerDay = 86400 * kMicrosPerSecond;
  const int64_t rest = micros % kMicrosPerDay;
  const int64_t time = rest < 0 ? rest + kMicrosPerDay : rest;
  Writer writer(buffer);
  writer.date((micros - time) / kMicrosPerDay);
  writer.mark(' ');
  writer.time(time);
  return writer.text();
}

std::string_view time_text(int64_t micros, TimeText& buffer) {
  Writer writer(buffer);
  writer.time(micros < 0 ? 0 : micros);
  return writer.text();
}

}  // namespace millrace::decode
