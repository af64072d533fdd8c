// A pipeline's cursors and logs: everything that a commit writes besides the rows themselves. All
// of it is written within the transaction of the commit, and checked against what is there, so that
// cursors, batch log, model log and snapshots cannot disagree.
#pragma once

#include <map>
#include <optional>
#include <span>

#include "data/row_builder.h"
#include "store/batch_writer.h"
#include "store/duckdb_batch_statement.h"
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
  DuckdbBatchLog(duckdb_connection connection, std::shared_ptr<BatchSources> sources,
                 int64_t pipeline_id)
      : connection_(connection), sources_(std::move(sources)), pipeline_id_(pipeline_id) {}

  /// Moves the cursors from where the batch begins to where it ends. Errors: kWrongState when they
  /// are not there, or when it is not the next batch.
  Status move_cursors(const BatchCommit& batch);
  /// The transaction of the last move_cursors() has been committed.
  void note_committed() { cursors_ = std::move(moved_); }
  Status log_batch(const BatchCommit& batch, std::span<const RangeOutcome> outcomes);
  Status log_rejects(const BatchCommit& batch, std::span<const Reject> rejects);
  /// The rejects of a batch that RETRY REJECTS tries again are none any more.
  Status take_back_rejects(int64_t batch_id);
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
  /// Where a pipeline is.
  struct Cursors {
    std::map<int32_t, int64_t> next_offsets;  // by partition
    int64_t last_batch = 0;
  };

  /// A statement that is made when it is first needed.
  using Kept = std::unique_ptr<BatchStatement>;

  Status insert(Kept& kept, RowBuilder rows, const char* table);
  Result<Cursors> read_cursors();
  Status move_known(const BatchCommit& batch, const std::vector<OffsetRange>& ranges);
  Status add_cursor(const BatchCommit& batch, const OffsetRange& range);
  Status move_head(const ModelCommit& model);
  Result<int64_t> last_version(int64_t model_id);
  Status log_model(int64_t batch_id, const ModelCommit& model, const ModelChange& made_by);
  Status log_metrics(int64_t batch_id, const ModelCommit& model);
  /// And drops those that `retention` does not keep. `bytes` are not copied on the way in.
  Status put_snapshot(int64_t model_id, const ModelSnapshot& snapshot, std::string_view bytes,
                      const Retention& retention);

  duckdb_connection connection_;
  std::shared_ptr<BatchSources> sources_;
  int64_t pipeline_id_;
  std::optional<Cursors> cursors_;  // as this log left them
  Cursors moved_;                   // what they are once the transaction is committed
  Kept move_cursors_;
  Kept move_cursors_of_topic_;
  Kept log_batch_;
  Kept move_head_;
  Kept log_version_;
  Kept log_metrics_;
};

}  // namespace millrace::store
