// The table that a pipeline's rows go to. A batch whose rows are all good is inserted in one
// statement that reads the batch's own memory (INSERT ... SELECT, planned once). Any other is
// staged first, outside of any transaction: as it is, when every output column is a column of the
// batch of the same type, else through one query that evaluates the expressions. Then it is
// appended within the transaction of the commit. Rows that the table refuses are sifted out by
// trying parts of the batch in transactions of their own, which are rolled back.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "store/duckdb_batch_query.h"
#include "store/duckdb_batch_statement.h"
#include "store/duckdb_keys.h"
#include "store/duckdb_tables.h"
#include "store/duckdb_upsert.h"

namespace millrace::store {

class DuckdbTarget {
 public:
  /// `connection` outlives the target; expressions find names without a database in `names_in`.
  /// Errors: what does not fit the table as it is now.
  static Result<std::unique_ptr<DuckdbTarget>> open(duckdb_database database,
                                                    duckdb_connection connection,
                                                    std::shared_ptr<BatchSources> sources,
                                                    std::string_view names_in,
                                                    const OutputSpec& spec);

  /// Whether batches can be inserted whole: no WHERE, no rule for rows whose key is there, and no
  /// expression that reads tables.
  bool inserts_whole() const { return insert_ != nullptr; }
  /// All rows of `batch` or, with an error, none; within a transaction. There are as many rows()
  /// afterwards as the batch has.
  Status insert(const Batch& batch);

  /// Evaluates the rows of `batch`, which must stay as it is until the commit has ended. `failures`
  /// gets those that fail.
  Status stage(const Batch& batch, std::vector<RowFailure>& failures);
  /// Appends what is staged and not refused; within a transaction.
  Status append() { return append(kept_); }
  /// How rows are sifted out: kQuick sees rows that fail by themselves and rows with one key;
  /// kCareful, after that did not suffice, sees whatever does not go together.
  enum class Sifting : uint8_t { kQuick, kCareful };
  /// Finds out which rows the table refuses; outside of a transaction, after append() failed.
  Status sift(Sifting sifting, std::vector<RowFailure>& failures);

  /// How many rows the table took at the last append(): fewer than rows() when Duplicates::kIgnore
  /// left some out.
  int64_t taken() const { return taken_; }

  size_t rows() const { return kept_.size(); }
  /// The row of the batch that the i-th of rows() is.
  uint32_t batch_row(size_t i) const { return row_of(kept_[i]); }

 private:
  struct Column {
    std::string name;
    bool nullable = true;
    size_t input = 0;  // in the batch, when staged as it is
  };
  using UseChunk = std::function<Status(duckdb_data_chunk, std::span<const uint32_t>)>;
  using Rows = std::vector<uint32_t>;  // numbers of staged rows, ascending

  explicit DuckdbTarget(duckdb_connection connection) : connection_(connection) {}
  Result<bool> plan(const OutputSpec& spec, std::vector<std::string>& expressions);
  Status check_unfilled() const;
  void refuse_nulls(std::vector<RowFailure>& failures);
  void refuse(uint32_t staged, const Error& error, std::vector<RowFailure>& failures);
  Status each_chunk(std::span<const uint32_t> rows, const UseChunk& use);
  Status append(std::span<const uint32_t> rows);
  Status check_types() const;
  duckdb_data_chunk load(size_t index);
  duckdb_data_chunk select(duckdb_data_chunk chunk, std::span<const uint32_t> rows, size_t first);
  Status try_rows(std::span<const uint32_t> rows);
  Result<std::vector<KeyTaken>> set_aside_taken_keys(std::vector<RowFailure>& failures);
  Status sift_rows(const Rows& rows, Rows& kept, Sifting sifting,
                   std::vector<RowFailure>& failures);
  Status merge(Rows& kept, Rows right, std::vector<RowFailure>& failures);
  size_t chunks() const;
  size_t chunk_rows(size_t index) const;
  uint32_t row_of(size_t staged) const {
    return rows_.row_of.empty() ? static_cast<uint32_t>(staged) : rows_.row_of[staged];
  }

  duckdb_connection connection_;
  FoundTable table_;
  std::vector<Column> columns_;
  std::vector<std::string> names_;
  std::vector<LogicalType> types_;          // of the columns, as planned
  Prepared no_rows_;                        // tells the types that they have now
  std::unique_ptr<BatchQuery> query_;       // null: the batch is staged as it is
  std::unique_ptr<BatchStatement> insert_;  // null: batches cannot be inserted whole
  std::unique_ptr<DuckdbUpsert> upsert_;    // null: rows with a key that is there are refused
  DataChunk chunk_;                         // as the table wants it
  DataChunk part_;                          // some of its rows

  // What is staged, or was inserted.
  const Batch* batch_ = nullptr;
  BatchRows rows_;
  Rows kept_;
  int64_t taken_ = 0;
};

}  // namespace millrace::store
