// A RowSink writes documents into the columns of a batch, one row after another: the second half of
// the decoders of documents. A row may turn out to be bad at its last value: drop_row() forgets it,
// and its place is taken by the next. Fields are told by their index among the wanted ones. Owned
// by one decoder, on its thread; reuses its memory from batch to batch.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "data/reject.h"
#include "decode/decoder.h"
#include "decode/scalar.h"
#include "decode/text_arena.h"

namespace millrace::decode {

class RowSink {
 public:
  /// Errors: kInvalidArgument for a default that its field cannot hold.
  static Result<std::unique_ptr<RowSink>> make(std::vector<InputField> fields,
                                               const DecodeLimits& limits);

  const std::shared_ptr<const Schema>& schema() const { return schema_; }
  /// The wanted fields.
  const std::vector<InputField>& fields() const { return fields_; }
  TextArena& arena() { return *arena_; }

  /// Begins with no rows and room for `rows`; there may come more.
  void begin(Batch& batch, size_t rows);
  void begin_row();
  // Each gives a field of the row at work its value, once more when it has one already. False: the
  // row is bad, and why is kept.
  bool put(size_t field, const Scalar& value) {
    return states_[field].json && is_quoted(value.form) ? put_as_it_is(field, quoted(value))
                                                        : put_as_it_is(field, value);
  }
  /// Text that is JSON already: an object or array.
  bool put_document(size_t field, std::string_view json) {
    return put_as_it_is(field, Scalar::of_text(Scalar::Form::kText, json));
  }
  /// The same for a small whole number and the kinds that most columns of numbers have. False says
  /// only that put() must look.
  bool put_quick(size_t field, const WholeNumber& number) {
    auto& state = states_[field];
    if (state.list || number.magnitude > std::numeric_limits<int32_t>::max()) return false;
    const auto value = static_cast<int32_t>(number.magnitude);
    const int32_t sign = number.negative ? -1 : 1;
    std::byte* const to = state.values + row_ * state.width;
    switch (state.kind) {
      case Kind::kInt32:
        *reinterpret_cast<int32_t*>(to) = sign * value;
        break;
      case Kind::kInt64:
        *reinterpret_cast<int64_t*>(to) = sign * value;
        break;
      case Kind::kFloat:
        *reinterpret_cast<float*>(to) = static_cast<float>(sign) * static_cast<float>(value);
        break;
      case Kind::kDouble:
        *reinterpret_cast<double*>(to) = static_cast<double>(sign) * value;
        break;
      default:
        return false;
    }
    state.column->set_valid(row_);
    state.put_in = row_number_;
    return true;
  }
  /// The same for a number with digits behind the point.
  bool put_quick(size_t field, double number) {
    auto& state = states_[field];
    std::byte* const to = state.values + row_ * state.width;
    if (state.list || !std::isfinite(number)) return false;
    if (state.kind == Kind::kDouble) {
      *reinterpret_cast<double*>(to) = number;
    } else {
      const auto single = static_cast<float>(number);
      if (state.kind != Kind::kFloat || !std::isfinite(single)) return false;
      *reinterpret_cast<float*>(to) = single;
    }
    state.column->set_valid(row_);
    state.put_in = row_number_;
    return true;
  }
  bool begin_list(size_t field);  // empties it; elements follow by put_element
  bool put_element(size_t field, const Scalar& value) {
    return states_[field].json && is_quoted(value.form) ? put_element_as_it_is(field, quoted(value))
                                                        : put_element_as_it_is(field, value);
  }
  bool put_document_element(size_t field, std::string_view json) {
    return put_element_as_it_is(field, Scalar::of_text(Scalar::Form::kText, json));
  }
  /// Marks the row as bad: `what` is said of the field.
  bool fail(size_t field, RejectReason reason, std::string what);
  /// Gives defaults to the fields that were not put. False when the row is bad.
  bool end_row(uint32_t message);
  void drop_row();
  /// Leaves the batch with the rows that ended well, keeping their memory alive.
  void end();

  /// That ended well so far.
  size_t rows() const { return row_; }
  RejectReason reason() const { return reason_; }
  const std::string& detail() const { return detail_; }

 private:
  struct Field {
    Kind kind = Kind::kVarchar;
    bool list = false;
    bool nullable = true;
    bool json = false;
    size_t width = 0;
    Column* column = nullptr;
    std::byte* values = nullptr;  // of the column; not for lists
    uint64_t put_in = 0;          // the number of the row it was put in last
    Scalar fallback;              // what it gets when nothing is put
    std::vector<std::byte> elements;
    std::vector<uint32_t> offsets;  // rows + 1
  };

  RowSink(std::vector<InputField> fields, const DecodeLimits& limits);
  Status set_fallbacks();
  void aim();
  bool is_oversized(const Field& field, const Scalar& value) const;
  bool put_as_it_is(size_t index, const Scalar& value);
  bool put_element_as_it_is(size_t index, const Scalar& value);
  Scalar quoted(const Scalar& value);
  /// What JSON writes as a string.
  static bool is_quoted(Scalar::Form form) {
    using Form = Scalar::Form;
    return form == Form::kText || form == Form::kBytes || form == Form::kDate ||
           form == Form::kTimestamp;
  }
  bool put_null(size_t index);
  bool refuse(size_t index, Fit fit, const Scalar& value);

  const std::vector<InputField> fields_;
  const DecodeLimits limits_;
  const std::shared_ptr<const Schema> schema_;
  std::vector<Field> states_;
  std::vector<size_t> lists_;  // those that are lists
  std::shared_ptr<TextArena> arena_ = std::make_shared<TextArena>();

  Batch* batch_ = nullptr;  // the one at work
  size_t row_ = 0;
  uint64_t row_number_ = 0;  // never the same for two rows
  RejectReason reason_ = RejectReason::kBadDocument;
  std::string detail_;
  std::string quoted_;  // reused
};

}  // namespace millrace::decode
