// What the type of a result's column says about its values: resolved once for a result, so that a
// value's text (duckdb_text.h) asks DuckDB nothing more.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "store/duckdb_handles.h"
#include "store/session.h"

namespace millrace::store {

struct TextType {
  duckdb_type type = DUCKDB_TYPE_INVALID;
  duckdb_type storage = DUCKDB_TYPE_INVALID;  // DECIMAL, ENUM: the integer that a value is kept in
  uint8_t width = 0;                          // DECIMAL(width, scale)
  uint8_t scale = 0;
  bool is_json = false;  // a VARCHAR whose text is JSON already
  idx_t array_size = 0;
  std::vector<std::string> names;  // ENUM: its values; STRUCT, UNION: its members
  std::vector<TextType> children;  // LIST, ARRAY: the element; MAP: key and value; else members

  /// Errors: kUnsupported for a type whose values this cannot show.
  static Result<TextType> of(duckdb_logical_type type);
  SqlType sql_type() const;
};

}  // namespace millrace::store
