// What a rejected row's detail says: which field, what stands in it, why that will not do. Always
// valid UTF-8, whatever the row was.
#pragma once

#include <string>
#include <vector>

#include "decode/csv_splitter.h"

namespace millrace::decode {

std::string detail_of(const CsvFailure& failure, const std::vector<InputField>& fields,
                      const DecodeLimits& limits);

}  // namespace millrace::decode
