// The engine is the only place where the stage rooms meet: it keeps the models and pipelines, runs
// the batch loop of each running pipeline, and shows what it does in system tables. sql/ calls it
// with checked statements. Thread-safe: sessions call it at the same time; none of them waits for a
// pipeline, except START (until the source answered, bounded) and STOP (until the batch at work is
// committed).
//
// System tables it adds to the store: millrace.models, information_schema.PIPELINES,
// PIPELINES_CURSORS. The predict() function of SQL is its too.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "engine/definition.h"
#include "engine/engine_variables.h"
#include "engine/table_load.h"
#include "store/store.h"

namespace millrace::engine {

struct EngineOptions {
  std::chrono::milliseconds connect_timeout{5000};    // how long START waits for a broker
  std::chrono::milliseconds snapshot_interval{1000};  // at least so long between two kept snapshots
  std::chrono::milliseconds retry_wait_max{5000};     // the longest pause before trying again
  std::chrono::milliseconds partitions_interval{10000};  // how often new partitions are looked for
  bool start_pipelines = true;                           // those that ran when we last ended
  /// What SET GLOBAL has set; the engine's own unless given.
  std::shared_ptr<EngineVariables> variables;
  std::string program_directory;  // where transforms are laid out; empty: a temporary one
};

/// What to do when the name is taken.
enum class Existing : uint8_t { kFail, kKeep, kReplace };
/// What to do when there is nothing (DROP) or nothing to do (START of a running one, STOP of a
/// stopped one).
enum class Absent : uint8_t { kFail, kIgnore };

/// What TRAIN MODEL ... ON and EVALUATE MODEL ... ON came to.
struct RowsReport {
  std::vector<std::pair<std::string, double>> metrics;  // TensorFlow's, over these rows
  int64_t global_step = 0;                              // of the model
  int64_t examples = 0;                                 // rows that were learned or evaluated
  int64_t version = 0;                                  // of the model
  int64_t refused = 0;                                  // rows that no model can learn
  std::vector<std::string> refusals;                    // why: of the first of them
};

/// A setting of ALTER MODEL: `learning_rate`, `dnn_optimizer.learning_rate`, `keep_versions`.
struct ModelSetting {
  std::string name;
  Argument value;
};

/// Where ALTER PIPELINE ... SET OFFSETS puts the cursors of a stopped pipeline.
struct OffsetsChange {
  enum class Form : uint8_t { kEarliest, kLatest, kTime, kGiven } form = Form::kEarliest;
  int64_t timestamp_ms = 0;            // kTime: the first message that is not older
  std::map<int32_t, int64_t> offsets;  // kGiven: the next offset of each partition to move
};

/// CONFIG or CREDENTIALS anew, or single properties of it.
struct PropertiesChange {
  std::optional<std::map<std::string, std::string>> all;
  std::map<std::string, std::string> some;
};

/// Clauses of how a pipeline reads; each that is given takes the place of the one before.
struct ReadingChange {
  std::optional<FormatKind> format;  // comes with the column list, whose form it decides on
  std::optional<std::string> avro_schema;
  std::optional<decode::CsvFormat> fields, lines, null;  // FIELDS, LINES, NULL DEFINED BY in them
  std::optional<int64_t> ignore_lines;
  std::optional<bool> latin1;
  std::optional<std::vector<FieldDefinition>> columns;
  bool columns_with_paths = false;
  std::optional<std::vector<SetDefinition>> set;  // empty: none any more
  std::optional<Expression> where;                // likewise
};

/// What ALTER PIPELINE says: only what is set is changed.
struct PipelineChange {
  std::optional<std::string> new_name;
  std::optional<int64_t> batch_interval_ms;
  std::optional<int64_t> offsets_per_partition_max;
  std::optional<int64_t> partitions_max;
  std::optional<int64_t> retries_max;
  std::optional<bool> stop_on_error;
  std::optional<OffsetsChange> offsets;
  /// SET LOAD DATA: other brokers, or another topic; its CONFIG is not looked at.
  std::optional<SourceDefinition> source;
  PropertiesChange config, credentials;
  ReadingChange reading;
  std::optional<transform::ProgramSource> transform;
  bool reload_transform = false;            // its program is fetched again
  std::vector<std::string> dropped_files;   // they are not read (any further)
  std::vector<int32_t> dropped_partitions;  // their cursors: the topic has them no more
};

/// What a run in the foreground did.
struct RunReport {
  int64_t batches = 0;
  int64_t messages = 0;
  int64_t rows = 0;
  int64_t rejects = 0;
  /// Of the last batch: microseconds of each step, in the order of the steps.
  std::vector<std::pair<std::string, int64_t>> steps;
};

/// What TEST PIPELINE found: the rows that would be written (for TRAIN: learned) as text, and what
/// would be rejected.
struct TestReport {
  Batch rows;
  std::vector<std::string> rejects;
  std::string said;  // what the transform wrote to stderr
};

class Engine {
 public:
  /// Loads the definitions and starts the pipelines that were running. The store outlives the
  /// engine.
  static Result<std::unique_ptr<Engine>> open(const EngineOptions& options, store::Store& store);
  virtual ~Engine() = default;

