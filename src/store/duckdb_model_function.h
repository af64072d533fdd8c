// What predict() and explain() have in common as scalar functions of DuckDB: they take a model's
// name, a row (a struct; a table's name stands for its rows), and perhaps a whole number. Binding
// finds out once how the row is read: of its fields those are handed on that a Batch can hold,
// DECIMAL and HUGEINT as DOUBLE, ENUM as VARCHAR, every TIMESTAMP in microseconds. Then each
// chunk's rows are told apart by what they ask for. No model, no row or no number: NULL. They are
// volatile, since a model learns between two calls, so DuckDB never computes them ahead.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "store/duckdb_handles.h"

namespace millrace::store {

/// Rows of a chunk that ask the same of the same model.
struct ModelQuestion {
  std::string_view model;
  std::string_view database;      // the session's
  std::optional<int64_t> number;  // the third argument, if there is one
  std::vector<uint32_t> places;   // of the rows, in the chunk
};

/// One such function. Thread-safe.
class ModelFunction {
 public:
  /// The memory of one thread, from chunk to chunk.
  struct Scratch {
    virtual ~Scratch() = default;
    Batch rows;
    std::vector<uint8_t> keep;
  };

  virtual ~ModelFunction() = default;
  virtual const char* name() const = 0;
  virtual LogicalType returns() const = 0;
  virtual std::unique_ptr<Scratch> make_scratch() const { return std::make_unique<Scratch>(); }
  /// Makes all `count` rows of `output` NULL.
  virtual void clear(duckdb_vector output, size_t count) const = 0;
  /// Answers for scratch.rows, which become the rows `question.places` of `output`.
  virtual Status answer(const ModelQuestion& question, Scratch& scratch,
                        duckdb_vector output) const = 0;
};

/// Once for each start.
Status register_model_function(duckdb_connection connection,
                               std::shared_ptr<const ModelFunction> function);

void set_all_null(duckdb_vector vector, size_t count);

}  // namespace millrace::store
