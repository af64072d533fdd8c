// The store's Session over one DuckDB connection. A SELECT is streamed: DuckDB makes its rows as
// they are fetched, a few chunks ahead; a statement that changes something is done before execute()
// returns, rows to show or not, so that a stream that is dropped half-way has changed everything.
//
// Transactions: an error that DuckDB lets pass (a name that is not there, a typo) leaves the
// transaction as it was. Any other error aborts it: it stays open, so that nothing after it is
// committed by itself, and every statement is refused until ROLLBACK; a COMMIT rolls back and says
// so. Only a conflict with another transaction ends it at once, as MySQL's errno 1213 tells
// clients.
#pragma once

#include <memory>

#include "base/result.h"
#include "store/duckdb_batch_scan.h"
#include "store/duckdb_handles.h"
#include "store/session.h"

namespace millrace::store {

/// A session in schema `main` of the store's file, which is attached to `database`. It must be gone
/// before the database is.
Result<std::unique_ptr<Session>> open_duckdb_session(duckdb_database database,
                                                     std::shared_ptr<BatchSources> sources);

}  // namespace millrace::store
