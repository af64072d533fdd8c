#include "serve/parameter_reader.h"

#include <bit>
#include <chrono>

#include "serve/column_type.h"

namespace millrace::serve {
namespace {

constexpr int64_t kSecondsPerDay = 86400;

Error malformed_parameters() {
  return Error(Code::kInvalidArgument, "the parameters of the statement are malformed_parameters");
}

/// The bits of an integer of `size` bytes as a value, sign-extended when it has a sign.
store::BoundValue integer(uint64_t bits, size_t size, bool is_unsigned) {
  if (is_unsigned) return bits;
  const auto shift = static_cast<unsigned>(64 - 8 * size);
  return static_cast<int64_t>(bits << shift) >> shift;
}

/// Hour, minute, second and, when the length says so, microseconds.
Result<int64_t> read_clock(WireReader& reader, bool with_micros) {
  const int64_t hour = reader.u8();
  const int64_t minute = reader.u8();
  const int64_t second = reader.u8();
  const int64_t micros = with_micros ? reader.u32() : 0;
  if (!reader.ok() || hour > 23 || minute > 59 || second > 59 || micros >= kMicrosPerSecond)
    return Error(Code::kInvalidArgument, "a parameter's time is not a time of the day");
  return (hour * 3600 + minute * 60 + second) * kMicrosPerSecond + micros;
}

Result<store::BoundValue> read_datetime(WireReader& reader, bool date_only) {
  const uint8_t length = reader.u8();
  if (length != 0 && length != 4 && length != 7 && length != 11) return malformed_parameters();
  const int year = length > 0 ? reader.u16() : 0;
  const unsigned month = length > 0 ? reader.u8() : 0;
  const unsigned day = length > 0 ? reader.u8() : 0;
  int64_t micros = 0;
  if (length > 4) {
    TRY(micros, read_clock(reader, length == 11));
  }
  if (!reader.ok()) return malformed_parameters();
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month},
                                         std::chrono::day{day}};
  if (!date.ok())
    return Error(Code::kInvalidArgument,
                 "a parameter's date is not a date: " + std::to_string(year) + "-" +
                     std::to_string(month) + "-" + std::to_string(day),
                 "Send NULL for a date that there is not.");
  const int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  if (date_only) return store::BoundValue(store::DateValue{static_cast<int32_t>(days)});
  return store::BoundValue(
      store::TimestampValue{days * kSecondsPerDay * kMicrosPerSecond + micros});
}

Result<store::BoundValue> read_time(WireReader& reader) {
  const uint8_t length = reader.u8();
  if (length != 0 && length != 8 && length != 12) return malformed_parameters();
  if (length == 0) return store::BoundValue(store::TimeValue{0});
  const bool negative = reader.u8() != 0;
  const int64_t days = reader.u32();
  TRY(int64_t micros, read_clock(reader, length == 12));
  constexpr int64_t kDaysMax = 100'000'000;  // more than 64 bits of microseconds can say
  if (days > kDaysMax) return malformed_parameters();
  micros += days * kSecondsPerDay * kMicrosPerSecond;
  return store::BoundValue(store::TimeValue{negative ? -micros : micros});
}

bool is_bytes(WireType type) {
  return type == WireType::kTinyBlob || type == WireType::kMediumBlob ||
         type == WireType::kLongBlob || type == WireType::kBlob || type == WireType::kBit ||
         type == WireType::kGeometry;
}

store::BoundValue text_or_bytes(std::string_view text, WireType type) {
  if (is_bytes(type)) return store::BlobValue{text};
  return text;
}

Result<store::BoundValue> read_value(WireReader& reader, ParameterType type) {
  const auto wire = static_cast<WireType>(type.type);
  switch (wire) {
    case WireType::kTiny:
      return integer(reader.u8(), 1, type.is_unsigned);
    case WireType::kShort:
    case WireType::kYear:
      return integer(reader.u16(), 2, type.is_unsigned);
    case WireType::kLong:
    case WireType::kInt24:
      return integer(reader.u32(), 4, type.is_unsigned);
    case WireType::kLongLong:
      return integer(reader.u64(), 8, type.is_unsigned);
    case WireType::kFloat:
      return store::BoundValue(std::bit_cast<float>(reader.u32()));
    case WireType::kDouble:
      return store::BoundValue(std::bit_cast<double>(reader.u64()));
    case WireType::kNull:
      return store::BoundValue();
    case WireType::kDate:
      return read_datetime(reader, true);
    case WireType::kDateTime:
    case WireType::kTimestamp:
      return read_datetime(reader, false);
    case WireType::kTime:
      return read_time(reader);
    case WireType::kDecimal:
    case WireType::kNewDecimal:
      return store::BoundValue(store::DecimalValue{reader.lenenc_string()});
    case WireType::kVarchar:
    case WireType::kVarString:
    case WireType::kString:
    case WireType::kEnum:
    case WireType::kSet:
    case WireType::kJson:
    case WireType::kTinyBlob:
    case WireType::kMediumBlob:
    case WireType::kLongBlob:
    case WireType::kBlob:
    case WireType::kBit:
    case WireType::kGeometry:
      return text_or_bytes(reader.lenenc_string(), wire);
    default:
      return Error(Code::kUnsupported,
                   "a parameter of type " + std::to_string(type.type) + " is not supported");
  }
}

}  // namespace

Result<std::vector<store::BoundValue>> read_parameters(WireReader& reader, size_t count,
                                                       std::vector<ParameterType>& types,
                                                       const LongData& long_data) {
  std::vector<store::BoundValue> values;
  if (count == 0) return values;
  const auto nulls = reader.bytes((count + 7) / 8);
  if (reader.u8() == 1) {
    types.assign(count, {});
    for (auto& type : types) {
      type.type = reader.u8();
      type.is_unsigned = (reader.u8() & 0x80) != 0;
    }
  }
  if (!reader.ok() || types.size() != count) {
    types.clear();
    return malformed_parameters();
  }
  values.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const auto sent = long_data.find(static_cast<uint16_t>(i));
    if (sent != long_data.end()) {
      values.push_back(text_or_bytes(sent->second, static_cast<WireType>(types[i].type)));
    } else if ((static_cast<uint8_t>(nulls[i / 8]) >> i % 8 & 1) != 0) {
      values.emplace_back();
    } else {
      TRY(auto value, read_value(reader, types[i]));
      values.push_back(value);
    }
    if (!reader.ok()) return malformed_parameters();
  }
  return values;
}

}  // namespace millrace::serve
