// The types a value can have while it travels from a message to a table. They are DuckDB's physical
// types under SQL's names, so that a Column's memory can be handed to the store as it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace millrace {

enum class Kind : uint8_t {
  kBool,  // one byte, 0 or 1
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kFloat,
  kDouble,
  kDate,       // int32 days since 1970-01-01
  kTimestamp,  // int64 microseconds since 1970-01-01 UTC
  kVarchar,    // UTF-8; std::string_view into memory the Batch keeps alive
  kBlob,       // bytes; std::string_view likewise
};

/// A Kind, or a list of it (one level: what a multivalent feature needs).
struct DataType {
  Kind kind = Kind::kVarchar;
  bool list = false;

  bool operator==(const DataType&) const = default;
};

/// Bytes one value takes in a Column; sizeof(std::string_view) for text and blobs.
size_t width_of(Kind kind);
bool is_text(Kind kind);     // kVarchar or kBlob
bool is_integer(Kind kind);  // signed or unsigned, not kBool
bool is_number(Kind kind);   // integer, kFloat, kDouble, kBool

/// SQL's name: "BIGINT", "VARCHAR", "DOUBLE[]".
std::string name_of(DataType type);

}  // namespace millrace
