#include "data/row_builder.h"

namespace millrace {
namespace {

template <class T>
void set_number(Column& column, size_t row, const Value& value) {
  if (const auto* whole = std::get_if<int64_t>(&value))
    return column.set(row, static_cast<T>(*whole));
  if (const auto* number = std::get_if<double>(&value))
    return column.set(row, static_cast<T>(*number));
  const auto* truth = std::get_if<bool>(&value);
  CHECK(truth != nullptr, "a number's column takes numbers");
  column.set(row, static_cast<T>(*truth ? 1 : 0));
}

void set_value(Column& column, size_t row, const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) return;
  switch (column.type().kind) {
    case Kind::kBool:
    case Kind::kUInt8:
      return set_number<uint8_t>(column, row, value);
    case Kind::kInt8:
      return set_number<int8_t>(column, row, value);
    case Kind::kInt16:
      return set_number<int16_t>(column, row, value);
    case Kind::kUInt16:
      return set_number<uint16_t>(column, row, value);
    case Kind::kInt32:
    case Kind::kDate:
      return set_number<int32_t>(column, row, value);
    case Kind::kUInt32:
      return set_number<uint32_t>(column, row, value);
    case Kind::kInt64:
    case Kind::kTimestamp:
      return set_number<int64_t>(column, row, value);
    case Kind::kUInt64:
      return set_number<uint64_t>(column, row, value);
    case Kind::kFloat:
      return set_number<float>(column, row, value);
    case Kind::kDouble:
      return set_number<double>(column, row, value);
    case Kind::kVarchar:
    case Kind::kBlob:
      break;
  }
  const auto* text = std::get_if<std::string>(&value);
  CHECK(text != nullptr, "a text column takes text");
  column.set(row, std::string_view(*text));
}

}  // namespace

void RowBuilder::add(std::vector<Value> row) {
  CHECK(row.size() == schema_->size(), "one value for each column");
  rows_.push_back(std::move(row));
}

Batch RowBuilder::build() {
  auto rows = std::make_shared<std::vector<std::vector<Value>>>(std::move(rows_));
  rows_.clear();
  Batch batch(schema_);
  batch.reset(rows->size());
  for (size_t row = 0; row < rows->size(); ++row) {
    for (size_t column = 0; column < schema_->size(); ++column)
      set_value(batch.column(column), row, (*rows)[row][column]);
  }
  batch.keep_alive(std::move(rows));
  return batch;
}

}  // namespace millrace
