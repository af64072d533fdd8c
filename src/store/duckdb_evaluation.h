// The one row of a TRAIN pipeline's target: the newest evaluation. Columns of the target that have
// a metric's name are filled, whatever their type can hold of it (`/` may be written `_`).
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/batch_writer.h"
#include "store/duckdb_batch_statement.h"
#include "store/duckdb_tables.h"

namespace millrace::store {

class DuckdbEvaluation {
 public:
  using Metrics = std::vector<std::pair<std::string, double>>;

  /// Errors: kNotFound when there is no such table.
  static Result<DuckdbEvaluation> open(duckdb_connection connection,
                                       std::shared_ptr<BatchSources> sources,
                                       const OutputSpec& spec);

  /// Makes `metrics` the row of the table; within a transaction.
  Status replace(const Metrics& metrics);

 private:
  DuckdbEvaluation(duckdb_connection connection, std::shared_ptr<BatchSources> sources,
                   FoundTable table)
      : connection_(connection), sources_(std::move(sources)), table_(std::move(table)) {}
  Status plan(const Metrics& metrics);

  duckdb_connection connection_;
  std::shared_ptr<BatchSources> sources_;
  FoundTable table_;
  std::shared_ptr<const Schema> metrics_;  // a column each, of the metrics it is all planned for
  std::vector<std::string> columns_;       // of the table, which some of them fill
  std::vector<std::string> values_;        // what each gets
  std::unique_ptr<BatchStatement> update_;
};

}  // namespace millrace::store
