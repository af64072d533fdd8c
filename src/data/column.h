// A Column is one field of a batch of rows: values side by side, and a bit per row that says
// whether there is one. Its memory is laid out as DuckDB's vectors are (fixed-width values, 64-bit
// validity words, 1 = valid), grows to its largest batch and is then reused, so that a row costs no
// allocation. Text is not copied: a value is a view into the messages or the arena its Batch keeps
// alive.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "data/types.h"

namespace millrace {

class Column {
 public:
  explicit Column(DataType type) : type_(type) {}

  DataType type() const { return type_; }
  size_t rows() const { return rows_; }

  /// Makes room for `rows` rows, all NULL (their values are zero); keeps the memory it has. For a
  /// list column every row is an empty list.
  void reset(size_t rows);

  /// Makes room for more rows, NULL ones; those that are there stay as they are.
  void extend(size_t rows);

  // Fixed-width values. T must be the C++ type of type().kind: bool/int8_t/.../double, int32_t for
  // dates, int64_t for timestamps, std::string_view for text and blobs. For a list column these are
  // the elements of all rows, one after another.
  template <class T>
  std::span<T> values() {
    CHECK(sizeof(T) == width_of(type_.kind), "a column is read as its own type");
    return {reinterpret_cast<T*>(data_.data()), value_count_};
  }
  template <class T>
  std::span<const T> values() const {
    CHECK(sizeof(T) == width_of(type_.kind), "a column is read as its own type");
    return {reinterpret_cast<const T*>(data_.data()), value_count_};
  }

  /// The same memory without its type, for those who know the width.
  std::byte* bytes() { return reinterpret_cast<std::byte*>(data_.data()); }

  bool is_valid(size_t row) const { return (validity_[row >> 6] >> (row & 63)) & 1; }
  void set_valid(size_t row) { validity_[row >> 6] |= uint64_t{1} << (row & 63); }
  void set_null(size_t row) { validity_[row >> 6] &= ~(uint64_t{1} << (row & 63)); }
  void set_valid(size_t first, size_t count);
  void set_all_valid();
  bool all_valid() const;
  std::span<const uint64_t> validity() const { return validity_; }

  template <class T>
  void set(size_t row, T value) {
    values<T>()[row] = value;
    set_valid(row);
  }

  // Lists: row r holds the elements [list_offsets()[r], list_offsets()[r + 1]). Elements have no
  // NULLs.
  std::span<const uint32_t> list_offsets() const { return offsets_; }
  /// Gives a list column its elements: `offsets` has rows() + 1 entries; the caller then fills
  /// values().
  void set_list_offsets(std::span<const uint32_t> offsets);

  /// Keeps the first `rows` rows. Costs nothing per row.
  void truncate(size_t rows);
  /// Keeps the rows whose entry in `keep` (rows() long) is not 0, in order.
  void compact(std::span<const uint8_t> keep);

 private:
  void reserve_values(size_t count);
  void compact_list(std::span<const uint8_t> keep);

  DataType type_;
  size_t rows_ = 0;
  size_t value_count_ = 0;
  std::vector<uint64_t> data_;  // 8-byte aligned storage of the values
  std::vector<uint64_t> validity_;
  std::vector<uint32_t> offsets_;
};

/// The value of a numeric column's row as a double; the row must be valid.
double number_at(const Column& column, size_t row);

}  // namespace millrace
