// What a running pipeline uses of the store: a Shaper applies SET / WHERE to a batch before the
// model sees it; a BatchWriter commits a batch. The one belongs to the pipeline's reader thread and
// the other to its worker; both are opened anew at each start of the pipeline. An expression may
// name the batch's columns; a
// @variable is a column whose name starts with
// "@" (so the SQL text has it quoted: "@age").
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "data/message.h"
#include "data/reject.h"

namespace millrace::store {

/// column = expression, the expression as the store's SQL.
struct Assignment {
  std::string column;
  std::string expression;
};

struct ShapeSpec {
  std::shared_ptr<const Schema> input;
  std::vector<Assignment>
      columns;           // added to the input's columns, or in place of the one of that name
  std::string where;     // empty: all rows
  std::string names_in;  // the database of names that have none, tables and models; empty: main
  /// Of `columns`, those that are such a number where their expression is a text.
  std::map<std::string, Kind> numbers{};
};

/// A row on which an expression or a constraint failed.
struct RowFailure {
  uint32_t row = 0;
  RejectReason reason = RejectReason::kExpression;
  std::string detail;
};

class Shaper {
 public:
  virtual ~Shaper() = default;
  /// The columns of what shape() makes: the input's, then the new ones.
  virtual const std::shared_ptr<const Schema>& schema() const = 0;
  /// What can give other values for the same rows another time, as "random()"; empty: nothing.
  virtual const std::string& changing_part() const = 0;
  /// `out` gets the rows of `in` that pass WHERE, with message_of_row carried over. Rows on which
  /// an expression fails are left out and listed in `failures` (by their index in `in`); they do
  /// not disturb the others.
  virtual Status shape(const Batch& in, Batch& out, std::vector<RowFailure>& failures) = 0;
};

struct PipelineIdentity {
  int64_t id = 0;
  std::string database;
  std::string name;
};

/// What becomes of a row whose key the table has: it is refused, or takes the place of the other,
/// or the other is updated by expressions, in which a bare column is the other's and
/// `excluded.column` the row's; or it is left out without a word.
enum class Duplicates : uint8_t { kRefuse, kReplace, kUpdate, kIgnore };

struct OutputSpec {
  std::string database;
  std::string table;
  /// Rows: each batch row becomes a row of the table. Evaluation: the table holds one row, the
  /// evaluation, which every commit replaces.
  enum class Form : uint8_t { kRows, kEvaluation } form = Form::kRows;
  std::shared_ptr<const Schema> input;  // kRows: the schema of BatchCommit::rows
  std::vector<Assignment>
      columns;  // kRows: target columns to fill; a bare quoted input column is copied as it is
  std::string where;  // kRows
  Duplicates duplicates = Duplicates::kRefuse;
  std::vector<Assignment> on_duplicate;  // kUpdate
  size_t failures_max = SIZE_MAX;        // of a batch: after so many it is not looked at further
  // A table that rejects are written to as well, by the columns of reject_columns(); empty: none.
  std::string rejects_database, rejects_table;
};

/// The columns of a table that rejects are written to.
Schema reject_columns();

struct MetricValue {
  std::string scope;   // batch, window, lifetime
  std::string metric;  // TensorFlow's name
  double value = 0;
};

struct ModelSnapshot {
  int64_t version = 0;
  int64_t global_step = 0;
  int64_t examples = 0;
  int64_t batch_id = 0;  // of the pipeline that trained it last; 0 when a statement did
  std::string bytes;     // trainer, then metrics: the engine's envelope
  int64_t created_at = 0;
};

/// Which snapshots of a model stay: the newest ones, and all that are not older than this.
struct Retention {
  int64_t versions_max = 5;  // RunConfig's keep_checkpoint_max
  int64_t micros_max = 0;
};

/// The model's part of a commit.
struct ModelCommit {
  int64_t model_id = 0;
  std::string database, model;
  int64_t version = 0;  // after this batch; must be one more than the last logged
  int64_t global_step = 0;
  int64_t examples = 0;
  std::vector<MetricValue> metrics;
  std::optional<std::string> snapshot_bytes;  // when due
  Retention retention;
};

/// What makes a version that no pipeline makes: a statement. Its rows cannot be learned again, so
/// the version it makes always has its snapshot.
struct ModelChange {
  std::string kind;  // "train", "alter", "restore"
  std::string statement;
  std::optional<std::string> body;  // the definition's new text, if it changes
};

/// A row group of a table is full with these rows. A commit of as many goes past the log and
/// straight into the data file, at about half the cost of one that goes by the log. Rows beyond
/// make a row group that stays nearly empty, until a checkpoint writes it and others anew.
inline constexpr int64_t kRowGroupRows = 122'880;

/// How many rows of each partition of `ranges` (same order) went on after decode and shape.
struct BatchCommit {
  int64_t batch_id = 0;  // one more than the last committed
  const MessageBatch* messages = nullptr;
  const Batch* rows = nullptr;        // kRows; may be null when there are none
  std::vector<int64_t> rows_learned;  // kEvaluation: for each range
  std::vector<Reject> rejects;
  std::vector<std::pair<std::string, double>> evaluation;  // kEvaluation: by TensorFlow's names
  std::optional<ModelCommit> model;
  int64_t started_at = 0;  // microseconds since 1970
  /// The messages are rejects of this batch, which are taken back as such: the log counts them as
  /// rejects below zero, so that rows and rejects are the messages still. No cursor moves.
  std::optional<int64_t> retried_batch;
  std::string topic;       // retried: the one that the pipeline has left since; empty: its own
  std::string steps_json;  // microseconds per step: {"take":..,"decode":..}
  std::string program;     // the checksum of the transform that made the messages
};

struct CommitOutcome {
  int64_t rows_written = 0;
  int64_t rejects = 0;  // given ones plus rows the target refused; less those taken back
  int64_t bytes = 0;    // payload bytes of the messages, before a transform
};

class BatchWriter {
 public:
  virtual ~BatchWriter() = default;
  /// One transaction: rows, rejects, cursors, log, evaluation, metrics, snapshot. Rows on which an
  /// expression fails or that the target refuses become rejects. Errors leave nothing behind:
  /// kConflict and kResourceExhausted may be tried again with the same commit; kWrongState when the
  /// cursors in the store are not where this batch begins (someone else moved them).
  virtual Result<CommitOutcome> commit(const BatchCommit& batch) = 0;
  /// Only the model's snapshot, outside a batch (STOP PIPELINE, shutdown).
  virtual Status save_snapshot(int64_t model_id, const ModelSnapshot& snapshot,
                               const Retention& retention) = 0;
};

}  // namespace millrace::store
