#include "store/duckdb_writer.h"

#include <algorithm>

#include "base/fault.h"
#include "store/duckdb_batch_log.h"
#include "store/duckdb_connection.h"
#include "store/duckdb_error.h"
#include "store/duckdb_evaluation.h"
#include "store/duckdb_reject_table.h"
#include "store/duckdb_target.h"
#include "store/duckdb_transaction.h"

namespace millrace::store {
namespace {

class DuckdbWriter final : public BatchWriter {
 public:
  Status open(duckdb_database database, std::shared_ptr<BatchSources> sources,
              const PipelineIdentity& pipeline, const OutputSpec& output);
  Result<CommitOutcome> commit(const BatchCommit& batch) override;
  Status save_snapshot(int64_t model_id, const ModelSnapshot& snapshot,
                       const Retention& retention) override;

 private:
  Result<bool> commit_whole(const BatchCommit& batch);
  Status stage(const BatchCommit& batch);
  Status try_commit(const BatchCommit& batch);
  Status write(const BatchCommit& batch, Transaction& transaction);
  void count(const BatchCommit& batch);

  Connection connection_;
  std::unique_ptr<DuckdbTarget> target_;        // rows
  std::optional<DuckdbEvaluation> evaluation_;  // or the evaluation
  std::optional<DuckdbBatchLog> log_;
  std::optional<DuckdbRejectTable> reject_table_;

