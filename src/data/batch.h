// A Batch is a set of rows in columns: what flows from decode through shape and model to the store.
// It remembers which message each row came from (for rejects and for order), and keeps alive
// whatever its text points into. One thread owns it at a time; it is reused from batch to batch.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "data/column.h"
#include "data/schema.h"

namespace millrace {

class Batch {
 public:
  Batch() = default;
  explicit Batch(std::shared_ptr<const Schema> schema);

  const Schema& schema() const { return *schema_; }
  const std::shared_ptr<const Schema>& shared_schema() const { return schema_; }
  size_t rows() const { return rows_; }
  size_t column_count() const { return columns_.size(); }
  Column& column(size_t i) { return columns_[i]; }
  const Column& column(size_t i) const { return columns_[i]; }
  /// Null when there is no such column.
  const Column* find(std::string_view name) const;

  /// All columns get `rows` NULL rows; memory is kept, owners are let go.
  void reset(size_t rows);
  /// Adds NULL rows until there are `rows`; those that are there stay.
  void extend(size_t rows);
  /// Shrinks to the first `rows` rows.
  void truncate(size_t rows);

  /// For each row, the index of its message in the MessageBatch it was decoded from.
  std::span<uint32_t> message_of_row() { return message_of_row_; }
  std::span<const uint32_t> message_of_row() const { return message_of_row_; }

  /// Memory the text columns point into; held until the next reset().
  void keep_alive(std::shared_ptr<const void> owner) { owners_.push_back(std::move(owner)); }
  /// What `other` keeps alive, too: for text that is taken over from it.
  void keep_alive_as(const Batch& other) {
    owners_.insert(owners_.end(), other.owners_.begin(), other.owners_.end());
  }

  /// Takes the rows of `from`, whose columns are this batch's first ones (same types): swaps them
  /// in, with their memory and origins, and leaves the columns beyond as NULL. `from` must be reset
  /// before it is used again.
  void take_leading(Batch& from);

  /// Keeps the rows whose entry in `keep` (rows() long) is not 0, in order.
  void compact(std::span<const uint8_t> keep);

 private:
  std::shared_ptr<const Schema> schema_ = std::make_shared<Schema>();
  std::vector<Column> columns_;
  std::vector<uint32_t> message_of_row_;
  std::vector<std::shared_ptr<const void>> owners_;
  size_t rows_ = 0;
};

}  // namespace millrace
