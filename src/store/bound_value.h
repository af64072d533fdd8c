// A value that a client binds to a parameter of a statement. Texts and bytes are borrowed: they
// must outlive the call that they are given to. The store turns a value into the parameter's own
// type where nothing is lost by it (an integral DOUBLE for a BIGINT, bytes for a VARCHAR).
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

namespace millrace::store {

struct BlobValue {
  std::string_view bytes;
};
struct DecimalValue {
  std::string_view text;  // [-]digits[.digits]
};
struct DateValue {
  int32_t days = 0;  // since 1970
};
/// A time of the day, or a distance when it is negative or of a day and more.
struct TimeValue {
  int64_t micros = 0;
};
struct TimestampValue {
  int64_t micros = 0;  // since 1970
};

/// std::monostate is NULL, the string_view a text.
using BoundValue = std::variant<std::monostate, int64_t, uint64_t, float, double, std::string_view,
                                BlobValue, DecimalValue, DateValue, TimeValue, TimestampValue>;

}  // namespace millrace::store
