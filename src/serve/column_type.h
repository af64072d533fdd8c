// How a column of a store's result is described to MySQL clients: its type, length, character set,
// flags and decimals. One table; a pure function. What the values look like is decided in
// store/session.h, and fits what is said here.
#pragma once

#include "serve/messages.h"
#include "store/session.h"

namespace millrace::serve {

// MYSQL_TYPE_*
enum class WireType : uint8_t {
  kDecimal = 0,
  kTiny = 1,
  kShort = 2,
  kLong = 3,
  kFloat = 4,
  kDouble = 5,
  kNull = 6,
  kTimestamp = 7,
  kLongLong = 8,
  kInt24 = 9,
  kDate = 10,
  kTime = 11,
  kDateTime = 12,
  kYear = 13,
  kVarchar = 15,
  kBit = 16,
  kJson = 245,
  kNewDecimal = 246,
  kEnum = 247,
  kSet = 248,
  kTinyBlob = 249,
  kMediumBlob = 250,
  kLongBlob = 251,
  kBlob = 252,
  kVarString = 253,
  kString = 254,
  kGeometry = 255,
};

// Column flags.
inline constexpr uint16_t kBlobFlag = 16;
inline constexpr uint16_t kUnsignedFlag = 32;
inline constexpr uint16_t kBinaryFlag = 128;
inline constexpr uint16_t kNumberFlag = 32768;

ColumnDefinition describe(const store::ResultColumn& column);

}  // namespace millrace::serve
