// A Decoder turns the bytes of a MessageBatch into the columns of a Batch. Bad rows become Rejects
// and never disturb the others. It is told which fields anyone will read and skips the rest. One
// worker thread owns it; it reuses its memory from batch to batch and allocates nothing per row.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "data/message.h"
#include "data/reject.h"

namespace millrace::decode {

/// FIELDS / LINES as in MySQL's LOAD DATA. Empty `enclosed_by` = no quoting.
/// - Within quotes a doubled quote stands for one, and a quote ends the field only before a
///   terminator. A quote that is never closed costs its line (reject "bad-quoting").
/// - A line that ends in \n may end in \r\n. The last line of a message needs no terminator; an
///   empty `lines_terminated_by` makes a message one line.
/// - NULL is \N; a field equal to `null_defined_by`; with `enclosed_by`, the unquoted word NULL;
///   and the empty unquoted field of a number, boolean, date or timestamp. Empty text is '', as in
///   MySQL.
/// - Numbers, booleans and dates may have blanks around them. A whole number may be written 12.0 or
///   1e3; nan and inf are no numbers; a boolean is 0, 1, true or false.
struct CsvFormat {
  std::string fields_terminated_by = "\t";
  std::string enclosed_by;  // one byte or empty
  bool optionally_enclosed = false;
  std::string escaped_by = "\\";  // one byte or empty
  std::string lines_starting_by;
  std::string lines_terminated_by = "\n";
  std::string null_defined_by;  // besides \N and the empty unquoted field of a number or date
  bool null_optionally_enclosed = false;
  bool empty_is_null = false;  // NULL DEFINED BY '': an empty text field is NULL too
  int64_t ignore_lines = 0;    // of each message
  bool latin1 = false;  // text is MySQL's latin1 (data/latin1.h), the rest of this UTF-8 still

  bool operator==(const CsvFormat&) const = default;
};

/// The format with its terminators and the like as they stand in the text. Errors: kInvalidArgument
/// for a character that its character set has not.
Result<CsvFormat> in_bytes_of_text(CsvFormat format);

/// DEFAULT behind a path: what a field gets when the path leads to nothing.
struct Literal {
  enum class Form : uint8_t { kNull, kBool, kNumber, kText } form = Form::kNull;
  std::string text;  // "true", the number as written, the string's content

  bool operator==(const Literal&) const = default;
};

/// One field of the input, in input order.
struct InputField {
  std::string name;      // column or variable name, without @
  DataType type;         // what it is decoded to
  bool wanted = true;    // false: parsed over, not stored
  bool nullable = true;  // false: NULL is a reject
  // JSON and Avro: the keys from the outermost object inwards; empty: the document as a whole.
  std::vector<std::string> path = {};
  std::optional<Literal> default_value = {};
  bool json = false;  // its text is JSON: a document's text stands in it with its quotes
};

/// The columns of the wanted fields, in order.
std::shared_ptr<const Schema> wanted_schema(const std::vector<InputField>& fields);

struct DecodeLimits {
  int64_t field_bytes_max = 1 << 20;  // longer: reject "oversized-field"
  bool extra_fields_rejected = true;  // more fields than the list has: reject (else ignored)
};

class Decoder {
 public:
  virtual ~Decoder() = default;

  /// The columns decode() fills: the wanted fields, in order.
  virtual const std::shared_ptr<const Schema>& schema() const = 0;

  /// Replaces `rows` (made with schema()) by the rows of `messages`, in order, and appends the
  /// rejects. The batch keeps the messages alive. A message may hold several lines; an empty
  /// payload (tombstone) is a reject "too-few-fields"; a message of which one line is bad rejects
  /// that line.
  /// Errors: kUnavailable when something outside the message is needed to read it (a schema) and
  /// cannot be had now; then nothing of `rows` and `rejects` may be used.
  virtual Status decode(const MessageBatch& messages, Batch& rows,
                        std::vector<Reject>& rejects) = 0;

  /// Of each row that decode() gave last its line, in its message's payload, where that has more
  /// than this line; else no text. Empty when none has.
  virtual std::span<const std::string_view> lines() const { return {}; }
};

/// Errors: kInvalidArgument for a format that cannot work (two-byte quote, terminator equal to the
/// quote).
Result<std::unique_ptr<Decoder>> make_csv_decoder(const CsvFormat& format,
                                                  std::vector<InputField> fields,
                                                  const DecodeLimits& limits);

/// A message is one JSON document (RFC 8259), or several with a line for each. The whole document
/// must be well formed, whatever is read of it.
/// - A path that leads to nothing gives the field's default, else NULL; a JSON null is NULL. Of
///   equal keys the last one counts.
/// - Numbers go exactly into whole columns, rounded once into floating ones, and as written into
///   text; true and false are 1 and 0; text is read as CSV text is. An object or array goes into
///   text as it stands, an array into a list column element by element (null is no element).
/// Errors: kInvalidArgument for a default that its field cannot hold.
Result<std::unique_ptr<Decoder>> make_json_decoder(std::vector<InputField> fields,
                                                   const DecodeLimits& limits);

/// A schema as a registry keeps it.
struct RegisteredSchema {
  std::string json;
  std::vector<std::string> references;  // schemas that it names, each after those it uses itself
};
/// The schema of an id. Errors: kNotFound when there is none (its messages become rejects),
/// kUnavailable.
using FindSchema = std::function<Result<RegisteredSchema>(int32_t id)>;

struct AvroFormat {
  /// Without a registry: what messages are written by. With one: what they are read by; empty: as
  /// they are written.
  std::string schema;
  /// With it a message is Confluent's: a zero byte, the id of its writer's schema in four bytes,
  /// the datum. Without: the datum alone.
  FindSchema find_schema;
  /// A message is any number of data, one behind the other. What is not Avro by its schema is one
  /// reject, up to the message's end: where the next datum would begin is not known then.
  bool stream = false;
  /// A message is a container file (specification 1.11) of any number of blocks, with its writer's
  /// schema in its header, under any codec of avro_codec.h. `schema`, if any, is the reader's.
  bool container = false;
  /// Each path without a default must lead somewhere in `schema`, if there is one.
  bool paths_checked = false;
};

/// A message is one datum in Avro's binary encoding (specification 1.11), resolved from the
/// writer's schema to the reader's.
/// - A path goes through records and maps. What a union holds stands in the union's place; the name
///   of a branch behind it means that branch alone. A path that leads to nothing gives the field's
///   default, else NULL.
/// - Logical types keep their meaning in dates, timestamps and text, and are numbers as encoded in
///   number columns; decimals are exact. Records, arrays and maps go into text as JSON (of what was
///   written), arrays into list columns.
/// Errors: kInvalidArgument for a schema, a path or a default that is not valid.
Result<std::unique_ptr<Decoder>> make_avro_decoder(const AvroFormat& format,
                                                   std::vector<InputField> fields,
                                                   const DecodeLimits& limits);

}  // namespace millrace::decode
