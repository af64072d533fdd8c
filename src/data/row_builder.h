// Builds small batches value by value: system tables, SHOW and DESCRIBE results. Never for stream
// rows.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "data/batch.h"

namespace millrace {

/// NULL, a truth, a whole number (dates and timestamps too), a number, a text (or bytes).
using Value = std::variant<std::monostate, bool, int64_t, double, std::string>;

class RowBuilder {
 public:
  explicit RowBuilder(std::shared_ptr<const Schema> schema) : schema_(std::move(schema)) {}

  /// One value for each column, of a form its type can hold (CHECKed).
  void add(std::vector<Value> row);
  /// All rows so far as a batch that owns its text.
  Batch build();

 private:
  std::shared_ptr<const Schema> schema_;
  std::vector<std::vector<Value>> rows_;
};

}  // namespace millrace
