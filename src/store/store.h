// The Store is where rows, offsets and models rest, in one transaction. A pipeline batch commits
// its rows, rejects, cursors, log entry, evaluation and model snapshot together or not at all:
// that, and cursors read from here alone, is what "exactly once" stands on. It also answers every
// SQL statement that is not one of ours. Implementations: DuckDB (one file, this process); later a
// remote MySQL-wire database. One Store per process; its methods are thread-safe, the objects it
// opens belong to one thread each.
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "store/batch_writer.h"
#include "store/session.h"

namespace millrace::store {

struct StoreOptions {
  std::string directory;         // made when missing; owned by one process at a time
  int64_t memory_bytes_max = 0;  // 0: half of what the machine has
  int threads_max = 0;           // 0: as many as cores, but one
  bool file_access = true;       // false: no statement reaches a file, COPY and ATTACH neither
};

/// A column of a user's table.
struct TableColumn {
  std::string name;
  std::string type_name;  // SQL's: "DECIMAL(10,2)"
  std::optional<DataType>
      type;  // what a Batch can hold of it; none: only a SET expression can fill it
  bool nullable = true;
  bool has_default = false;
  std::string number;  // SQL that makes an AUTO_INCREMENT column's next number; else empty
};

struct TableInfo {
  std::vector<TableColumn> columns;
  const TableColumn* find(std::string_view name) const;
};

/// What CREATE MODEL and CREATE PIPELINE leave behind. `body` is the engine's own text (JSON).
enum class DefinitionKind : uint8_t { kModel, kPipeline };
struct Definition {
  DefinitionKind kind = DefinitionKind::kModel;
  int64_t id = 0;  // given by put_definition() when 0; never used again
  std::string database;
  std::string name;
  std::string body;
  std::string state;       // the engine's word: "running", "stopped", "error"
  int64_t created_at = 0;  // microseconds since 1970
};

/// A training batch that was committed: enough to learn it again. A version that a statement made
/// has a kind (ModelChange) and no pipeline.
struct LoggedBatch {
  int64_t version = 0;  // the model version it made
  int64_t pipeline_id = 0;
  int64_t batch_id = 0;
  std::vector<OffsetRange> ranges;
  std::string kind;
  std::string program;        // the checksum of the transform that it went through, or empty
  std::string topic_id = {};  // MessageBatch's
};

/// How batches were read that are not behind an earlier one of these.
struct EarlierReading {
  int64_t last_batch_id = 0;
  std::string json;
};

/// What batches were read from that are not behind an earlier one of these: a topic that the
/// pipeline has left for another.
struct EarlierSource {
  int64_t last_batch_id = 0;
  std::string topic;
  std::string topic_id;  // empty: nobody knows
  std::string json;
};

/// Where a pipeline reads on.
struct CursorMove {
  std::vector<Cursor> cursors;  // these are of the topic from here on
  std::vector<int32_t> gone;    // partitions whose cursors are forgotten
  std::string topic_id;
  std::optional<EarlierSource> left;  // what the cursors were of up to now, when that is another

