// What the catalog says of users' databases and tables, names compared without case.
#pragma once

#include <optional>
#include <string>

#include "store/duckdb_handles.h"
#include "store/store.h"

namespace millrace::store {

/// A table (or view) by the names it was asked for.
struct FoundTable {
  std::string schema;
  std::string name;
  TableInfo info;

  std::string quoted() const { return quoted_name(schema) + "." + quoted_name(name); }
};

Result<std::vector<std::string>> list_databases(duckdb_connection connection);
Result<std::optional<FoundTable>> find_table(duckdb_connection connection,
                                             const std::string& database, const std::string& name);

}  // namespace millrace::store
