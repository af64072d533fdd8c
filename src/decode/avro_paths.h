// Whether the paths of a column list lead somewhere in a given schema: what a typing error makes of
// a path would else be NULL in every row.
#pragma once

#include <vector>

#include "base/result.h"
#include "decode/avro_schema.h"
#include "decode/decoder.h"

namespace millrace::decode {

/// Errors: kInvalidArgument for a path that leads nowhere and has no default; it names what is
/// there in its place.
Status check_avro_paths(const AvroType& root, const std::vector<InputField>& fields);

}  // namespace millrace::decode
