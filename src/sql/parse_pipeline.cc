// The statements about pipelines: CREATE, DROP, START, STOP, ALTER, TEST, PROFILE, EXTRACT, but for
// the LOAD DATA inside (parse_load_data.cc).
#include <charconv>
#include <limits>

#include "decode/time_text.h"
#include "sql/json_object.h"
#include "sql/parse.h"

namespace millrace::sql {
namespace {

/// LIMIT n [`unit`]
Result<int64_t> limit(TokenReader& reader, std::string_view unit) {
  TRY_OK(reader.expect("LIMIT"));
  TRY(const int64_t number, reader.integer("LIMIT", 1, 100'000'000));
  if (!unit.empty()) TRY_OK(reader.expect(unit));
  return number;
}

/// '{"0": 10, "1": 20}': the next offset of each partition.
Result<std::map<int32_t, int64_t>> offsets(TokenReader& reader) {
  const int64_t position = reader.position();
  const auto wrong = [&] {
    return reader.error_at(
        position, Code::kInvalidArgument, "these are no offsets",
        "They are written '{\"0\": 10, \"1\": 20}': of each partition the next.");
  };
  TRY(const std::string json, reader.string("offsets as a JSON object in quotes"));
  const auto object = parse_json_object(json);
  if (!object || object->empty()) return wrong();
  std::map<int32_t, int64_t> result;
  const auto whole = [](const std::string& text, auto& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && value >= 0;
  };
  for (const auto& [partition, offset] : *object) {
    int32_t number = 0;
    int64_t next = 0;
    if (!whole(partition, number) || !whole(offset, next)) return wrong();
    result[number] = next;
  }
  return result;
}

/// EARLIEST | LATEST | TIMESTAMP {'2026-01-31 12:00:00' | milliseconds} | [CURSOR] 'json'
Result<engine::OffsetsChange> offsets_change(TokenReader& reader) {
  using Form = engine::OffsetsChange::Form;
  engine::OffsetsChange change;
  if (reader.accept("EARLIEST")) return change;
  if (reader.accept("LATEST")) {
    change.form = Form::kLatest;
    return change;
  }
  if (reader.accept("TIMESTAMP")) {
    change.form = Form::kTime;
    if (reader.peek().kind == TokenKind::kNumber) {
      TRY(change.timestamp_ms, reader.integer("the time in milliseconds since 1970", 0,
                                              std::numeric_limits<int64_t>::max()));
      return change;
    }
    const int64_t position = reader.position();
    TRY(const std::string text, reader.string("a time"));
    int64_t micros = 0;
    if (decode::parse_timestamp(text, micros) != decode::Parsed::kValue)
      return reader.error_at(position, Code::kInvalidArgument, "\"" + text + "\" is no time",
                             "It is written '2026-01-31 23:59:59', in UTC.");
    change.timestamp_ms = micros / 1000;
    return change;
  }
  if (!reader.accept("CURSOR") && reader.peek().kind != TokenKind::kString)
    return reader.error("EARLIEST, LATEST, TIMESTAMP or offsets", {"EARLIEST", "LATEST"});
  change.form = Form::kGiven;
  TRY(change.offsets, offsets(reader));
  return change;
}

}  // namespace

Result<transform::ProgramSource> parse_transform(TokenReader& reader) {
  transform::ProgramSource source;
  TRY_OK(reader.expect("("));
  const int64_t position = reader.position();
  TRY(source.uri, reader.string("the program's URI"));
  TRY_OK(reader.expect(","));
  TRY(source.program, reader.string("the program's name, or ''"));
  TRY_OK(reader.expect(","));
  TRY(source.arguments, reader.string("the program's arguments, or ''"));
  TRY_OK(reader.expect(")"));
  if (auto right = transform::check_source(source); !right) {
    auto error = std::move(right).error();
    error.position = position;
    return error;
  }
  return source;
}

namespace {

/// 'json', which takes the place of all there are, or ::key = 'value'.
Status properties(TokenReader& reader, std::string_view what, engine::PropertiesChange& change) {
  if (!reader.accept("::")) {
    TRY(change.all, read_json_object(reader, what, "a JSON object in quotes, or ::key = 'value'"));
    return {};
  }
  std::string key;
  do {
    if (!is_name(reader.peek()) && reader.peek().kind != TokenKind::kString)
      return reader.error("the property's name");
    key += (key.empty() ? "" : ".") + reader.value();
    reader.skip();
  } while (reader.accept("."));
  TRY_OK(reader.expect("="));
  TRY(change.some[key], reader.string("the property's value in quotes"));
  return {};
}

/// False for a clause that a pipeline is created with for good.
bool change_clause(std::string_view clause, const CreatePipeline& made,
                   engine::PipelineChange& change) {
  const auto& pipeline = made.pipeline;
  auto& reading = change.reading;
  if (clause == "FORMAT") {
    reading.format = pipeline.format;
    // SCHEMA REGISTRY is a property; CONFIG of the same statement has it already.
    if (pipeline.format == engine::FormatKind::kAvro) change.config.some = pipeline.source.config;
  } else if (clause == "SCHEMA") {
    reading.avro_schema = pipeline.avro_schema;
  } else if (clause == "FIELDS") {
    reading.fields = pipeline.csv;
  } else if (clause == "LINES") {
    reading.lines = pipeline.csv;
  } else if (clause == "IGNORE LINES") {
    reading.ignore_lines = pipeline.csv.ignore_lines;
  } else if (clause == "NULL DEFINED BY") {
    reading.null = pipeline.csv;
  } else if (clause == kColumnList || clause == kPathList) {
    reading.columns = pipeline.fields;
    reading.columns_with_paths = clause == kPathList;
  } else if (clause == "SET") {
    reading.set = pipeline.set;
  } else if (clause == "WHERE") {
    reading.where = pipeline.where;
  } else if (clause == "CONFIG") {
    change.config.all = pipeline.source.config;
  } else if (clause == "CREDENTIALS") {
    change.credentials.all = pipeline.source.credentials;
  } else if (clause == "BATCH_INTERVAL") {
    change.batch_interval_ms = pipeline.batch_interval_ms;
  } else if (clause == "MAX_OFFSETS_PER_BATCH_PARTITION") {
    change.offsets_per_partition_max = pipeline.offsets_per_partition_max;
  } else if (clause == "MAX_RETRIES_PER_BATCH_PARTITION") {
    change.retries_max = pipeline.retries_max;
  } else if (clause == "MAX_PARTITIONS_PER_BATCH") {
    change.partitions_max = pipeline.partitions_max;
  } else if (clause == "STOP_ON_ERROR") {
    change.stop_on_error = pipeline.stop_on_error;
  } else if (clause == "CHARACTER SET") {
    reading.latin1 = pipeline.csv.latin1;
  } else {
    return clause == "RESOURCE POOL" || clause == "OUT_OF_ORDER OPTIMIZATION";
  }
  return true;
}

Status changed_clauses(TokenReader& reader, AlterPipeline& alter) {
  CreatePipeline made;
  TRY_OK(parse_load_data(reader, alter.name.database, LoadDataOf::kChange, made));
  for (const auto& clause : made.clauses) {
    if (change_clause(clause, made, alter.change)) continue;
    Error error = reader.unsupported("clause " + clause + " of ALTER PIPELINE");
    error.hint =
        "CREATE OR REPLACE PIPELINE keeps the offsets while brokers and topic are the same.";
    return error;
  }
  alter.warnings.insert(alter.warnings.end(), made.warnings.begin(), made.warnings.end());
  return {};
}

Status change_setting(TokenReader& reader, AlterPipeline& alter) {
  auto& change = alter.change;
  if (reader.accept("OFFSETS")) {
    TRY(change.offsets, offsets_change(reader));
  } else if (reader.accept("BATCH_INTERVAL")) {
    TRY(change.batch_interval_ms, reader.integer("BATCH_INTERVAL", 0, engine::kBatchIntervalMsMax));
  } else if (reader.accept("MAX_OFFSETS_PER_BATCH_PARTITION")) {
    TRY(change.offsets_per_partition_max,
        reader.integer("MAX_OFFSETS_PER_BATCH_PARTITION", 1, engine::kOffsetsPerPartitionMax));
  } else if (reader.accept("MAX_RETRIES_PER_BATCH_PARTITION")) {
    TRY(change.retries_max,
        reader.integer("MAX_RETRIES_PER_BATCH_PARTITION", 0, std::numeric_limits<int64_t>::max()));
  } else if (reader.accept("STOP_ON_ERROR")) {
    change.stop_on_error = reader.at("ON");
    if (!reader.accept("ON") && !reader.accept("OFF"))
      return reader.error("ON or OFF", {"ON", "OFF"});
  } else if (reader.accept("TRANSFORM")) {
    TRY(change.transform, parse_transform(reader));
  } else if (reader.accept("MAX_PARTITIONS_PER_BATCH")) {
    TRY(change.partitions_max,
        reader.integer("MAX_PARTITIONS_PER_BATCH", 0, std::numeric_limits<int64_t>::max()));
  } else if (reader.accept({"RESOURCE", "POOL"})) {
    TRY([[maybe_unused]] const std::string ignored, reader.name("a resource pool"));
    alter.warnings.emplace_back("RESOURCE POOL has no effect in millrace");
  } else if (reader.accept("CONFIG")) {
    return properties(reader, "CONFIG", change.config);
  } else if (reader.accept("CREDENTIALS")) {
    return properties(reader, "CREDENTIALS", change.credentials);
  } else if (reader.at("LOAD")) {
    CreatePipeline made;
    TRY_OK(parse_load_data(reader, alter.name.database, LoadDataOf::kSource, made));
    change.source = std::move(made.pipeline.source);
  } else {
    return reader.error("what to set",
                        {"OFFSETS", "BATCH_INTERVAL", "MAX_OFFSETS_PER_BATCH_PARTITION",
                         "MAX_PARTITIONS_PER_BATCH", "MAX_RETRIES_PER_BATCH_PARTITION",
                         "STOP_ON_ERROR", "TRANSFORM", "CONFIG", "CREDENTIALS", "LOAD DATA"});
  }
  return {};
}

}  // namespace

/// ALTER PIPELINE p SET ... [SET ...] | clauses of LOAD DATA | DROP PARTITION 'n' | RENAME TO q
Result<Statement> parse_alter_pipeline(TokenReader& reader, const std::string& database) {
  TRY_OK(check_utf8(reader));
  AlterPipeline result;
  TRY(result.name, reader.object_name("the pipeline's name", database));
  do {
    if (at_changed_clause(reader)) {
      TRY_OK(changed_clauses(reader, result));
    } else if (reader.accept("SET")) {
      do {
        TRY_OK(change_setting(reader, result));
      } while (reader.accept(","));
    } else if (reader.accept({"DROP", "PARTITION"})) {
      const int64_t position = reader.position();
      TRY(const std::string text, reader.string("the partition's number in quotes"));
      int32_t number = -1;
      const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (wrong != std::errc() || end != text.data() + text.size() || number < 0)
        return reader.error_at(position, Code::kInvalidArgument,
                               "\"" + text + "\" is no partition's number");
      result.change.dropped_partitions.push_back(number);
    } else if (reader.accept({"DROP", "FILE"})) {
      TRY(std::string file, reader.string("the file's name"));
      result.change.dropped_files.push_back(std::move(file));
    } else if (reader.accept({"DROP", "SET"})) {
      result.change.reading.set.emplace();
    } else if (reader.accept({"DROP", "WHERE"})) {
      result.change.reading.where.emplace();
    } else if (reader.accept({"RELOAD", "TRANSFORM"})) {
      result.change.reload_transform = true;
    } else if (reader.accept({"RENAME", "TO"})) {
      TRY(result.change.new_name, reader.name("the new name"));
    } else {
      return reader.error(
          "SET, a clause of LOAD DATA, DROP, RELOAD TRANSFORM or RENAME TO",
          {"SET", "FORMAT", "FIELDS", "LINES", "WHERE", "DROP", "RELOAD", "RENAME"});
    }
  } while (!reader.done());
  return result;
}

Result<Statement> parse_test_pipeline(TokenReader& reader, const std::string& database) {
  TestPipeline result;
  TRY(result.name, reader.object_name("the pipeline's name", database));
  if (reader.at("LIMIT")) {
    TRY(result.limit, limit(reader, ""));
  }
  TRY_OK(reader.expect_end());
  return result;
}

Result<Statement> parse_profile_pipeline(TokenReader& reader, const std::string& database) {
  ProfilePipeline result;
  TRY(result.name, reader.object_name("the pipeline's name", database));
  TRY_OK(reader.expect_end());
  return result;
}

Result<Statement> parse_detach_pipeline(TokenReader& reader, const std::string& database) {
  DetachPipeline result;
  TRY(result.name, reader.object_name("the pipeline's name", database));
  TRY_OK(reader.expect_end());
  return result;
}

Result<Statement> parse_retry_rejects(TokenReader& reader, const std::string& database) {
  RetryRejects result;
  TRY_OK(reader.expect({"REJECTS", "FOR", "PIPELINE"}));
  TRY(result.name, reader.object_name("the pipeline's name", database));
  TRY_OK(reader.expect_end());
  return result;
}

Result<Statement> parse_extract_pipeline(TokenReader& reader, const std::string& database) {
  ExtractPipeline result;
  TRY(result.name, reader.object_name("the pipeline's name", database));
  if (reader.accept("OFFSETS")) {
    TRY(result.offsets, offsets(reader));
  }
  TRY_OK(reader.expect({"INTO", "OUTFILE"}));
  TRY(result.file, reader.string("the file's name"));
  TRY_OK(reader.expect_end());
  return result;
}

Result<Statement> parse_create_pipeline(TokenReader& reader, const std::string& database,
                                        bool or_replace) {
  TRY_OK(check_utf8(reader));
  CreatePipeline result;
  TRY(result.existing, parse_existing(reader, or_replace));
  TRY(result.pipeline.name, reader.object_name("the pipeline's name", database));
  TRY_OK(reader.expect("AS"));
  // What the pipeline names without a database is looked for beside the pipeline.
  TRY_OK(parse_load_data(reader, result.pipeline.name.database, LoadDataOf::kPipeline, result));
  return result;
}

Result<Statement> parse_drop_pipeline(TokenReader& reader, const std::string& database) {
  DropPipeline result;
  result.absent = parse_absent(reader);
  TRY(result.name, reader.object_name("the pipeline's name", database));
  TRY_OK(reader.expect_end());
  return result;
}

Result<Statement> parse_run_pipeline(TokenReader& reader, const std::string& database, Verb verb) {
  RunPipeline result;
  result.verb = verb;
  if (reader.accept({"ALL", "PIPELINES"})) {
    if (database.empty()) return no_database();
    result.all = true;
    result.name.database = database;
    TRY_OK(reader.expect_end());
    return result;
  }
  TRY_OK(reader.expect("PIPELINE"));
  const bool lenient = verb == Verb::kStart ? reader.accept({"IF", "NOT", "RUNNING"})
                                            : reader.accept({"IF", "RUNNING"});
  if (lenient) result.absent = engine::Absent::kIgnore;
  TRY(result.name, reader.object_name("the pipeline's name", database));
  if (verb == Verb::kStart) {
    result.foreground = reader.accept("FOREGROUND");
    if (reader.at("LIMIT")) {
      // Whoever wants so many batches waits for them.
      result.foreground = true;
      TRY(result.batches_max, limit(reader, "BATCHES"));
    }
  }
  TRY_OK(reader.expect_end());
  return result;
}

}  // namespace millrace::sql
