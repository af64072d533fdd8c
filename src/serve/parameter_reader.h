// Reads what COM_STMT_EXECUTE says of a statement's parameters: their types, and their values in
// binary form. Pure functions. Texts are borrowed from the packet, or from what
// COM_STMT_SEND_LONG_DATA brought before it.
//
// Source: MySQL's client/server protocol, "COM_STMT_EXECUTE", "Binary Protocol Value".
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "serve/wire.h"
#include "store/bound_value.h"

namespace millrace::serve {

struct ParameterType {
  uint8_t type = 0;  // MYSQL_TYPE_*
  bool is_unsigned = false;
};

/// By the parameter's number, from 0.
using LongData = std::map<uint16_t, std::string>;

/// `reader` stands at the NULL bitmap of `count` parameters. `types` are those of the execution
/// before, which hold unless the packet brings new ones; empty before the first. Errors:
/// kInvalidArgument for a malformed packet, a missing type, a date that there is not;
/// kUnsupported for a type that no parameter has.
Result<std::vector<store::BoundValue>> read_parameters(WireReader& reader, size_t count,
                                                       std::vector<ParameterType>& types,
                                                       const LongData& long_data);

}  // namespace millrace::serve
