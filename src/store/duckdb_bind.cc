#include "store/duckdb_bind.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "store/duckdb_error.h"
#include "store/duckdb_text_type.h"
#include "store/value_text.h"

namespace millrace::store {
namespace {

constexpr int64_t kMicrosPerDay = 86'400'000'000;
constexpr size_t kDecimalDigitsMax = 38;

template <class T>
bool fits(int64_t value) {
  return value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max();
}

/// Binds one value to one parameter, of the type that DuckDB expects there.
class Binder {
 public:
  Binder(const Prepared& statement, idx_t index, SqlType wanted)
      : statement_(statement.get()), index_(index), wanted_(wanted) {}

  duckdb_state operator()(std::monostate) { return duckdb_bind_null(statement_, index_); }
  duckdb_state operator()(int64_t value);
  duckdb_state operator()(uint64_t value);
  duckdb_state operator()(float value) { return duckdb_bind_float(statement_, index_, value); }
  duckdb_state operator()(double value);
  duckdb_state operator()(std::string_view value);
  duckdb_state operator()(BlobValue value);
  duckdb_state operator()(DecimalValue value);
  duckdb_state operator()(DateValue value) {
    return duckdb_bind_date(statement_, index_, {value.days});
  }
  duckdb_state operator()(TimeValue value);
  duckdb_state operator()(TimestampValue value) {
    return duckdb_bind_timestamp(statement_, index_, {value.micros});
  }

 private:
  duckdb_state text(std::string_view value) {
    return duckdb_bind_varchar_length(statement_, index_, value.data(), value.size());
  }
  duckdb_state blob(std::string_view value) {
    return duckdb_bind_blob(statement_, index_, value.data(), value.size());
  }

  duckdb_prepared_statement statement_;
  idx_t index_;
  SqlType wanted_;
};

duckdb_state Binder::operator()(int64_t value) {
  switch (wanted_) {
    case SqlType::kTinyint:
      if (fits<int8_t>(value))
        return duckdb_bind_int8(statement_, index_, static_cast<int8_t>(value));
      break;
    case SqlType::kSmallint:
      if (fits<int16_t>(value))
        return duckdb_bind_int16(statement_, index_, static_cast<int16_t>(value));
      break;
    case SqlType::kInteger:
      if (fits<int32_t>(value))
        return duckdb_bind_int32(statement_, index_, static_cast<int32_t>(value));
      break;
    case SqlType::kBoolean:
      if (value == 0 || value == 1) return duckdb_bind_boolean(statement_, index_, value != 0);
      break;
    case SqlType::kVarchar: {
      // MySQL compares a text with a number as numbers; here the number is the one to change, and
      // a text that is none does no harm.
      std::string digits;
      append_integer(value, digits);
      return text(digits);
    }
    default:
      break;
  }
  return duckdb_bind_int64(statement_, index_, value);
}

duckdb_state Binder::operator()(uint64_t value) {
  if (value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
    return (*this)(static_cast<int64_t>(value));
  return duckdb_bind_uint64(statement_, index_, value);
}

duckdb_state Binder::operator()(double value) {
  // Clients without integers (JavaScript) send every number so.
  constexpr double kExactMax = 9007199254740992.0;  // 2^53
  const bool whole_wanted = wanted_ >= SqlType::kTinyint && wanted_ <= SqlType::kUHugeint;
  if (whole_wanted && std::fabs(value) <= kExactMax && std::trunc(value) == value)
    return (*this)(static_cast<int64_t>(value));
  if (wanted_ == SqlType::kVarchar) {
    std::string digits;
    append_double(value, digits);
    return text(digits);
  }
  return duckdb_bind_double(statement_, index_, value);
}

duckdb_state Binder::operator()(std::string_view value) {
  // A text for a BLOB is its bytes, not a text whose escapes are to be read.
  if (wanted_ == SqlType::kBlob) return blob(value);
  // Many clients send bytes and texts alike: what is no UTF-8 was not meant as a text.
  if (wanted_ == SqlType::kNull && text(value) == DuckDBError) return blob(value);
  return text(value);
}

duckdb_state Binder::operator()(BlobValue value) {
  const bool bytes = wanted_ == SqlType::kBlob || wanted_ == SqlType::kNull;
  // Bytes for a VARCHAR are a text, if they can be: DuckDB refuses them otherwise.
  return bytes ? blob(value.bytes) : text(value.bytes);
}

duckdb_state Binder::operator()(DecimalValue value) {
  std::string digits(value.text);
  const auto point = digits.find('.');
  const size_t scale = point == std::string::npos ? 0 : digits.size() - point - 1;
  if (point != std::string::npos) digits.erase(point, 1);
  const bool negative = !digits.empty() && digits.front() == '-';
  if (!digits.empty() && (negative || digits.front() == '+')) digits.erase(0, 1);
  const bool exact = !digits.empty() && digits.size() <= kDecimalDigitsMax &&
                     digits.find_first_not_of("0123456789") == std::string::npos;
  if (!exact) return text(value.text);  // a longer one, or one with an exponent: DuckDB reads it
  UInt128 magnitude = 0;
  for (const char digit : digits) magnitude = magnitude * 10 + static_cast<unsigned>(digit - '0');
  const UInt128 bits = negative ? UInt128{0} - magnitude : magnitude;
  duckdb_decimal decimal{};
  decimal.width = static_cast<uint8_t>(std::max(digits.size(), scale + 1));
  decimal.scale = static_cast<uint8_t>(scale);
  decimal.value.lower = static_cast<uint64_t>(bits);
  decimal.value.upper = static_cast<int64_t>(static_cast<uint64_t>(bits >> 64));
  if (decimal.width > kDecimalDigitsMax) return text(value.text);
  return duckdb_bind_decimal(statement_, index_, decimal);
}

duckdb_state Binder::operator()(TimeValue value) {
  if (value.micros >= 0 && value.micros < kMicrosPerDay)
    return duckdb_bind_time(statement_, index_, {value.micros});
  return duckdb_bind_interval(statement_, index_, {0, 0, value.micros});
}

}  // namespace

Status bind_values(const Prepared& statement, std::span<const SqlType> types,
                   std::span<const BoundValue> values) {
  if (values.size() != types.size())
    return Error(Code::kInvalidArgument, "the statement has " + std::to_string(types.size()) +
                                             " parameters and got " +
                                             std::to_string(values.size()) + " values");
  for (size_t i = 0; i < values.size(); ++i) {
    Binder binder(statement, i + 1, types[i]);
    if (std::visit(binder, values[i]) == DuckDBSuccess) continue;
    return Error(Code::kTypeMismatch,
                 "the value of parameter " + std::to_string(i + 1) + " is not UTF-8",
                 "Send bytes as a BLOB.");
  }
  return {};
}

}  // namespace millrace::store
