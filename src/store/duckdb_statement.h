// A prepared statement of DuckDB: what it asks for and what it will give, found out once. How it
// runs is its session's, which hands it a function for that. It belongs to the session's thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "store/duckdb_handles.h"
#include "store/session.h"

namespace millrace::store {

class DuckdbStatement : public Statement {
 public:
  enum class Plan : uint8_t { kKept, kNew };
  using Run = std::function<Result<std::unique_ptr<ResultStream>>(
      DuckdbStatement&, std::span<const BoundValue>, Plan)>;
  explicit DuckdbStatement(Run run) : run_(std::move(run)) {}

  /// Takes the statement and reads its parameters and columns. Errors: kUnsupported for a column
  /// that has no text.
  Status describe(Prepared prepared);

  const Prepared& prepared() const { return prepared_; }
  const std::vector<SqlType>& parameters() const override { return parameters_; }
  const std::optional<std::vector<ResultColumn>>& columns() const override { return columns_; }
  Result<std::unique_ptr<ResultStream>> execute(std::span<const BoundValue> values) override {
    return run_(*this, values, Plan::kKept);
  }
  Result<std::unique_ptr<ResultStream>> execute_anew(std::span<const BoundValue> values) override {
    return run_(*this, values, Plan::kNew);
  }

 private:
  const Run run_;
  Prepared prepared_;
  std::vector<SqlType> parameters_;
  std::optional<std::vector<ResultColumn>> columns_;
};

}  // namespace millrace::store
