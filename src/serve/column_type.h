// How a column of a store's result is described to MySQL clients: its type, length, character set,
// flags and decimals. One table; a pure function. What the values look like is decided in
// store/session.h, and fits what is said here.
#pragma once

#include "serve/messages.h"
#include "store/session.h"

namespace millrace::serve {

// MYSQL_TYPE_*
enum class WireType : uint8_t {
  kTiny = 1,
  kShort = 2,
  kLong = 3,
  kFloat = 4,
  kDouble = 5,
  kNull = 6,
  kTimestamp = 7,
  kLongLong = 8,
  kDate = 10,
  kTime = 11,
  kDateTime = 12,
  kJson = 245,
  kNewDecimal = 246,
  kBlob = 252,
  kVarString = 253,
  kString = 254,
};

// Column flags.
inline constexpr uint16_t kBlobFlag = 16;
inline constexpr uint16_t kUnsignedFlag = 32;
inline constexpr uint16_t kBinaryFlag = 128;
inline constexpr uint16_t kNumberFlag = 32768;

ColumnDefinition describe(const store::ResultColumn& column);

}  // namespace millrace::serve
