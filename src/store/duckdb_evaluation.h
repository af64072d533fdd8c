// The one row of a TRAIN pipeline's target: the newest evaluation. Columns of the target that have
// a metric's name are filled, whatever their type can hold of it (`/` may be written `_`).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "store/batch_writer.h"
#include "store/duckdb_tables.h"

namespace millrace::store {

class DuckdbEvaluation {
 public:
  using Metrics = std::vector<std::pair<std::string, double>>;

  /// Errors: kNotFound when there is no such table.
  static Result<DuckdbEvaluation> open(duckdb_connection connection, const OutputSpec& spec);

  /// Makes `metrics` the row of the table; within a transaction.
  Status replace(const Metrics& metrics);

 private:
  DuckdbEvaluation(duckdb_connection connection, FoundTable table)
      : connection_(connection), table_(std::move(table)) {}
  Status plan(const Metrics& metrics);

  duckdb_connection connection_;
  FoundTable table_;
  std::vector<std::string> planned_;  // the metrics' names that the statements below are made for
  std::vector<size_t> used_;          // the metric of each parameter
  Prepared update_;
  Prepared insert_;
};

}  // namespace millrace::store
