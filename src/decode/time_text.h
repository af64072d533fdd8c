// Dates and timestamps from text, as MySQL and ISO 8601 write them: `2026-01-31`,
// `2026-01-31 23:59:59.123456`, `2026-01-31T23:59:59Z`, `...+02:00`. The proleptic Gregorian
// calendar, years 1 to 9999; without a zone a timestamp is UTC.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "decode/number.h"

namespace millrace::decode {

/// Days since 1970-01-01. A time after the date is checked and dropped.
Parsed parse_date(std::string_view text, int32_t& days);
/// Microseconds since 1970-01-01 UTC; digits beyond the sixth are dropped. A date alone is its
/// midnight.
Parsed parse_timestamp(std::string_view text, int64_t& micros);

inline constexpr size_t kTimeTextBytesMax = 40;
using TimeText = std::array<char, kTimeTextBytesMax>;

// And back, into `buffer`: 2026-01-31; 2026-01-31 23:59:59, with six digits behind the point when
// there is a fraction of a second. Any year; the text is a view of the buffer.
std::string_view date_text(int64_t days, TimeText& buffer);
std::string_view timestamp_text(int64_t micros, TimeText& buffer);
/// Microseconds since midnight: 23:59:59.123456.
std::string_view time_text(int64_t micros, TimeText& buffer);

}  // namespace millrace::decode
