#include "store/duckdb_connection.h"

#include "store/duckdb_schema.h"

namespace millrace::store {

Result<Connection> open_connection(duckdb_database database) {
  Connection connection;
  if (duckdb_connect(database, connection.out()) == DuckDBError)
    return Error(Code::kResourceExhausted, "could not open a connection to the store");
  TRY_OK(run(connection.get(), "SET errors_as_json = true"));
  TRY_OK(run(connection.get(), "USE " + quoted_name(kCatalog)));
  return connection;
}

}  // namespace millrace::store