  /// Errors: kAlreadyExists, kInvalidArgument, kNotFound (with the nearest name) and those of
  /// features/ and estimator/; the message names the model. With warm_start_from, the model begins
  /// with what the other one has published.
  virtual Status create_model(const ModelDefinition& model, Existing existing) = 0;
  /// kWrongState while a pipeline uses it.
  virtual Status drop_model(const ObjectName& name, Absent absent) = 0;
  virtual Result<ModelDefinition> model(const ObjectName& name) = 0;
  /// DESCRIBE MODEL: one row a weight, the largest first.
  virtual Result<Batch> describe_model(const ObjectName& name) = 0;

  /// TRAIN MODEL ... ON: learns `rows` in their order, in steps of batch_size, as one version. The
  /// metrics are prequential. A pipeline that trains the model waits meanwhile. Without a row that
  /// can be learned there is no version. An error, of `rows` too, leaves the model as it was.
  virtual Result<RowsReport> train_model(const ObjectName& name, store::RowStream& rows,
                                         const std::string& statement) = 0;
  /// EVALUATE MODEL ... ON: changes nothing. `version` may be store::kNewest.
  virtual Result<RowsReport> evaluate_model(const ObjectName& name, int64_t version,
                                            store::RowStream& rows) = 0;
  /// A new version that knows what `version` knew. Errors: kNotFound when that is not kept.
  virtual Status restore_model(const ObjectName& name, int64_t version,
                               const std::string& statement) = 0;
  /// EXPORT MODEL ... INTO OUTFILE: a kept version, or the newest that is kept; returns which.
  /// Errors: kNotFound, and those of the file, which must be new.
  virtual Result<int64_t> export_model(const ObjectName& name, int64_t version,
                                       const std::string& file) = 0;
  /// Takes effect with the next batch. Errors name the setting, with the nearest there is.
  virtual Status alter_model(const ObjectName& name, const std::vector<ModelSetting>& settings,
                             const std::string& statement) = 0;
  /// CHECK MODEL: learns again what lies between two kept versions, and compares: one row a pair.
  virtual Result<Batch> check_model(const ObjectName& name, const std::stop_token& stop) = 0;

  /// Checks everything that can be without the broker; makes the TRAIN target when there is none.
  virtual Status create_pipeline(const PipelineDefinition& pipeline, Existing existing) = 0;
  virtual Status drop_pipeline(const ObjectName& name, Absent absent) = 0;
  virtual Result<PipelineDefinition> pipeline(const ObjectName& name) = 0;
  /// Waits for the source up to connect_timeout. A broker that cannot be reached is kUnavailable,
  /// and the pipeline keeps trying; a topic that is missing, or offsets that are gone, leave it in
  /// state Error.
  virtual Status start_pipeline(const ObjectName& name, Absent running) = 0;
  /// Returns when the batch at work is committed or given up.
  virtual Status stop_pipeline(const ObjectName& name, Absent stopped) = 0;
  /// Asks it to stop and does not wait for that. Errors: kWrongState when it does not run.
  virtual Status detach_pipeline(const ObjectName& name) = 0;
  /// A pipeline that runs is stopped for it and started again. Errors: kWrongState for offsets of a
  /// pipeline that runs; those of the source.
  virtual Status alter_pipeline(const ObjectName& name, const PipelineChange& change) = 0;
  /// START ... FOREGROUND: works until what the source holds now is done, or so many batches are.
  /// Errors are told, not tried again. Ends early when `stop` is asked for (kCancelled).
  virtual Result<RunReport> run_pipeline(const ObjectName& name, std::optional<int64_t> batches_max,
                                         const std::stop_token& stop) = 0;
  /// Takes the next `limit` messages of each partition, and shows what would become of them. Moves
  /// no cursor, writes nothing, trains nothing.
  virtual Result<TestReport> test_pipeline(const ObjectName& name, int64_t limit,
                                           const std::stop_token& stop) = 0;
  /// Writes the next batch's messages to a new file, each behind its length in eight bytes,
  /// little-endian; from the cursors, or from `offsets`. Returns the number of messages.
  virtual Result<int64_t> extract_pipeline(const ObjectName& name,
                                           const std::map<int32_t, int64_t>& offsets,
                                           const std::string& file,
                                           const std::stop_token& stop) = 0;
  /// Works what was rejected once more: messages is their number, rows and rejects what became of
  /// them. A pipeline that runs is stopped for it and started again. A batch is whole or not begun
  /// when `stop` is asked for.
  virtual Result<RunReport> retry_rejects(const ObjectName& name, const std::stop_token& stop) = 0;
  /// LOAD DATA INFILE, see engine/table_load.h; `session` is in a transaction.
  virtual Result<LoadReport> load(const PipelineDefinition& load, store::Session& session,
                                  const OpenLoadInput& open, const std::stop_token& stop) = 0;
  virtual int64_t variable(EngineVariable variable) = 0;
  /// SET GLOBAL; nothing: the default.
  virtual Status set_variable(const EngineVariableFacts& facts,
                              std::optional<std::string_view> value) = 0;
  virtual Status start_all(const std::string& database) = 0;
  virtual Status stop_all(const std::string& database) = 0;
  /// The names there are, for messages and completion.
  virtual std::vector<ObjectName> model_names() = 0;
  virtual std::vector<ObjectName> pipeline_names() = 0;
  /// kWrongState when models or pipelines live in `database` (DROP DATABASE).
  virtual Status check_droppable(const std::string& database) = 0;

  /// What SQL's predict() asks; lives as long as the engine.
  virtual store::Predictor& predictor() = 0;

  /// Stops all pipelines, keeping in mind that they ran. Idempotent; before destruction.
  virtual void stop() = 0;
};

}  // namespace millrace::engine
