#include "decode/csv_detail.h"

#include "data/utf8.h"
#include "decode/number.h"

namespace millrace::decode {

std::string detail_of(const CsvFailure& failure, const std::vector<InputField>& fields,
                      const DecodeLimits& limits) {
  const std::string expected = "expected " + std::to_string(fields.size()) + " fields, found ";
  if (failure.reason == RejectReason::kTooFewFields)
    return failure.count == 0 ? "the message is empty" : expected + std::to_string(failure.count);
  if (failure.reason == RejectReason::kTooManyFields) return expected + "more";
  // An unclosed quote may stand in a field beyond the list.
  const auto index = static_cast<size_t>(failure.field);
  std::string field = "field " + std::to_string(index + 1);
  if (index < fields.size()) field += " \"" + shown(fields[index].name) + "\"";
  const auto is_no = [&](std::string_view what) {
    return field + ": \"" + shown(failure.text) + "\" is " + std::string(what);
  };
  switch (failure.reason) {
    case RejectReason::kOversizedField:
      return field + " has " + std::to_string(failure.count) + " bytes, more than " +
             std::to_string(limits.field_bytes_max);
    case RejectReason::kBadQuoting:
      return field + ": the quote is not closed: " + shown(failure.text);
    case RejectReason::kNullNotAllowed:
      return field + " is NULL, which its column does not allow";
    case RejectReason::kOutOfRange:
      return is_no("out of range for " + name_of(fields[index].type));
    case RejectReason::kBadUtf8:
      return is_no("not valid UTF-8");
    case RejectReason::kBadDate:
      return is_no(fields[index].type.kind == Kind::kDate ? "not a date" : "not a timestamp");
    default:
      break;
  }
  const Kind kind = fields[index].type.kind;
  if (kind == Kind::kBool) return is_no("not a boolean");
  double number = 0;
  const bool fraction = is_integer(kind) && parse_decimal(failure.text, number) == Parsed::kValue;
  return is_no(fraction ? "not a whole number" : "not a number");
}

}  // namespace millrace::decode
