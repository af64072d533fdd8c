// The values of Avro's logical types as Scalars. Text is made in the arena.
#pragma once

#include <string_view>

#include "decode/avro_input.h"
#include "decode/avro_schema.h"
#include "decode/scalar.h"
#include "decode/text_arena.h"

namespace millrace::decode {

/// Whether a value is taken with its meaning (a date) or as it is encoded (a number of days).
enum class AvroMeaning : uint8_t { kLogical, kEncoded };

/// Reads a value of a type that is no record, array, map or union. Text that is not UTF-8 comes as
/// kBytes. Symbols of enums point into the schema.
Scalar read_avro_scalar(const AvroType& type, AvroMeaning meaning, AvroInput& input,
                        TextArena& arena);

/// A big-endian two's-complement number of any size, with `scale` digits behind the point.
std::string_view decimal_text(std::string_view bytes, int32_t scale, TextArena& arena);

}  // namespace millrace::decode
