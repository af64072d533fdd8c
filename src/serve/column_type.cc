#include "serve/column_type.h"

#include <array>

#include "base/check.h"
#include "serve/wire.h"

namespace millrace::serve {
namespace {

using store::SqlType;

constexpr uint32_t kUnbounded = 0xffffffff;
constexpr uint32_t kBytesPerChar = 4;  // utf8mb4: lengths of text are counted in bytes
constexpr uint32_t kTextBytes = 65535 * kBytesPerChar;
constexpr uint8_t kNotFixed = 31;  // decimals of a number whose point floats
constexpr uint8_t kMicroseconds = 6;

struct Row {
  SqlType type;
  WireType wire;
  uint32_t length;
  uint16_t collation;
  uint16_t flags;
  uint8_t decimals;
};

constexpr uint16_t kSigned = kBinaryFlag | kNumberFlag;
constexpr uint16_t kUnsignedNumber = kBinaryFlag | kNumberFlag | kUnsignedFlag;
constexpr uint16_t kBinaryBytes = kBinaryFlag | kBlobFlag;

// Lengths are the display widths that MySQL gives: sign and digits of the widest value.
constexpr std::array<Row, 32> kRows{{
    {SqlType::kNull, WireType::kNull, 0, kBinary, kBinaryFlag, 0},
    {SqlType::kBoolean, WireType::kTiny, 1, kBinary, kSigned, 0},
    {SqlType::kTinyint, WireType::kTiny, 4, kBinary, kSigned, 0},
    {SqlType::kSmallint, WireType::kShort, 6, kBinary, kSigned, 0},
    {SqlType::kInteger, WireType::kLong, 11, kBinary, kSigned, 0},
    {SqlType::kBigint, WireType::kLongLong, 20, kBinary, kSigned, 0},
    {SqlType::kUTinyint, WireType::kTiny, 3, kBinary, kUnsignedNumber, 0},
    {SqlType::kUSmallint, WireType::kShort, 5, kBinary, kUnsignedNumber, 0},
    {SqlType::kUInteger, WireType::kLong, 10, kBinary, kUnsignedNumber, 0},
    {SqlType::kUBigint, WireType::kLongLong, 20, kBinary, kUnsignedNumber, 0},
    // 128 bits fit no integer of MySQL's: a decimal without a fraction.
    {SqlType::kHugeint, WireType::kNewDecimal, 40, kBinary, kSigned, 0},
    {SqlType::kUHugeint, WireType::kNewDecimal, 39, kBinary, kUnsignedNumber, 0},
    {SqlType::kFloat, WireType::kFloat, 12, kBinary, kSigned, kNotFixed},
    {SqlType::kDouble, WireType::kDouble, 22, kBinary, kSigned, kNotFixed},
    {SqlType::kDecimal, WireType::kNewDecimal, 0, kBinary, kSigned, 0},  // by width and scale
    {SqlType::kDate, WireType::kDate, 10, kBinary, kBinaryFlag, 0},
    {SqlType::kTime, WireType::kTime, 17, kBinary, kBinaryFlag, kMicroseconds},
    // A time with an offset has no type there: text.
    {SqlType::kTimeTz, WireType::kVarString, 32 * kBytesPerChar, kUtf8mb4, 0, 0},
    {SqlType::kTimestamp, WireType::kDateTime, 26, kBinary, kBinaryFlag, kMicroseconds},
    {SqlType::kTimestampTz, WireType::kVarString, 40 * kBytesPerChar, kUtf8mb4, 0, 0},
    {SqlType::kInterval, WireType::kVarString, 128 * kBytesPerChar, kUtf8mb4, 0, 0},
    {SqlType::kVarchar, WireType::kVarString, kTextBytes, kUtf8mb4, 0, 0},
    {SqlType::kBlob, WireType::kBlob, kUnbounded, kBinary, kBinaryBytes, 0},
    {SqlType::kBit, WireType::kVarString, kTextBytes, kUtf8mb4, 0, 0},
    {SqlType::kUuid, WireType::kString, 36 * kBytesPerChar, kUtf8mb4, 0, 0},
    {SqlType::kEnum, WireType::kString, 255 * kBytesPerChar, kUtf8mb4, 0, 0},
    // MySQL gives its JSON columns the binary collation, and clients know it.
    {SqlType::kList, WireType::kJson, kUnbounded, kBinary, kBinaryBytes, 0},
    {SqlType::kArray, WireType::kJson, kUnbounded, kBinary, kBinaryBytes, 0},
    {SqlType::kStruct, WireType::kJson, kUnbounded, kBinary, kBinaryBytes, 0},
    {SqlType::kMap, WireType::kJson, kUnbounded, kBinary, kBinaryBytes, 0},
    {SqlType::kUnion, WireType::kJson, kUnbounded, kBinary, kBinaryBytes, 0},
    {SqlType::kOther, WireType::kVarString, kTextBytes, kUtf8mb4, 0, 0},
}};

}  // namespace

ColumnDefinition describe(const store::ResultColumn& column) {
  const Row& row = kRows[static_cast<size_t>(column.type)];
  CHECK(row.type == column.type, "the table of types is in the order of the enum");
  ColumnDefinition out;
  out.name = column.name;
  out.collation = row.collation;
  out.length = row.length;
  out.type = static_cast<uint8_t>(row.wire);
  out.flags = row.flags;
  out.decimals = row.decimals;
  if (column.type == SqlType::kDecimal) {
    out.length = static_cast<uint32_t>(column.width) + 1 + (column.scale > 0 ? 1 : 0);
    out.decimals = column.scale;
  }
  return out;
}

}  // namespace millrace::serve
