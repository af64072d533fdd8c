// A ResultChunk that keeps text gives numbers by reading it.
#include <charconv>

#include "store/session.h"

namespace millrace::store {
namespace {

/// "2026-11-23", "2026-11-23 10:00:00.5" and "10:00:00.5" as fields, zero where there is none.
struct Fields {
  int64_t year = 0, month = 0, day = 0, seconds = 0, micros = 0;
};

/// Takes digits and the mark behind them, if it is there.
int64_t take(std::string_view& text, char mark) {
  int64_t value = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  text.remove_prefix(wrong == std::errc() ? static_cast<size_t>(end - text.data()) : text.size());
  if (!text.empty() && text.front() == mark) text.remove_prefix(1);
  return value;
}

void read_clock(std::string_view text, Fields& fields) {
  fields.seconds = take(text, ':') * 3600;
  fields.seconds += take(text, ':') * 60;
  fields.seconds += take(text, '.');
  std::string digits(text.substr(0, 6));
  digits.resize(6, '0');
  (void)std::from_chars(digits.data(), digits.data() + digits.size(), fields.micros);
}

/// Days since 1970 of a day of the Gregorian calendar, by Howard Hinnant's algorithm.
int64_t days_of(const Fields& fields) {
  const int64_t year = fields.month <= 2 ? fields.year - 1 : fields.year;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t shifted = fields.month > 2 ? fields.month - 3 : fields.month + 9;
  const int64_t day_of_year = (153 * shifted + 2) / 5 + fields.day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719468;
}

}  // namespace

int64_t ResultChunk::integer(size_t column, size_t row) const {
  std::string text;
  append_text(column, row, text);
  int64_t value = 0;
  const char* end = text.data() + text.size();
  if (std::from_chars(text.data(), end, value).ec == std::errc()) return value;
  uint64_t wide = 0;
  (void)std::from_chars(text.data(), end, wide);
  return static_cast<int64_t>(wide);
}

double ResultChunk::real(size_t column, size_t row) const {
  std::string text;
  append_text(column, row, text);
  double value = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::optional<int64_t> ResultChunk::moment(size_t column, size_t row) const {
  constexpr int64_t kMicros = 1'000'000;
  std::string text;
  append_text(column, row, text);
  std::string_view rest = text;
  Fields fields;
  if (rest.size() > 4 && rest[4] == '-') {
    fields.year = take(rest, '-');
    fields.month = take(rest, '-');
    fields.day = take(rest, ' ');
    if (!rest.empty()) read_clock(rest, fields);
    return (days_of(fields) * 86400 + fields.seconds) * kMicros + fields.micros;
  }
  if (rest.size() < 3 || rest[2] != ':') return std::nullopt;
  read_clock(rest, fields);
  return fields.seconds * kMicros + fields.micros;
}

}  // namespace millrace::store
