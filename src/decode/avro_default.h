// A default of a schema, which is JSON, as the bytes of a datum: so that it is read like any other.
#pragma once

#include <string>

#include "base/result.h"
#include "decode/avro_schema.h"

namespace millrace::decode {

/// Errors: kInvalidArgument when `json` is no value of `type`.
Result<std::string> encode_avro_default(const AvroType& type, const std::string& json);

}  // namespace millrace::decode
