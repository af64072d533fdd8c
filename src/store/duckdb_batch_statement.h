// A statement that reads a batch's own memory as a table (millrace_batch): an INSERT of its rows,
// which is planned once, or an UPDATE by them. An appender would copy the rows into a collection of
// its own first and plan anew each time. For a transaction of the connection it was opened with.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "store/duckdb_batch_scan.h"
#include "store/duckdb_handles.h"

namespace millrace::store {

class BatchStatement {
 public:
  /// The statement's SQL, given that of the batch's rows (after FROM), whose columns are those of
  /// the schema. Its plan is kept, and holds what a table that it reads held when it was made: that
  /// it is empty, the least and the greatest of a column, whether it has NULLs. Compare such
  /// columns with the batch's, of which no plan knows anything, and make the statement anew as long
  /// as it changes nothing.
  using Sql = std::function<std::string(const std::string& rows)>;

  static Result<std::unique_ptr<BatchStatement>> open(duckdb_connection connection,
                                                      std::shared_ptr<BatchSources> sources,
                                                      std::shared_ptr<const Schema> schema,
                                                      const Sql& sql);
  ~BatchStatement() { sources_->remove(scan_); }
  BatchStatement(const BatchStatement&) = delete;
  BatchStatement& operator=(const BatchStatement&) = delete;

  /// How many rows it changed: of all the batch's rows or, with an error, none; which of them
  /// failed it does not tell.
  Result<int64_t> run(const Batch& batch);

 private:
  explicit BatchStatement(std::shared_ptr<BatchSources> sources) : sources_(std::move(sources)) {}

  std::shared_ptr<BatchSources> sources_;
  std::shared_ptr<BatchSource> source_ = std::make_shared<BatchSource>();
  std::string scan_;
  Prepared statement_;
};

/// INSERT INTO `table` (its name in SQL): each of `columns` gets the value of the expression at its
/// place, which may name the columns of the batch.
BatchStatement::Sql insert_into(const std::string& table, const std::vector<std::string>& columns,
                                const std::vector<std::string>& expressions);

}  // namespace millrace::store
