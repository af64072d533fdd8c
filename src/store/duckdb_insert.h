// The rows of a Batch into a table by one statement that reads the batch's own memory: INSERT ...
// SELECT over millrace_batch, planned once. An appender would copy the rows into a collection of
// its own first, and a query its result too. All rows go in or, with an error, none; which one
// failed it does not tell. For a transaction of the connection it was opened with.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/duckdb_batch_scan.h"
#include "store/duckdb_handles.h"

namespace millrace::store {

class DuckdbInsert {
 public:
  /// `table` is its name in SQL; each of `columns` gets the value of the expression at its place,
  /// which may name the columns of `input`.
  static Result<std::unique_ptr<DuckdbInsert>> open(duckdb_connection connection,
                                                    std::shared_ptr<BatchSources> sources,
                                                    const std::string& table,
                                                    const std::vector<std::string>& columns,
                                                    std::shared_ptr<const Schema> input,
                                                    const std::vector<std::string>& expressions);
  ~DuckdbInsert() { sources_->remove(scan_); }
  DuckdbInsert(const DuckdbInsert&) = delete;
  DuckdbInsert& operator=(const DuckdbInsert&) = delete;

  Status run(const Batch& batch);

 private:
  explicit DuckdbInsert(std::shared_ptr<BatchSources> sources) : sources_(std::move(sources)) {}

  std::shared_ptr<BatchSources> sources_;
  std::shared_ptr<BatchSource> source_ = std::make_shared<BatchSource>();
  std::string scan_;
  Prepared statement_;
};

}  // namespace millrace::store
