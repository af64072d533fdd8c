// Expressions over the rows of a Batch: prepared once, run for each batch on a connection of its
// own (it reads what is committed, whatever transaction the batch is part of). What may read tables
// is planned for each run, in its transaction: a plan believes in the values that it saw. A row on
// which an expression fails is found by halving the range that failed, so that it costs its own few
// statements and not the other rows.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/batch_writer.h"
#include "store/duckdb_batch_scan.h"
#include "store/duckdb_handles.h"

namespace millrace::store {

/// Rows that a query made, in the order of the batch. `chunks` have a column for each expression;
/// their memory lives as long as this does.
struct BatchRows {
  std::vector<QueryResult> results;
  std::vector<DataChunk> chunks;
  std::vector<uint32_t> row_of;  // for each row, its row in the batch
};

class BatchQuery {
 public:
  /// `columns` are expressions in the store's SQL, whose names without a database are found in
  /// `names_in`, and what they are for; `where` may be empty. After `failures_max` rows of a batch
  /// that failed, the others are not looked at.
  static Result<std::unique_ptr<BatchQuery>> open(
      duckdb_database database, std::shared_ptr<BatchSources> sources, std::string_view names_in,
      std::shared_ptr<const Schema> input, std::vector<Assignment> columns, std::string where,
      size_t failures_max = SIZE_MAX);
  ~BatchQuery();
  BatchQuery(const BatchQuery&) = delete;
  BatchQuery& operator=(const BatchQuery&) = delete;

  /// The type of the i-th expression.
  LogicalType type(size_t i) const;
  /// Whether an expression may read tables, which a plan that is kept would not see change.
  bool reads_tables() const { return reads_tables_; }

  /// `failures` gets the rows that failed, by their index in `batch`.
  Result<BatchRows> run(const Batch& batch, std::vector<RowFailure>& failures);

 private:
  BatchQuery() = default;
  Status prepare_query();
  Result<bool> may_read_tables() const;
  Result<QueryResult> execute_anew();
  Status run_range(size_t first, size_t count, BatchRows& rows, std::vector<RowFailure>& failures);
  bool fails_alone(size_t part);
  /// Of the row that failed alone: the error, and which column it is of.
  std::string detail_of_row(const Error& error);
  Status take_result(QueryResult result, BatchRows& rows);

  Connection connection_;
  std::shared_ptr<BatchSources> sources_;
  std::shared_ptr<BatchSource> source_;
  std::string scan_;
  std::vector<Assignment> columns_;
  std::string where_;
  size_t failures_max_ = SIZE_MAX;
  bool sorted_ = false;  // a subquery may return the rows in another order than it got them
  bool reads_tables_ = false;
  Prepared statement_;
  std::map<size_t, Prepared> alone_;  // parts, made when one that fails is looked for
  size_t suspect_ = 0;                // the part that failed last
};

/// DuckDB's words about a row, short enough to be kept with it.
std::string detail_of(const Error& error);

}  // namespace millrace::store
