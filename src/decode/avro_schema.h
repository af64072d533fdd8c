// An Avro schema (specification 1.11) as a graph of types: what a writer wrote by, or what a reader
// wants. Immutable once parsed; types live as long as their schema. Names are resolved, so that a
// type which holds itself points back to itself.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millrace::decode {

struct AvroType;

struct AvroField {
  std::string name;
  std::vector<std::string> aliases;
  const AvroType* type = nullptr;
  std::optional<std::string> default_json;
};

enum class AvroKind : uint8_t {
  kNull,
  kBoolean,
  kInt,
  kLong,
  kFloat,
  kDouble,
  kBytes,
  kString,
  kRecord,
  kEnum,
  kArray,
  kMap,
  kUnion,
  kFixed,
};

/// What a type means beyond its bytes. One that Avro does not know, or that stands on a type it
/// does not fit, is ignored, as the specification has it.
enum class AvroLogical : uint8_t {
  kNone,
  kDate,
  kTimeMillis,
  kTimeMicros,
  kTimestampMillis,
  kTimestampMicros,
  kTimestampNanos,
  kDecimal,
  kUuid,
  kDuration,
};

struct AvroType {
  AvroKind kind = AvroKind::kNull;
  AvroLogical logical = AvroLogical::kNone;
  int32_t scale = 0;                      // kDecimal
  std::string name;                       // of records, enums and fixed: with its namespace
  std::vector<std::string> aliases;       // likewise
  std::vector<AvroField> fields;          // kRecord
  std::vector<std::string> symbols;       // kEnum
  std::optional<std::string> symbol;      // kEnum: for a writer's symbol that the reader lacks
  const AvroType* items = nullptr;        // of kArray, values of kMap
  std::vector<const AvroType*> branches;  // kUnion
  size_t size = 0;                        // kFixed
};

/// "long", "array", or the type's own name: what a union's branch is called.
std::string_view branch_name(const AvroType& type);
/// The name without its namespace.
std::string_view simple_name(std::string_view name);

class AvroSchema {
 public:
  /// `references` are schemas whose names `json` uses, each after those it uses itself. Errors:
  /// kInvalidArgument, which says what is wrong.
  static Result<std::shared_ptr<const AvroSchema>> parse(
      const std::string& json, const std::vector<std::string>& references = {});

  const AvroType& root() const { return *root_; }

 private:
  friend class AvroSchemaParser;
  std::vector<std::unique_ptr<AvroType>> types_;
  const AvroType* root_ = nullptr;
};

}  // namespace millrace::decode
