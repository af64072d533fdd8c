#include "decode/row_sink.h"

#include <algorithm>
#include <cstring>

#include "data/json_text.h"
#include "data/utf8.h"

namespace millrace::decode {
namespace {

std::vector<InputField> wanted_of(std::vector<InputField> fields) {
  std::erase_if(fields, [](const InputField& field) { return !field.wanted; });
  return fields;
}

Scalar scalar_of(const Literal& literal) {
  switch (literal.form) {
    case Literal::Form::kNull:
      return Scalar::null();
    case Literal::Form::kBool:
      return Scalar::boolean(literal.text == "true");
    case Literal::Form::kNumber:
      return Scalar::of_text(Scalar::Form::kNumber, literal.text);
    case Literal::Form::kText:
      return Scalar::of_text(Scalar::Form::kText, literal.text);
  }
  return Scalar::null();
}

std::string field_name(const InputField& field) {
  return "field \"" + shown(field.name) + "\"";
}

}  // namespace

RowSink::RowSink(std::vector<InputField> fields, const DecodeLimits& limits)
    : fields_(wanted_of(std::move(fields))), limits_(limits), schema_(wanted_schema(fields_)) {
  for (const auto& field : fields_) {
    Field state;
    state.kind = field.type.kind;
    state.list = field.type.list;
    state.nullable = field.nullable;
    state.json = field.json;
    state.width = width_of(field.type.kind);
    if (field.default_value) state.fallback = scalar_of(*field.default_value);
    if (state.list) lists_.push_back(states_.size());
    states_.push_back(std::move(state));
  }
}

Result<std::unique_ptr<RowSink>> RowSink::make(std::vector<InputField> fields,
                                               const DecodeLimits& limits) {
  std::unique_ptr<RowSink> sink(new RowSink(std::move(fields), limits));
  TRY_OK(sink->set_fallbacks());
  return sink;
}

/// A default that does not fit is the definition's fault and is told at once.
Status RowSink::set_fallbacks() {
  for (size_t i = 0; i < fields_.size(); ++i) {
    const auto& fallback = states_[i].fallback;
    if (fallback.form == Scalar::Form::kNull) continue;
    alignas(8) std::byte place[sizeof(std::string_view)] = {};
    const bool fits =
        !states_[i].list && store_scalar(fallback, states_[i].kind, place, *arena_) == Fit::kFits;
    if (fits) continue;
    return Error(Code::kInvalidArgument, field_name(fields_[i]) + ": the default \"" +
                                             shown(fields_[i].default_value->text) + "\" is no " +
                                             name_of(fields_[i].type));
  }
  return {};
}

void RowSink::aim() {
  for (size_t i = 0; i < states_.size(); ++i) {
    auto& state = states_[i];
    state.column = &batch_->column(i);
    state.values = state.column->bytes();
  }
}

void RowSink::begin(Batch& batch, size_t rows) {
  batch_ = &batch;
  batch.reset(rows);  // lets go of the arena, unless the batch before is kept elsewhere
  renew(arena_);
  row_ = 0;
  for (const size_t list : lists_) {
    states_[list].elements.clear();
    states_[list].offsets.assign(1, 0);
  }
  aim();
}

void RowSink::begin_row() {
  ++row_number_;
  if (row_ < batch_->rows()) return;
  batch_->extend(std::max<size_t>(64, row_ * 2));
  aim();
}

bool RowSink::is_oversized(const Field& field, const Scalar& value) const {
  return is_text(field.kind) && static_cast<int64_t>(value.text.size()) > limits_.field_bytes_max;
}

bool RowSink::put_null(size_t index) {
  auto& state = states_[index];
  if (!state.nullable)
    return fail(index, RejectReason::kNullNotAllowed, " is NULL, which its column does not allow");
  state.column->set_null(row_);
  state.put_in = row_number_;
  if (state.list) state.elements.resize(state.offsets.back() * state.width);
  return true;
}

/// Bytes that are no UTF-8 are left to be refused.
Scalar RowSink::quoted(const Scalar& value) {
  const auto text = shown_text(value, *arena_);
  if (value.form == Scalar::Form::kBytes && !is_utf8(text)) return value;
  quoted_.clear();
  append_json_text(text, quoted_);
  return Scalar::of_text(Scalar::Form::kText, arena_->copied(quoted_));
}

bool RowSink::put_as_it_is(size_t index, const Scalar& value) {
  auto& state = states_[index];
  if (value.form == Scalar::Form::kNull) return put_null(index);
  if (state.list) return refuse(index, Fit::kWrongType, value);
  if (is_oversized(state, value))
    return fail(index, RejectReason::kOversizedField,
                " has " + std::to_string(value.text.size()) + " bytes, more than " +
                    std::to_string(limits_.field_bytes_max));
  const Fit fit = store_scalar(value, state.kind, state.values + row_ * state.width, *arena_);
  if (fit != Fit::kFits) return refuse(index, fit, value);
  state.column->set_valid(row_);
  state.put_in = row_number_;
  return true;
}

bool RowSink::begin_list(size_t index) {
  auto& state = states_[index];
  if (!state.list)
    return fail(index, RejectReason::kWrongType,
                " is an array, and its column holds " + name_of(fields_[index].type));
  state.elements.resize(state.offsets.back() * state.width);
  state.column->set_valid(row_);
  state.put_in = row_number_;
  return true;
}

bool RowSink::put_element_as_it_is(size_t index, const Scalar& value) {
  auto& state = states_[index];
  if (value.form == Scalar::Form::kNull)
    return fail(index, RejectReason::kNullNotAllowed, " has an element that is null");
  const size_t at = state.elements.size();
  state.elements.resize(at + state.width);
  // Elements lie at multiples of their width, and the vector's memory is aligned for all.
  const Fit fit = store_scalar(value, state.kind, state.elements.data() + at, *arena_);
  return fit == Fit::kFits || refuse(index, fit, value);
}

bool RowSink::fail(size_t index, RejectReason reason, std::string what) {
  reason_ = reason;
  detail_ = field_name(fields_[index]) + std::move(what);
  return false;
}

bool RowSink::refuse(size_t index, Fit fit, const Scalar& value) {
  const auto& type = fields_[index].type;
  const auto is_no = [&](const std::string& what) {
    return ": \"" + shown(shown_text(value, *arena_)) + "\" is " + what;
  };
  const bool time = type.kind == Kind::kDate || type.kind == Kind::kTimestamp;
  switch (fit) {
    case Fit::kOutOfRange:
      return fail(index, RejectReason::kOutOfRange, is_no("out of range for " + name_of(type)));
    case Fit::kNotUtf8:
      return fail(index, RejectReason::kBadUtf8, is_no("not valid UTF-8"));
    case Fit::kWrongType:
      return fail(index, RejectReason::kWrongType, is_no("no value for " + name_of(type)));
    default:
      break;
  }
  if (time)
    return fail(index, RejectReason::kBadDate,
                is_no(type.kind == Kind::kDate ? "not a date" : "not a timestamp"));
  if (type.kind == Kind::kBool)
    return fail(index, RejectReason::kBadNumber, is_no("not a boolean"));
  return fail(index, RejectReason::kBadNumber,
              is_no(is_integer(type.kind) ? "not a whole number" : "not a number"));
}

bool RowSink::end_row(uint32_t message) {
  for (size_t i = 0; i < states_.size(); ++i) {
    if (states_[i].put_in != row_number_ && !put_as_it_is(i, states_[i].fallback)) return false;
  }
  for (const size_t list : lists_) {
    auto& state = states_[list];
    state.offsets.push_back(static_cast<uint32_t>(state.elements.size() / state.width));
  }
  batch_->message_of_row()[row_++] = message;
  return true;
}

void RowSink::drop_row() {
  for (const size_t list : lists_) {
    auto& state = states_[list];
    state.elements.resize(state.offsets.back() * state.width);
  }
}

void RowSink::end() {
  batch_->truncate(row_);
  for (const size_t list : lists_) {
    auto& state = states_[list];
    state.column->set_list_offsets(state.offsets);
    if (state.elements.empty()) continue;
    std::memcpy(state.column->bytes(), state.elements.data(), state.elements.size());
  }
  batch_->keep_alive(arena_);
  batch_ = nullptr;
}

}  // namespace millrace::decode
