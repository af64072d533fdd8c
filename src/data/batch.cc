#include "data/batch.h"

namespace millrace {

Batch::Batch(std::shared_ptr<const Schema> schema) : schema_(std::move(schema)) {
  columns_.reserve(schema_->size());
  for (const auto& field : schema_->fields()) columns_.emplace_back(field.type);
}

const Column* Batch::find(std::string_view name) const {
  const auto index = schema_->find(name);
  return index ? &columns_[*index] : nullptr;
}

void Batch::reset(size_t rows) {
  for (auto& column : columns_) column.reset(rows);
  message_of_row_.assign(rows, 0);
  owners_.clear();
  rows_ = rows;
}

void Batch::extend(size_t rows) {
  for (auto& column : columns_) column.extend(rows);
  message_of_row_.resize(rows);
  rows_ = rows;
}

void Batch::truncate(size_t rows) {
  CHECK(rows <= rows_, "a batch is only truncated to fewer rows");
  for (auto& column : columns_) column.truncate(rows);
  message_of_row_.resize(rows);
  rows_ = rows;
}

void Batch::take_leading(Batch& from) {
  CHECK(from.columns_.size() <= columns_.size(), "the leading columns are there");
  for (size_t i = 0; i < from.columns_.size(); ++i) {
    CHECK(columns_[i].type() == from.columns_[i].type(), "the leading columns have the same types");
    std::swap(columns_[i], from.columns_[i]);
  }
  rows_ = from.rows_;
  for (size_t i = from.columns_.size(); i < columns_.size(); ++i) columns_[i].reset(rows_);
  std::swap(message_of_row_, from.message_of_row_);
  std::swap(owners_, from.owners_);
  from.rows_ = 0;
}

void Batch::compact(std::span<const uint8_t> keep) {
  CHECK(keep.size() == rows_, "one entry for each row");
  for (auto& column : columns_) column.compact(keep);
  size_t to = 0;
  for (size_t row = 0; row < rows_; ++row) {
    if (keep[row]) message_of_row_[to++] = message_of_row_[row];
  }
  message_of_row_.resize(to);
  rows_ = to;
}

}  // namespace millrace
