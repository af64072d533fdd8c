// The user's table that a pipeline's rejects are written to as well (REJECTS INTO TABLE), in the
// transaction of the batch.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "data/reject.h"
#include "store/batch_writer.h"
#include "store/duckdb_handles.h"

namespace millrace::store {

class DuckdbRejectTable {
 public:
  /// Errors: kNotFound, kTypeMismatch for a table of other columns.
  static Result<DuckdbRejectTable> open(duckdb_connection connection,
                                        const PipelineIdentity& pipeline, const OutputSpec& output);

  Status append(int64_t batch_id, std::span<const Reject> rejects) const;

 private:
  DuckdbRejectTable(duckdb_connection connection, PipelineIdentity pipeline)
      : connection_(connection), pipeline_(std::move(pipeline)) {}

  duckdb_connection connection_;
  PipelineIdentity pipeline_;
  std::string schema_;
  std::string table_;
};

}  // namespace millrace::store
