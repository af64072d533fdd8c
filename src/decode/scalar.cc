#include "decode/scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "data/utf8.h"
#include "decode/time_text.h"

namespace millrace::decode {
namespace {

constexpr int64_t kMicrosPerDay = 86'400'000'000;

using Form = Scalar::Form;

int64_t signed_of(const WholeNumber& number) {
  return static_cast<int64_t>(number.negative ? 0 - number.magnitude : number.magnitude);
}

std::string_view whole_text(const WholeNumber& number, TextArena& arena) {
  std::array<char, 24> buffer{};
  char* at = buffer.data();
  if (number.negative) *at++ = '-';
  const auto end = std::to_chars(at, buffer.data() + buffer.size(), number.magnitude);
  return arena.copied({buffer.data(), static_cast<size_t>(end.ptr - buffer.data())});
}

std::string_view real_text(const Scalar& value, TextArena& arena) {
  std::array<char, 40> buffer{};
  char* const end = buffer.data() + buffer.size();
  const auto result = value.single
                          ? std::to_chars(buffer.data(), end, static_cast<float>(value.real))
                          : std::to_chars(buffer.data(), end, value.real);
  return arena.copied({buffer.data(), static_cast<size_t>(result.ptr - buffer.data())});
}

Fit fit_of(Parsed parsed) {
  if (parsed == Parsed::kValue) return Fit::kFits;
  return parsed == Parsed::kOutOfRange ? Fit::kOutOfRange : Fit::kMalformed;
}

template <class T>
Fit store_real(double real, T& to) {
  if constexpr (std::is_floating_point_v<T>) {
    to = static_cast<T>(real);
    // Neither nan nor inf is a number here; a double may be too large for a float.
    if (std::isnan(real) || std::isinf(real)) return Fit::kMalformed;
    return std::isinf(to) ? Fit::kOutOfRange : Fit::kFits;
  } else {
    if (!(real == std::trunc(real)) || std::isinf(real)) return Fit::kMalformed;
    // Beyond 2^53 a double no longer says which whole number was meant.
    if (std::abs(real) > 9007199254740992.0) return Fit::kOutOfRange;
    const WholeNumber number{static_cast<uint64_t>(std::abs(real)), real < 0};
    return fit_of(narrow_whole(number, to));
  }
}

template <class T>
Fit store_number(const Scalar& value, void* to) {
  T& number = *static_cast<T*>(to);
  switch (value.form) {
    case Form::kNumber:
    case Form::kText: {
      const auto text = value.text;
      const char* const end = text.data() + text.size();
      bool taken = false;
      if constexpr (std::is_floating_point_v<T>) {
        taken = parse_short_decimal(text.data(), text.size(), end, number);
      } else {
        taken = parse_short_whole(text.data(), text.size(), end, number);
      }
      return taken ? Fit::kFits : fit_of(parse_number(text, number));
    }
    case Form::kReal:
      return store_real(value.real, number);
    case Form::kNull:
    case Form::kBytes:
      return Fit::kWrongType;
    default:
      if constexpr (std::is_floating_point_v<T>) {
        const auto magnitude = static_cast<T>(value.whole.magnitude);
        number = value.whole.negative ? -magnitude : magnitude;
        return Fit::kFits;
      } else {
        return fit_of(narrow_whole(value.whole, number));
      }
  }
}

Fit store_bool(const Scalar& value, void* to) {
  bool& truth = *static_cast<bool*>(to);
  switch (value.form) {
    case Form::kText:
    case Form::kNumber:
      return fit_of(parse_bool(value.text, truth));
    case Form::kBool:
    case Form::kWhole:
      truth = value.whole.magnitude == 1;
      return value.whole.magnitude > 1 || value.whole.negative ? Fit::kOutOfRange : Fit::kFits;
    default:
      return Fit::kWrongType;
  }
}

int64_t floor_days(int64_t micros) {
  const int64_t days = micros / kMicrosPerDay;
  return days * kMicrosPerDay > micros ? days - 1 : days;
}

Fit store_date(const Scalar& value, void* to) {
  auto& days = *static_cast<int32_t*>(to);
  if (value.form == Form::kText) return fit_of(parse_date(value.text, days));
  if (value.form == Form::kDate) return fit_of(narrow_whole(value.whole, days));
  if (value.form != Form::kTimestamp) return Fit::kWrongType;
  days = static_cast<int32_t>(floor_days(signed_of(value.whole)));
  return Fit::kFits;
}

Fit store_timestamp(const Scalar& value, void* to) {
  auto& micros = *static_cast<int64_t*>(to);
  if (value.form == Form::kText) return fit_of(parse_timestamp(value.text, micros));
  if (value.form == Form::kTimestamp) {
    micros = signed_of(value.whole);
    return Fit::kFits;
  }
  if (value.form != Form::kDate) return Fit::kWrongType;
  // An Avro date is 32 bits wide, which is a few thousand times what a timestamp reaches.
  if (value.whole.magnitude > 100'000'000) return Fit::kOutOfRange;
  micros = signed_of(value.whole) * kMicrosPerDay;
  return Fit::kFits;
}

Fit store_text(const Scalar& value, Kind kind, void* to, TextArena& arena) {
  auto& text = *static_cast<std::string_view*>(to);
  text = value.form == Form::kText || value.form == Form::kNumber || value.form == Form::kBytes
             ? value.text
             : shown_text(value, arena);
  const bool checked = value.form == Form::kBytes && kind == Kind::kVarchar;
  return !checked || is_utf8(text) ? Fit::kFits : Fit::kNotUtf8;
}

}  // namespace

std::string_view shown_text(const Scalar& value, TextArena& arena) {
  switch (value.form) {
    case Form::kNull:
      return "null";
    case Form::kBool:
      return value.whole.magnitude != 0 ? "true" : "false";
    case Form::kWhole:
      return whole_text(value.whole, arena);
    case Form::kReal:
      return real_text(value, arena);
    case Form::kDate: {
      TimeText buffer{};
      return arena.copied(date_text(signed_of(value.whole), buffer));
    }
    case Form::kTimestamp: {
      TimeText buffer{};
      return arena.copied(timestamp_text(signed_of(value.whole), buffer));
    }
    default:
      return value.text;
  }
}

Fit store_scalar(const Scalar& value, Kind kind, void* to, TextArena& arena) {
  switch (kind) {
    case Kind::kBool:
      return store_bool(value, to);
    case Kind::kInt8:
      return store_number<int8_t>(value, to);
    case Kind::kInt16:
      return store_number<int16_t>(value, to);
    case Kind::kInt32:
      return store_number<int32_t>(value, to);
    case Kind::kInt64:
      return store_number<int64_t>(value, to);
    case Kind::kUInt8:
      return store_number<uint8_t>(value, to);
    case Kind::kUInt16:
      return store_number<uint16_t>(value, to);
    case Kind::kUInt32:
      return store_number<uint32_t>(value, to);
    case Kind::kUInt64:
      return store_number<uint64_t>(value, to);
    case Kind::kFloat:
      return store_number<float>(value, to);
    case Kind::kDouble:
      return store_number<double>(value, to);
    case Kind::kDate:
      return store_date(value, to);
    case Kind::kTimestamp:
      return store_timestamp(value, to);
    case Kind::kVarchar:
    case Kind::kBlob:
      return store_text(value, kind, to, arena);
  }
  return Fit::kWrongType;
}

}  // namespace millrace::decode
