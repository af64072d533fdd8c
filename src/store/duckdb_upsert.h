// Rows into a table where a key that is there already is no refusal: its row is replaced, or
// updated by expressions, or the new one is left out. Rows are staged in a temporary table of the
// connection and taken from there, the rows of one key in their order. Within the caller's
// transaction.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/batch_writer.h"
#include "store/duckdb_tables.h"

namespace millrace::store {

class DuckdbUpsert {
 public:
  /// Calls back with each chunk of the rows; the columns are `names`.
  using EachChunk = std::function<Status(const std::function<Status(duckdb_data_chunk)>&)>;

  /// Null when there is nothing to leave out (kIgnore) for want of a key. Errors: kInvalidArgument,
  /// unless it is kIgnore, when the table has no key, several, or one of which a column is not in
  /// `names`.
  static Result<std::unique_ptr<DuckdbUpsert>> open(duckdb_connection connection,
                                                    const FoundTable& table,
                                                    const std::vector<std::string>& names,
                                                    const OutputSpec& output);

  /// Returns how many rows were inserted, replaced or updated.
  Result<int64_t> append(const EachChunk& each_chunk) const;

 private:
  explicit DuckdbUpsert(duckdb_connection connection) : connection_(connection) {}
  Result<int64_t> take(const std::string& sql) const;
  Result<int64_t> take_updating() const;

  duckdb_connection connection_;
  Duplicates duplicates_ = Duplicates::kReplace;
  std::string make_stage_;  // SQL
  std::string insert_;      // INSERT ... SELECT ... of ranked rows, up to their condition
  std::string rank_;        // the rank of a row among those of its key
  std::string keyless_;     // a row that has no key: NULL in it
  std::string conflict_;    // ON CONFLICT ...
};

}  // namespace millrace::store
