#include "data/reject.h"

namespace millrace {

std::string_view name_of(RejectReason reason) {
  switch (reason) {
    case RejectReason::kTooFewFields:
      return "too-few-fields";
    case RejectReason::kTooManyFields:
      return "too-many-fields";
    case RejectReason::kBadNumber:
      return "bad-number";
    case RejectReason::kOutOfRange:
      return "out-of-range";
    case RejectReason::kBadUtf8:
      return "bad-utf8";
    case RejectReason::kOversizedField:
      return "oversized-field";
    case RejectReason::kBadQuoting:
      return "bad-quoting";
    case RejectReason::kNullNotAllowed:
      return "null-not-allowed";
    case RejectReason::kBadLabel:
      return "bad-label";
    case RejectReason::kBadWeight:
      return "bad-weight";
    case RejectReason::kBadFeature:
      return "bad-feature";
    case RejectReason::kExpression:
      return "expression";
    case RejectReason::kConstraint:
      return "constraint";
    case RejectReason::kBadDocument:
      return "bad-document";
    case RejectReason::kBadDate:
      return "bad-date";
    case RejectReason::kWrongType:
      return "wrong-type";
  }
  return "unknown";
}

Reject reject_of(const Message& message, RejectReason reason, std::string detail) {
  return Reject{message.partition, message.offset, reason, std::move(detail),
                std::string(message.payload.substr(0, kRejectBytesMax))};
}

}  // namespace millrace