  bool empty() const { return cursors.empty() && gone.empty(); }
};

/// What a virtual table shows: rows made at each query.
struct VirtualTable {
  std::string schema;  // "millrace", "information_schema" (kept apart from the store's own)
  std::string name;
  std::shared_ptr<const Schema> columns;
  std::function<Batch()> rows;  // thread-safe, quick, never calls the store
};

/// The last version there is, whichever it is.
inline constexpr int64_t kNewest = std::numeric_limits<int64_t>::max();

/// A model as a statement names it: "name" or "database.name"; `database` is the session's.
struct ModelOfSql {
  std::string_view name;
  std::string_view database;
  int64_t version = kNewest;
};

/// predict('model', row): called with rows of one model at a time.
class Predictor {
 public:
  virtual ~Predictor() = default;
  /// class_id, class, probability, probabilities, logits, prediction, model_version.
  virtual const std::shared_ptr<const Schema>& output() const = 0;
  /// Thread-safe.
  virtual Status predict(const ModelOfSql& model, const Batch& rows, Batch& predictions) = 0;
};

/// What one feature of a row adds to its prediction.
struct ExplainedPart {
  std::string feature;  // the feature column
  std::string element;  // which of its buckets or words; empty for a number
  double value = 0;     // the number, or the weight of the category
  double contribution = 0;
};
using Explanation = std::vector<ExplainedPart>;

/// explain('model', row): called with rows of one model at a time.
class Explainer {
 public:
  virtual ~Explainer() = default;
  /// Of `class_id`, or without it of the class that is predicted, one explanation for each row;
  /// none for a row that cannot be predicted. Thread-safe.
  virtual Status explain(const ModelOfSql& model, std::optional<int64_t> class_id,
                         const Batch& rows,
                         std::vector<std::optional<Explanation>>& explanations) = 0;
};

/// One row of PIPELINES_ERRORS.
struct PipelineError {
  int64_t pipeline_id = 0;
  std::string database, pipeline;
  int64_t at = 0;              // microseconds since 1970
  std::string type = "Error";  // or Warning
  std::string kind;            // Extract, Transform, Load, Internal
  int code = 0;
  std::string message;
  int64_t batch_id = -1;
  int32_t partition = -1;
  std::string std_error;  // what a transform wrote to its stderr
  /// The row that stopped it.
  std::optional<std::string> line = {};
  int64_t line_number = 0;  // 0: not known
};

/// How much of the logs stays; 0: all of it. Nothing that a commit or a replay stands on is in it.
struct LogRetention {
  int64_t batches = 0;         // of a pipeline, the newest
  int64_t model_versions = 0;  // of a model, the newest
  int64_t rejects_micros = 0;
  int64_t errors_micros = 0;
};

/// A file of a pipeline that reads files; its number is its place in the list.
struct PipelineFile {
  std::string name;
  int64_t size = 0;
  bool skipped = false;
};

/// The rejects of one batch, as far as their bytes were kept whole.
struct KeptRejects {
  int64_t batch_id = 0;
  std::string topic = {}, topic_id = {};  // one that the pipeline has left; empty: its own
  std::vector<Reject> rejects;
};

class Store {
 public:
  virtual ~Store() = default;

  // For users' statements.
  virtual Result<std::unique_ptr<Session>> open_session() = 0;

  // Databases and tables (a database is a schema).
  virtual Result<std::vector<std::string>> databases() = 0;
  virtual Status create_database(const std::string& name, bool if_not_exists) = 0;
  virtual Result<std::optional<TableInfo>> table(const std::string& database,
                                                 const std::string& name) = 0;
  virtual Status create_table(const std::string& database, const std::string& name,
                              const Schema& columns) = 0;

  // Definitions of models and pipelines, read once at start.
  virtual Result<std::vector<Definition>> definitions() = 0;
  virtual Result<int64_t> put_definition(
      const Definition& definition) = 0;  // inserts or replaces by id
  /// The new text of a definition that is there.
  virtual Status set_body(int64_t definition_id, const std::string& body) = 0;
  /// A new model together with the state it starts with, its version 0 (warm start).
  virtual Result<int64_t> put_model(const Definition& definition,
                                    const ModelSnapshot& snapshot) = 0;
  virtual Status set_state(int64_t definition_id, const std::string& state) = 0;
  /// Removes it with all that hangs on it: cursors, log, errors, snapshots, metrics.
  virtual Status remove_definition(int64_t definition_id) = 0;

