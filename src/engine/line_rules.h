// How lines end in text of CSV that is cut before it is decoded: where its decoder has them end.
#pragma once

#include "data/line_end.h"
#include "decode/decoder.h"

namespace millrace::engine {

/// Where a field begins is told by one byte between fields, if nothing stands before the first.
inline LineRules line_rules(const decode::CsvFormat& written) {
  // What cannot stand in the text, no decoder takes.
  const auto bytes = decode::in_bytes_of_text(written);
  const auto& csv = bytes ? *bytes : written;
  const bool tells = csv.fields_terminated_by.size() == 1 && csv.lines_starting_by.empty();
  return {csv.lines_terminated_by, csv.enclosed_by, csv.escaped_by,
          tells ? csv.fields_terminated_by : ""};
}

}  // namespace millrace::engine
