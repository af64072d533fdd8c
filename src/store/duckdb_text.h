// DuckDB's values as text, exactly as session.h promises it: one vector of a result's chunk, under
// the type that was resolved for the whole result. Values inside a LIST, ARRAY, STRUCT, MAP or
// UNION are JSON: strings escaped, blobs as base64, a MAP as an object whose keys are text, a UNION
// as the value it holds, NaN and the infinities as strings.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/duckdb_text_type.h"

namespace millrace::store {

/// Borrows its type and its vector; the vector must be flat.
class TextVector {
 public:
  TextVector(const TextType& type, duckdb_vector vector);

  bool is_null(size_t row) const {
    return validity_ != nullptr && ((validity_[row >> 6] >> (row & 63)) & 1) == 0;
  }
  /// The value, which must not be NULL.
  void append(size_t row, std::string& out) const;

  // The value as a number, as ResultChunk promises it.
  int64_t integer(size_t row) const { return stored_integer(row); }
  double real(size_t row) const {
    return type_->type == DUCKDB_TYPE_FLOAT ? double{value<float>(row)} : value<double>(row);
  }
  std::optional<int64_t> moment(size_t row) const;

 private:
  template <class T>
  T value(size_t row) const {
    return static_cast<const T*>(data_)[row];
  }
  int64_t stored_integer(size_t row) const;
  void append_number(size_t row, std::string& out) const;
  void append_moment(size_t row, std::string& out) const;
  void append_bytes(size_t row, std::string& out) const;
  void append_decimal_value(size_t row, std::string& out) const;
  void append_json(size_t row, std::string& out) const;
  void append_nested(size_t row, std::string& out) const;
  void append_elements(size_t first, size_t count, std::string& out) const;
  void append_members(size_t row, std::string& out) const;
  void append_map(size_t row, std::string& out) const;
  void append_union(size_t row, std::string& out) const;

  const TextType* type_;
  const void* data_;
  const uint64_t* validity_;
  std::vector<TextVector> children_;
};

}  // namespace millrace::store