  // Pipelines.
  virtual Result<std::vector<Cursor>> cursors(int64_t pipeline_id) = 0;
  virtual Result<int64_t> last_batch_id(int64_t pipeline_id) = 0;  // 0 before the first
  /// One transaction: the changed definition of a pipeline, and its cursors moved, without a batch.
  /// What the logs hold of a topic that is left has that topic's name from here on. Nobody may be
  /// committing for the pipeline.
  virtual Status move_pipeline(const Definition& definition, const CursorMove& move) = 0;
  /// By ascending batches.
  virtual Result<std::vector<EarlierSource>> earlier_sources(int64_t pipeline_id) = 0;
  /// The topics that its cursors are of (MessageBatch::topic_id), as far as that is known.
  virtual Result<std::vector<std::string>> topic_ids(int64_t pipeline_id) = 0;
  /// Cursors of which nothing is known are of this topic.
  virtual Status adopt_topic(int64_t pipeline_id, const std::string& topic_id) = 0;
  /// `input` is the schema of the batches that will be committed. The output is checked against the
  /// target now.
  virtual Result<std::unique_ptr<BatchWriter>> open_writer(const PipelineIdentity& pipeline,
                                                           const OutputSpec& output) = 0;
  virtual Result<std::unique_ptr<Shaper>> open_shaper(const ShapeSpec& shape) = 0;
  virtual Status log_error(const PipelineError& error) = 0;
  /// Of the next batch behind `after` and up to `last` that has rejects: all of them, those that
  /// are cut, too.
  virtual Result<std::optional<KeptRejects>> next_rejects(int64_t pipeline_id, int64_t after,
                                                          int64_t last) = 0;
  virtual Result<std::vector<PipelineFile>> files(int64_t pipeline_id) = 0;
  /// They get the next numbers.
  virtual Status add_files(int64_t pipeline_id, const std::vector<PipelineFile>& files) = 0;
  /// kNotFound for a name that is not in the list.
  virtual Status skip_file(int64_t pipeline_id, const std::string& name) = 0;

  /// Forgets what the logs hold beyond `retention`: batches, rejects and errors of a pipeline. What
  /// a replay needs stays: the batches that are newer than their model's newest snapshot.
  virtual Status trim_pipeline_logs(int64_t pipeline_id, const LogRetention& retention) = 0;
  /// The same of a model's versions and their metrics, but for versions that are kept.
  virtual Status trim_model_logs(int64_t model_id, const LogRetention& retention) = 0;

  /// The reading (engine/definition.h) that a pipeline's batches were learned by up to now, for it
  /// gets another one.
  virtual Status keep_earlier_reading(int64_t pipeline_id, const std::string& json) = 0;
  /// By ascending batches.
  virtual Result<std::vector<EarlierReading>> earlier_readings(int64_t pipeline_id) = 0;

  // Programs of transforms, by the checksum of their bytes.
  virtual Result<std::string> keep_program(std::string_view bytes) = 0;  // its checksum
  virtual Result<std::string> program(const std::string& checksum) = 0;
  /// Those that are kept and not `used` are forgotten.
  virtual Status forget_programs(const std::vector<std::string>& used) = 0;

  // Models.
  virtual Result<std::optional<ModelSnapshot>> newest_snapshot(int64_t model_id) = 0;
  /// The snapshot of one version, if it is kept.
  virtual Result<std::optional<ModelSnapshot>> snapshot(int64_t model_id, int64_t version) = 0;
  /// The versions that have snapshots, ascending.
  virtual Result<std::vector<int64_t>> kept_versions(int64_t model_id) = 0;
  /// What was learned after one version up to another. Errors: kDataLoss when a batch is of a
  /// pipeline that is gone.
  virtual Result<std::vector<LoggedBatch>> training_log(int64_t model_id, int64_t after_version,
                                                        int64_t last_version) = 0;
  /// One transaction: a version that a statement made, with its snapshot, and the changed
  /// definition. Errors: kWrongState when it is not the version that follows the last.
  virtual Status commit_model(const ModelCommit& model, const ModelChange& change) = 0;

  /// Takes back what a model learned after a version, when it cannot be learned again.
  virtual Status forget_training(int64_t model_id, int64_t after_version) = 0;

  // Small persistent settings (passwords' hashes, global variables).
  virtual Result<std::optional<std::string>> setting(const std::string& key) = 0;
  virtual Status set_setting(const std::string& key, const std::string& value) = 0;

  virtual Status add_virtual_table(VirtualTable table) = 0;
  /// Once all are added: what restricted accounts see of the system tables (sql/access.h).
  virtual Status show_own_rows() = 0;
  virtual Status set_predictor(std::shared_ptr<Predictor> predictor) = 0;
  virtual Status set_explainer(std::shared_ptr<Explainer> explainer) = 0;

  /// Writes everything to the file and ends; sessions must be gone. Called once, before
  /// destruction.
  virtual Status close() = 0;
};

/// Opens or makes the store in options.directory. Errors: kUnavailable when another process owns
/// the directory (its process id in the message), kDataLoss for a damaged file, kResourceExhausted.
Result<std::unique_ptr<Store>> open_duckdb_store(const StoreOptions& options);

}  // namespace millrace::store