  bool refused_ = false;  // rows of the last batch: it is likely of the next one too
  // Of the batch that is being committed.
  std::vector<RowFailure> failures_;
  std::vector<Reject> rejects_;  // made of failures_
  std::vector<RangeOutcome> outcomes_;
};

Status DuckdbWriter::open(duckdb_database database, std::shared_ptr<BatchSources> sources,
                          const PipelineIdentity& pipeline, const OutputSpec& output) {
  TRY(connection_, open_connection(database, pipeline.database));
  log_.emplace(connection_.get(), sources, pipeline.id);
  if (!output.rejects_table.empty()) {
    TRY(reject_table_, DuckdbRejectTable::open(connection_.get(), pipeline, output));
  }
  if (output.form == OutputSpec::Form::kEvaluation) {
    TRY(evaluation_, DuckdbEvaluation::open(connection_.get(), std::move(sources), output));
  } else {
    TRY(target_, DuckdbTarget::open(database, connection_.get(), std::move(sources),
                                    pipeline.database, output));
  }
  return {};
}

/// Commits a batch of which the table takes every row. False, and nothing is changed, when it does
/// not: then the rows are looked at one by one.
Result<bool> DuckdbWriter::commit_whole(const BatchCommit& batch) {
  const bool any = batch.rows != nullptr && batch.rows->rows() > 0;
  if (!any || refused_ || !target_ || !target_->inserts_whole()) return false;
  TRY(auto transaction, Transaction::begin(connection_.get()));
  TRY_OK(log_->move_cursors(batch));
  const auto inserted = target_->insert(*batch.rows);
  if (!inserted && is_of_rows(inserted.error())) return false;
  TRY_OK(inserted);
  TRY_OK(write(batch, transaction));
  return true;
}

Status DuckdbWriter::stage(const BatchCommit& batch) {
  if (!target_) return {};
  static const Batch no_rows;
  return target_->stage(batch.rows != nullptr ? *batch.rows : no_rows, failures_);
}

Result<CommitOutcome> DuckdbWriter::commit(const BatchCommit& batch) {
  CHECK(batch.messages != nullptr && !batch.messages->ranges.empty(), "a batch moves a cursor");
  FAULT_STATUS("store.commit.before");
  failures_.clear();
  TRY(const bool committed, commit_whole(batch));
  if (!committed) {
    TRY_OK(stage(batch));
    TRY_OK(try_commit(batch));
    refused_ = !failures_.empty();
  }
  FAULT_POINT("store.commit.after");
  CommitOutcome outcome;
  for (const auto& range : outcomes_) {
    outcome.rows_written += target_ ? range.rows_out : 0;
    outcome.rejects += range.rejects;
    outcome.bytes += range.bytes;
  }
  return outcome;
}

/// A row that the target refuses fails the whole transaction; it is sifted out, and the rest is
/// tried again: once quickly, once with care; a third time is somebody's who changes the target.
Status DuckdbWriter::try_commit(const BatchCommit& batch) {
  constexpr int kTriesMax = 3;
  for (int attempt = 1;; ++attempt) {
    {
      TRY(auto transaction, Transaction::begin(connection_.get()));
      TRY_OK(log_->move_cursors(batch));
      auto appended = target_ ? target_->append() : Status();
      if (appended) return write(batch, transaction);
      if (!is_of_rows(appended.error())) return appended;
      if (attempt == kTriesMax) return Error(Code::kConflict, appended.error().message);
    }
    using Sifting = DuckdbTarget::Sifting;
    TRY_OK(target_->sift(attempt == 1 ? Sifting::kQuick : Sifting::kCareful, failures_));
  }
}

Status DuckdbWriter::write(const BatchCommit& batch, Transaction& transaction) {
  count(batch);
  if (batch.retried_batch) TRY_OK(log_->take_back_rejects(*batch.retried_batch));
  TRY_OK(log_->log_rejects(batch, batch.rejects));
  TRY_OK(log_->log_rejects(batch, rejects_));
  if (reject_table_) {
    TRY_OK(reject_table_->append(batch.batch_id, batch.rejects));
    TRY_OK(reject_table_->append(batch.batch_id, rejects_));
  }
  TRY_OK(log_->log_batch(batch, outcomes_));
  FAULT_STATUS("store.commit.middle");
  if (batch.model) TRY_OK(log_->log_model(batch.batch_id, *batch.model));
  if (evaluation_) TRY_OK(evaluation_->replace(batch.evaluation));
  TRY_OK(transaction.commit());
  log_->note_committed();
  return {};
}

/// What becomes of each range, and the rejects that failures make.
void DuckdbWriter::count(const BatchCommit& batch) {
  const auto& ranges = batch.messages->ranges;
  const auto& messages = batch.messages->messages;
  const auto own = std::span(messages).first(messages.size() - batch.messages->lines);
  outcomes_.assign(ranges.size(), {});
  size_t near = 0;  // messages come in the order of ranges
  const auto range_of = [&](int32_t partition) -> RangeOutcome& {
    for (size_t i = 0; ranges[near].partition != partition; near = (near + 1) % ranges.size())
      CHECK(i++ < ranges.size(), "each message is of a range of its batch");
    return outcomes_[near];
  };
  const auto& transformed = batch.messages->transformed;
  for (size_t i = 0; i < transformed.size(); ++i) outcomes_[i].bytes = transformed[i].bytes_in;
  if (transformed.empty()) {
    for (const auto& message : own)
      range_of(message.partition).bytes += static_cast<int64_t>(message.payload.size());
  }
  rejects_.clear();
  std::sort(failures_.begin(), failures_.end(),
            [](const RowFailure& a, const RowFailure& b) { return a.row < b.row; });
  for (const auto& failure : failures_) {
    const auto& message = messages[batch.rows->message_of_row()[failure.row]];
    rejects_.push_back(reject_of(message, failure.reason, failure.detail));
  }
  for (const auto& message : own)
    range_of(message.partition).rejects -= batch.retried_batch ? 1 : 0;
  for (const auto& reject : batch.rejects) ++range_of(reject.partition).rejects;
  for (const auto& reject : rejects_) ++range_of(reject.partition).rejects;
  if (!target_) {
    CHECK(batch.rows_learned.size() == ranges.size(), "rows learned are known for each range");
    for (size_t i = 0; i < ranges.size(); ++i) outcomes_[i].rows_out = batch.rows_learned[i];
    return;
  }
  const auto message_of_row =
      batch.rows != nullptr ? batch.rows->message_of_row() : std::span<const uint32_t>();
  for (size_t i = 0; i < target_->rows(); ++i)
    ++range_of(messages[message_of_row[target_->batch_row(i)]].partition).rows_out;
}

Status DuckdbWriter::save_snapshot(int64_t model_id, const ModelSnapshot& snapshot,
                                   const Retention& retention) {
  TRY(auto transaction, Transaction::begin(connection_.get()));
  TRY_OK(log_->save_snapshot(model_id, snapshot, retention));
  return transaction.commit();
}

}  // namespace

Result<std::unique_ptr<BatchWriter>> open_duckdb_writer(duckdb_database database,
                                                        std::shared_ptr<BatchSources> sources,
                                                        const PipelineIdentity& pipeline,
                                                        const OutputSpec& output) {
  auto writer = std::make_unique<DuckdbWriter>();
  TRY_OK(writer->open(database, std::move(sources), pipeline, output));
  return std::unique_ptr<BatchWriter>(std::move(writer));
}

}  // namespace millrace::store
