// A Scalar is one value on its way from a document (JSON, Avro) into a column: what the document
// has, before the column's type is asked. Text is borrowed from the message or the decoder's arena.
// store_scalar() makes it what the column holds, by one set of rules for all formats.
#pragma once

#include <cstdint>
#include <string_view>

#include "data/types.h"
#include "decode/number.h"
#include "decode/text_arena.h"

namespace millrace::decode {

struct Scalar {
  enum class Form : uint8_t {
    kNull,
    kBool,
    kWhole,
    kReal,       // a double, or a float that was widened
    kNumber,     // a number as text
    kText,       // UTF-8
    kBytes,      // anything
    kDate,       // whole: days since 1970
    kTimestamp,  // whole: microseconds since 1970
  };
  Form form = Form::kNull;
  bool single = false;  // kReal: it was a float, and is shown with a float's digits
  WholeNumber whole;    // kWhole; kBool: 0 or 1; kDate and kTimestamp
  double real = 0;
  std::string_view text;  // kNumber, kText, kBytes

  static Scalar null() { return {}; }
  static Scalar boolean(bool value) { return of_whole(Form::kBool, value ? 1 : 0); }
  static Scalar signed_whole(int64_t value) { return of_whole(Form::kWhole, value); }
  static Scalar floating(double value) {
    Scalar scalar;
    scalar.form = Form::kReal;
    scalar.real = value;
    return scalar;
  }
  static Scalar of_text(Form form, std::string_view text) {
    Scalar scalar;
    scalar.form = form;
    scalar.text = text;
    return scalar;
  }
  static Scalar of_whole(Form form, int64_t value) {
    Scalar scalar;
    scalar.form = form;
    scalar.whole.negative = value < 0;
    scalar.whole.magnitude =
        value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
    return scalar;
  }
};

/// Whether a column took a value.
enum class Fit : uint8_t {
  kFits,
  kMalformed,   // text that is no number, boolean or date
  kOutOfRange,  // a number the column cannot hold
  kNotUtf8,     // bytes for a text column
  kWrongType,   // a kind of value that it does not take
};

/// Writes `value`, which is not kNull, as a `kind` to `to`, which has room for one. New text is
/// made in `arena`.
Fit store_scalar(const Scalar& value, Kind kind, void* to, TextArena& arena);

/// For messages: what the value looks like.
std::string_view shown_text(const Scalar& value, TextArena& arena);

}  // namespace millrace::decode
