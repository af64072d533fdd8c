// The clauses of CREATE PIPELINE that say how CSV is cut: FIELDS, LINES, NULL DEFINED BY.
#include "sql/parse.h"

namespace millrace::sql {
namespace {

Result<std::string> byte(TokenReader& reader, std::string_view what) {
  const int64_t position = reader.position();
  TRY(std::string text, reader.string(what));
  if (text.size() > 1) {
    return reader.error_at(position, Code::kInvalidArgument,
                           std::string(what) + " must be one byte or empty");
  }
  return text;
}

}  // namespace

Status parse_csv_fields(TokenReader& reader, decode::CsvFormat& csv) {
  reader.skip();
  while (true) {
    if (reader.accept("TERMINATED")) {
      TRY_OK(reader.expect("BY"));
      TRY(csv.fields_terminated_by, reader.string("a terminator"));
    } else if (reader.accept("OPTIONALLY")) {
      TRY_OK(reader.expect({"ENCLOSED", "BY"}));
      csv.optionally_enclosed = true;
      TRY(csv.enclosed_by, byte(reader, "ENCLOSED BY"));
    } else if (reader.accept("ENCLOSED")) {
      TRY_OK(reader.expect("BY"));
      TRY(csv.enclosed_by, byte(reader, "ENCLOSED BY"));
    } else if (reader.accept("ESCAPED")) {
      TRY_OK(reader.expect("BY"));
      TRY(csv.escaped_by, byte(reader, "ESCAPED BY"));
    } else {
      // Without a quote there is nothing optional about it.
      if (csv.enclosed_by.empty()) csv.optionally_enclosed = false;
      return {};
    }
  }
}

Status parse_csv_lines(TokenReader& reader, decode::CsvFormat& csv) {
  reader.skip();
  while (true) {
    if (reader.accept("STARTING")) {
      TRY_OK(reader.expect("BY"));
      TRY(csv.lines_starting_by, reader.string("a prefix"));
    } else if (reader.accept("TERMINATED")) {
      TRY_OK(reader.expect("BY"));
      TRY(csv.lines_terminated_by, reader.string("a terminator"));
    } else {
      return {};
    }
  }
}

Status parse_csv_null(TokenReader& reader, decode::CsvFormat& csv) {
  TRY_OK(reader.expect({"NULL", "DEFINED", "BY"}));
  TRY(csv.null_defined_by, reader.string("a string"));
  csv.empty_is_null = csv.null_defined_by.empty();
  csv.null_optionally_enclosed = reader.accept({"OPTIONALLY", "ENCLOSED"});
  return {};
}

}  // namespace millrace::sql
