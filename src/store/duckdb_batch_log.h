// A pipeline's cursors and logs: everything that a commit writes besides the rows themselves. All
// of it is written within the transaction of the commit, and checked against what is there, so that
// cursors, batch log, model log and snapshots cannot disagree.
#pragma once

#include <span>

#include "store/batch_writer.h"
#include "store/duckdb_handles.h"

namespace millrace::store {

/// What became of the messages of one range.
struct RangeOutcome {
  int64_t rows_out = 0;
  int64_t rejects = 0;
  int64_t bytes = 0;
};

class DuckdbBatchLog {
 public:
  /// `pipeline_id` is 0 for what statements do.
  static Result<DuckdbBatchLog> open(duckdb_connection connection, int64_t pipeline_id);

  /// Moves the cursors from where the batch begins to where it ends. Errors: kWrongState when they
  /// are not there, or when it is not the next batch.
  Status move_cursors(const BatchCommit& batch);
  Status log_batch(const BatchCommit& batch, std::span<const RangeOutcome> outcomes);
  Status log_rejects(int64_t batch_id, std::span<const Reject> rejects);
  /// Version, metrics and, when due, the snapshot. Errors: kWrongState when the version is not the
  /// one after the last.
  Status log_model(int64_t batch_id, const ModelCommit& model) {
    return log_model(batch_id, model, {"batch", {}, {}});
  }
  /// What a statement made, outside of a batch.
  Status log_change(const ModelCommit& model, const ModelChange& change) {
    return log_model(0, model, change);
  }
  /// Outside of a batch. Errors: kWrongState for a version that was not logged.
  Status save_snapshot(int64_t model_id, const ModelSnapshot& snapshot, const Retention& retention);

 private:
  DuckdbBatchLog(duckdb_connection connection, int64_t pipeline_id)
      : connection_(connection), pipeline_id_(pipeline_id) {}
  Status log_model(int64_t batch_id, const ModelCommit& model, const ModelChange& made_by);
  Status log_metrics(int64_t batch_id, const ModelCommit& model);
  /// And drops those that `retention` does not keep. `bytes` are not copied on the way in.
  Status put_snapshot(int64_t model_id, const ModelSnapshot& snapshot, std::string_view bytes,
                      const Retention& retention);

  duckdb_connection connection_;
  int64_t pipeline_id_;
  Prepared read_cursors_;
  Prepared move_cursor_;
  Prepared add_cursor_;
  Prepared move_head_;
  Prepared add_head_;
  Prepared read_head_;
  Prepared drop_snapshot_;
  Prepared add_snapshot_;
  Prepared trim_snapshots_;
};

}  // namespace millrace::store
