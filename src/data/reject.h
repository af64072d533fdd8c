// A Reject is a row that could not be used: data, not an error. It lands in `millrace.rejects` in
// the same transaction as the rows around it, so that rows + rejects == messages always holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "data/message.h"

namespace millrace {

/// Why, in a word that can be grouped by; kept stable, since users query it.
enum class RejectReason : uint8_t {
  kTooFewFields,
  kTooManyFields,
  kBadNumber,
  kOutOfRange,  // a number that its column cannot hold
  kBadUtf8,
  kOversizedField,
  kBadQuoting,
  kNullNotAllowed,
  kBadLabel,  // outside the head's range
  kBadWeight,
  kBadFeature,   // e.g. an identity beyond its buckets, a NaN
  kExpression,   // SET or WHERE failed on this row
  kConstraint,   // the target refused it
  kBadDocument,  // JSON or Avro that does not parse
  kBadDate,      // a date or timestamp that is none
  kWrongType,    // a value of a kind that its column does not take, such as an object
};

/// "too-few-fields": as stored in millrace.rejects.reason.
std::string_view name_of(RejectReason reason);

/// And back.
std::optional<RejectReason> reject_reason(std::string_view name);

struct Reject {
  int32_t partition = 0;
  int64_t offset = 0;
  RejectReason reason = RejectReason::kBadNumber;
  std::string
      detail;  // a sentence fragment that names the field: `field 3 "age": "abc" is not a number`
  std::string bytes;  // the message, cut to kRejectBytesMax; of several lines, that line
  int64_t line = 0;   // its number, from 1, as Message::first_line counts; 0: not known
};

inline constexpr size_t kRejectBytesMax = 64 * 1024;

/// The reject of a row of `message`.
Reject reject_of(const Message& message, RejectReason reason, std::string detail);

}  // namespace millrace
