// What CREATE MODEL and CREATE PIPELINE say, checked for grammar and nothing else: sql/ makes these
// from text and prints them back (SHOW CREATE), the engine checks them against the world, keeps
// them in the store as JSON, and compiles them into running things.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/argument.h"
#include "decode/decoder.h"
#include "store/batch_writer.h"
#include "transform/program.h"

namespace millrace::engine {

/// A name with its database, both as the user wrote them (compared without case).
struct ObjectName {
  std::string database;
  std::string name;

  bool operator==(const ObjectName&) const = default;
  /// `"db"."name"`, for messages.
  std::string quoted() const;
};

struct ModelDefinition {
  ObjectName name;
  Argument estimator;  // the call: LinearClassifier(label => match, ...)
};

enum class StepKind : uint8_t { kNone, kTrain, kClassify };

enum class SourceKind : uint8_t { kKafka, kFiles };

/// "KAFKA", "FS": as written behind LOAD DATA.
std::string_view name_of(SourceKind kind);

struct SourceDefinition {
  SourceKind kind = SourceKind::kKafka;
  std::string brokers;                             // "host:port,host:port"
  std::string topic;                               // kFiles: the path, a folder or a pattern
  std::map<std::string, std::string> config;       // CONFIG
  std::map<std::string, std::string> credentials;  // CREDENTIALS; never shown
};

/// WITH TRANSFORM. The store keeps the program's bytes as they were when it was created or
/// reloaded.
struct TransformDefinition {
  transform::ProgramSource source;
  std::string checksum;  // of the bytes; empty until they are kept
};

enum class FormatKind : uint8_t { kCsv, kJson, kAvro };

/// An entry of the column list: a column, or a @variable (name without the @).
struct FieldDefinition {
  std::string name;
  bool variable = false;
  // JSON and Avro: `name <- path [DEFAULT literal]`; an empty path is %, the whole.
  std::vector<std::string> path = {};
  std::optional<decode::Literal> default_value = {};
};

/// An expression of SET or WHERE as the store's SQL, in which each @variable stands as a quoted
/// identifier: @age -> "@age". `reads` lists the columns and variables ("@age") it names.
struct Expression {
  std::string sql;
  std::string text;  // as the user wrote it, for SHOW CREATE
  std::vector<std::string> reads;
};

struct SetDefinition {
  std::string column;
  Expression value;
};

/// 64 Ki messages of a partition are a tenth of a second of work: long enough to be quick, short
/// enough to stay fresh under a backlog.
inline constexpr int64_t kOffsetsPerPartitionDefault = 65536;
inline constexpr int64_t kOffsetsPerPartitionMax = 100'000'000;
inline constexpr int64_t kBatchIntervalMsMax = 24LL * 3600 * 1000;

/// REJECTS INTO: where rejects go besides millrace.rejects. Into a table exactly once, into a topic
/// at least once.
struct RejectsDefinition {
  enum class Kind : uint8_t { kNone, kTable, kKafka } kind = Kind::kNone;
  ObjectName table;
  std::string brokers;
  std::string topic;

  bool operator==(const RejectsDefinition&) const = default;
};

/// IGNORE and SKIP ... ERRORS: which bad rows do not stop a pipeline whose STOP_ON_ERROR is
/// ON. They are rejects like any other.
enum class SkippedErrors : uint8_t { kNone, kAll, kIgnore, kConstraint, kDuplicateKey, kParser };

struct PipelineDefinition {
  ObjectName name;
  SourceDefinition source;
  int64_t batch_interval_ms = 0;
  int64_t offsets_per_partition_max = kOffsetsPerPartitionDefault;
  int64_t partitions_max = 0;  // MAX_PARTITIONS_PER_BATCH; 0: all
  /// MAX_RETRIES_PER_BATCH_PARTITION: more failures without a batch in between end in state Error.
  std::optional<int64_t> retries_max;
  bool stop_on_error = false;  // STOP_ON_ERROR ON: a reject stops the pipeline
  std::optional<TransformDefinition> transform;
  StepKind step = StepKind::kNone;
  ObjectName model;  // for kTrain and kClassify
  ObjectName table;
  FormatKind format = FormatKind::kCsv;
  decode::CsvFormat csv;
  std::string avro_schema;              // the SCHEMA clause: JSON, or empty
  std::vector<FieldDefinition> fields;  // empty, for CSV: the target's columns in order
  std::vector<SetDefinition> set;
  Expression where;  // sql empty: none
  SkippedErrors skipped = SkippedErrors::kNone;
  store::Duplicates duplicates = store::Duplicates::kRefuse;
  std::vector<SetDefinition> on_duplicate;  // ON DUPLICATE KEY UPDATE
  RejectsDefinition rejects;
  std::string creator = {};  // the user; empty in what was kept before there were others than root
};

/// Definitions as JSON, as kept in the store. Errors: kInvalidArgument for text that is not UTF-8.
Result<std::string> to_json(const ModelDefinition& model);
Result<std::string> to_json(const PipelineDefinition& pipeline);
/// And back; `name` is the object's. Errors: kDataLoss, which names it.
Result<ModelDefinition> model_from_json(const ObjectName& name, const std::string& json);
Result<PipelineDefinition> pipeline_from_json(const ObjectName& name, const std::string& json);
/// Of a pipeline's definition what decides which rows come of its messages, but for the transform:
/// what a batch must be learned again by.
Result<std::string> reading_json(const PipelineDefinition& pipeline);
/// The definition with another reading. Errors: kDataLoss.
Result<PipelineDefinition> with_reading(const PipelineDefinition& pipeline,
                                        const std::string& reading);
/// What a pipeline reads, with its credentials: what a batch is read from again once the pipeline
/// reads another topic.
Result<std::string> source_json(const PipelineDefinition& pipeline);
/// The definition with that source. Brokers that are still the pipeline's are asked with its
/// present properties, for a password may be another one now. Errors: kDataLoss.
Result<PipelineDefinition> with_source(const PipelineDefinition& pipeline,
                                       const std::string& source);
/// A property of CONFIG that belongs into CREDENTIALS: never shown.
bool looks_secret(std::string_view key);
/// CONFIG for system tables: without credentials, and with secrets that slipped into it hidden.
std::string config_json(const SourceDefinition& source);

}  // namespace millrace::engine
