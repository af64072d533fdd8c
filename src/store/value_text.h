// Single values as text, the way MySQL clients read them: numbers plain, dates and times with ISO's
// marks. The store's duckdb_text.cc knows where values lie; how they look is here, pure functions
// that append to a text and allocate nothing else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::store {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 UInt128;

void append_integer(int64_t value, std::string& out);
void append_unsigned(uint64_t value, std::string& out);
void append_wide(Int128 value, std::string& out);
void append_wide_unsigned(UInt128 value, std::string& out);
/// `value` / 10^`scale`, with `scale` digits behind the point.
void append_decimal(Int128 value, uint8_t scale, std::string& out);

/// The shortest digits that read back as the same number, with an exponent where MySQL has one:
/// 0.1, 100000, 1e20. NaN, Infinity and -Infinity in these words.
void append_double(double value, std::string& out);
void append_float(float value, std::string& out);

/// Days since 1970: 2026-11-23; before the year 1 as 0044-03-15 (BC); the ends of the range are
/// infinity and -infinity.
void append_date(int32_t days, std::string& out);
/// 10:00:00, with six digits behind the point when there is a fraction of a second, nine when
/// microseconds cannot hold it.
void append_time(int64_t nanoseconds, std::string& out);
/// Units since 1970, of which a second has `per_second`: 2026-11-23 10:00:00, fractions as above.
void append_timestamp(int64_t value, int64_t per_second, std::string& out);
/// The distance to UTC: +02, -03:30.
void append_offset(int32_t seconds, std::string& out);
/// 1 year 2 months 3 days 04:05:06; parts that are zero are left out.
void append_interval(int32_t months, int32_t days, int64_t microseconds, std::string& out);

/// The 128 bits as 8-4-4-4-12 hexadecimal digits.
void append_uuid(UInt128 value, std::string& out);
/// A number of any length, its absolute value as big-endian bytes.
void append_magnitude(std::string_view bytes, std::string& out);

/// Bytes as a JSON string of base64.
void append_json_bytes(std::string_view bytes, std::string& out);

}  // namespace millrace::store
