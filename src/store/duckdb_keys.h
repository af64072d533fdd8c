// The keys of a target table (PRIMARY KEY, UNIQUE), to find all rows of a batch that have a key
// twice with a few queries: duplicates come in thousands, when a topic is read again. Keys over
// expressions are left to the table itself.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/duckdb_tables.h"

namespace millrace::store {

/// The column of a staging table that stands for the i-th name.
std::string stage_column(size_t i);

/// A row whose key is in the table already, or in the batch before.
struct KeyTaken {
  uint32_t row = 0;
  std::optional<uint32_t> first;  // the first row of the batch that has the key; none: the table
  std::string detail;
};

class DuckdbKeys {
 public:
  struct Key {
    std::vector<size_t> columns;  // by their place in `names`
    bool primary = false;
  };
  /// Calls back with chunks of all columns `names`, and the rows' numbers.
  using EachChunk = std::function<Status(
      const std::function<Status(duckdb_data_chunk, std::span<const uint32_t>)>&)>;

  /// The keys of `table` of which all columns are in `names`.
  static Result<DuckdbKeys> find(duckdb_connection connection, const FoundTable& table,
                                 const std::vector<std::string>& names);

  bool empty() const { return keys_.empty(); }
  const std::vector<Key>& all() const { return keys_; }
  /// Outside of a transaction.
  Result<std::vector<KeyTaken>> taken(duckdb_connection connection, const EachChunk& each_chunk,
                                      std::vector<LogicalType> types) const;

 private:
  Status taken(duckdb_connection connection, const Key& key, std::vector<KeyTaken>& found) const;

  std::string table_;  // quoted
  std::vector<std::string> names_;
  std::vector<Key> keys_;
};

}  // namespace millrace::store
