// How data of one writer's schema become the fields of a row: the writer's schema, resolved against
// what the reader wants (Avro 1.11, "Schema Resolution") and against the paths of the fields. Made
// once for each schema a stream shows; immutable. What no path leads to is passed over.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "decode/avro_schema.h"
#include "decode/avro_value.h"
#include "decode/path_tree.h"

namespace millrace::decode {

struct AvroStep {
  enum class Op : uint8_t {
    kSkip,
    kScalar,  // fields get the value
    kJson,    // fields get the value as JSON text
    kRecord,  // steps: one for each field of the writer; then the defaults
    kUnion,   // steps: one for each branch of the writer
    kList,    // fields, which are lists, get the items; steps[0] reads one
    kMap,     // steps: one for each of `keys`; other values are skipped
    kFail,    // the value has no place in the reader's schema; `failure` says why
  };
  /// kScalar into one field that is no list, without another meaning than its number's: read in
  /// place, when the column holds numbers and the value is nothing unusual.
  enum class Quick : uint8_t { kNo, kInt, kLong, kFloat, kDouble };
  struct Default {
    std::string bytes;  // the reader's default, encoded
    std::unique_ptr<AvroStep> step;
  };

  Op op = Op::kSkip;
  Quick quick = Quick::kNo;
  bool element = false;              // what is put is an item of a list
  const AvroType* writer = nullptr;  // what the bytes are
  AvroType scalar;                   // kScalar: the writer's kind with the reader's meaning
  AvroMeaning meaning = AvroMeaning::kLogical;
  std::vector<size_t> fields;
  std::vector<std::string> keys;
  std::vector<std::unique_ptr<AvroStep>> steps;
  std::vector<Default> defaults;  // of the reader's fields that the writer lacks
  /// kScalar of an enum: what each of the writer's symbols is to the reader; empty: not known.
  std::vector<std::string> symbols;
  std::string failure;
  /// Further readings of the same bytes.
  std::vector<std::unique_ptr<AvroStep>> again;
};

struct AvroPlan {
  std::shared_ptr<const AvroSchema> writer;
  std::shared_ptr<const AvroSchema> reader;
  std::unique_ptr<AvroStep> step;
};

/// `paths` are those of `fields`, the wanted ones. Errors: kInvalidArgument when nothing of the
/// writer's could be read by the reader's schema.
Result<AvroPlan> make_avro_plan(std::shared_ptr<const AvroSchema> writer,
                                std::shared_ptr<const AvroSchema> reader, PathNode& paths,
                                const std::vector<InputField>& fields);

}  // namespace millrace::decode
