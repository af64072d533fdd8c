#include "serve/row_encoder.h"

#include <bit>
#include <chrono>

#include "serve/wire.h"

namespace millrace::serve {
namespace {

using store::SqlType;

constexpr size_t kRowBytesMax = size_t{1} << 30;  // the largest packet a MySQL client can take
constexpr int64_t kMicrosPerDay = 86400 * kMicrosPerSecond;
constexpr size_t kNullBitsOffset = 2;  // the first two bits of a row's NULL bitmap are not used

void append_text(const store::ResultChunk& chunk, size_t column, size_t row, std::string& out) {
  // Most values are short: their length fits the one byte kept free before them.
  const size_t at = out.size();
  out += '\0';
  chunk.append_text(column, row, out);
  const size_t size = out.size() - at - 1;
  if (size < kNullValue) {
    out[at] = static_cast<char>(size);
  } else {
    std::string length;
    append_lenenc(length, size);
    out.replace(at, 1, length);
  }
}

struct Clock {
  uint8_t hour, minute, second;
  uint32_t micros;
};

/// Of the microseconds since midnight.
Clock clock_of(int64_t micros) {
  const int64_t seconds = micros / kMicrosPerSecond;
  return {static_cast<uint8_t>(seconds / 3600), static_cast<uint8_t>(seconds / 60 % 60),
          static_cast<uint8_t>(seconds % 60), static_cast<uint32_t>(micros % kMicrosPerSecond)};
}

void append_clock(const Clock& clock, std::string& out) {
  append_u8(out, clock.hour);
  append_u8(out, clock.minute);
  append_u8(out, clock.second);
  if (clock.micros > 0) append_u32(out, clock.micros);
}

void append_datetime(int64_t micros, bool date_only, std::string& out) {
  int64_t days = micros / kMicrosPerDay;
  if (micros % kMicrosPerDay < 0) --days;
  const Clock clock = clock_of(micros - days * kMicrosPerDay);
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  const bool midnight = micros == days * kMicrosPerDay;
  append_u8(out, date_only || midnight ? 4 : clock.micros == 0 ? 7 : 11);
  append_u16(out, static_cast<uint16_t>(static_cast<int>(date.year())));
  append_u8(out, static_cast<uint8_t>(static_cast<unsigned>(date.month())));
  append_u8(out, static_cast<uint8_t>(static_cast<unsigned>(date.day())));
  if (!date_only && !midnight) append_clock(clock, out);
}

void append_time(int64_t micros, std::string& out) {
  if (micros == 0) return append_u8(out, 0);
  // A time of 24:00:00 is one day.
  const Clock clock = clock_of(micros % kMicrosPerDay);
  append_u8(out, clock.micros == 0 ? 8 : 12);
  append_u8(out, 0);  // not negative
  append_u32(out, static_cast<uint32_t>(micros / kMicrosPerDay));
  append_clock(clock, out);
}

}  // namespace

Status RowEncoder::append(const store::ResultChunk& chunk, size_t row, std::string& out) const {
  if (form_ == RowForm::kAsText)
    append_text_row(chunk, row, out);
  else
    TRY_OK(append_binary_row(chunk, row, out));
  if (out.size() > kRowBytesMax)
    return Error(Code::kResourceExhausted, "a row of the result has more than 1 GiB");
  return {};
}

void RowEncoder::append_text_row(const store::ResultChunk& chunk, size_t row,
                                 std::string& out) const {
  for (size_t column = 0; column < columns_.size(); ++column) {
    if (chunk.is_null(column, row))
      append_u8(out, kNullValue);
    else
      append_text(chunk, column, row, out);
  }
}

Status RowEncoder::append_binary_row(const store::ResultChunk& chunk, size_t row,
                                     std::string& out) const {
  append_u8(out, kOkHeader);
  const size_t nulls = out.size();
  out.append((columns_.size() + kNullBitsOffset + 7) / 8, '\0');
  for (size_t column = 0; column < columns_.size(); ++column) {
    if (!chunk.is_null(column, row)) {
      TRY_OK(append_value(chunk, column, row, out));
      continue;
    }
    const size_t bit = column + kNullBitsOffset;
    char& byte = out[nulls + bit / 8];
    byte = static_cast<char>(static_cast<uint8_t>(byte) | 1U << bit % 8);
  }
  return {};
}

/// The widths are those of describe(): a client reads by the type that it was told.
Status RowEncoder::append_value(const store::ResultChunk& chunk, size_t column, size_t row,
                                std::string& out) const {
  switch (columns_[column].type) {
    case SqlType::kBoolean:
    case SqlType::kTinyint:
    case SqlType::kUTinyint:
      append_u8(out, static_cast<uint8_t>(chunk.integer(column, row)));
      return {};
    case SqlType::kSmallint:
    case SqlType::kUSmallint:
      append_u16(out, static_cast<uint16_t>(chunk.integer(column, row)));
      return {};
    case SqlType::kInteger:
    case SqlType::kUInteger:
      append_u32(out, static_cast<uint32_t>(chunk.integer(column, row)));
      return {};
    case SqlType::kBigint:
    case SqlType::kUBigint:
      append_u64(out, static_cast<uint64_t>(chunk.integer(column, row)));
      return {};
    case SqlType::kFloat:
      append_u32(out, std::bit_cast<uint32_t>(static_cast<float>(chunk.real(column, row))));
      return {};
    case SqlType::kDouble:
      append_u64(out, std::bit_cast<uint64_t>(chunk.real(column, row)));
      return {};
    case SqlType::kDate:
    case SqlType::kTimestamp:
    case SqlType::kTime: {
      const auto micros = chunk.moment(column, row);
      if (!micros) {
        std::string text;
        chunk.append_text(column, row, text);
        return Error(Code::kInvalidArgument,
                     "column \"" + columns_[column].name + "\": " + text +
                         " has no binary form, which ends at the years 0 and 9999",
                     "CAST the column to VARCHAR.");
      }
      if (columns_[column].type == SqlType::kTime)
        append_time(*micros, out);
      else
        append_datetime(*micros, columns_[column].type == SqlType::kDate, out);
      return {};
    }
    default:
      append_text(chunk, column, row, out);
      return {};
  }
}

}  // namespace millrace::serve
