// A transaction on a connection, rolled back unless commit() was called.
#pragma once

#include "base/result.h"
#include "store/duckdb_handles.h"

namespace millrace::store {

class Transaction {
 public:
  Transaction(Transaction&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  // A transaction whose statement failed is still to be ended; one whose COMMIT failed is not.
  ~Transaction() {
    if (connection_) (void)run(connection_, "ROLLBACK");
  }

  static Result<Transaction> begin(duckdb_connection connection) {
    TRY_OK(run(connection, "BEGIN"));
    return Transaction(connection);
  }
  Status commit() {
    TRY_OK(run(connection_, "COMMIT"));
    connection_ = nullptr;
    return {};
  }

 private:
  explicit Transaction(duckdb_connection connection) : connection_(connection) {}

  duckdb_connection connection_ = nullptr;
};

}  // namespace millrace::store
