#include "store/duckdb_connection.h"

#include "store/duckdb_schema.h"

namespace millrace::store {

Result<Connection> open_connection(duckdb_database database, std::string_view names_in) {
  Connection connection;
  if (duckdb_connect(database, connection.out()) == DuckDBError)
    return Error(Code::kResourceExhausted, "could not open a connection to the store");
  TRY_OK(run(connection.get(), "SET errors_as_json = true"));
  std::string schema = quoted_name(kCatalog);
  if (!names_in.empty()) schema += "." + quoted_name(names_in);
  TRY_OK(run(connection.get(), "USE " + schema));
  return connection;
}

}  // namespace millrace::store
