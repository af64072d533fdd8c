#include "engine/alter_pipeline.h"

namespace millrace::engine {
namespace {

bool is_empty(const PropertiesChange& change) {
  return !change.all && change.some.empty();
}

bool is_empty(const ReadingChange& change) {
  return !change.format && !change.avro_schema && !change.fields && !change.lines && !change.null &&
         !change.ignore_lines && !change.latin1 && !change.columns && !change.set && !change.where;
}

void change_properties(const PropertiesChange& change,
                       std::map<std::string, std::string>& properties) {
  if (change.all) properties = *change.all;
  for (const auto& [key, value] : change.some) properties[key] = value;
}

Error other_format(const PipelineDefinition& definition, const std::string& clause,
                   const std::string& format) {
  return Error(Code::kInvalidArgument, "pipeline \"" + definition.name.name + "\": clause " +
                                           clause + " belongs to FORMAT " + format);
}

/// The list's form is its format's: (a, @b) of CSV, (a <- key::key) of JSON and Avro.
Status check_columns(const ReadingChange& change, const PipelineDefinition& definition) {
  const bool csv = definition.format == FormatKind::kCsv;
  if (change.format && !change.columns)
    return Error(Code::kInvalidArgument,
                 "pipeline \"" + definition.name.name + "\": FORMAT comes with a column list",
                 csv ? "Name the fields: FORMAT CSV (a, @b, ...)."
                     : "Say where the columns are found: (a <- key::key, ...).");
  if (!change.columns || change.columns_with_paths != csv) return {};
  return Error(
      Code::kInvalidArgument,
      "pipeline \"" + definition.name.name + "\": the column list " +
          (csv ? "of FORMAT CSV has no paths (<-)" : "has no paths, and its format is not CSV"));
}

void change_csv(const ReadingChange& change, decode::CsvFormat& csv) {
  if (change.fields) {
    csv.fields_terminated_by = change.fields->fields_terminated_by;
    csv.enclosed_by = change.fields->enclosed_by;
    csv.optionally_enclosed = change.fields->optionally_enclosed;
    csv.escaped_by = change.fields->escaped_by;
  }
  if (change.lines) {
    csv.lines_starting_by = change.lines->lines_starting_by;
    csv.lines_terminated_by = change.lines->lines_terminated_by;
  }
  if (change.null) {
    csv.null_defined_by = change.null->null_defined_by;
    csv.null_optionally_enclosed = change.null->null_optionally_enclosed;
    csv.empty_is_null = change.null->empty_is_null;
  }
  if (change.ignore_lines) csv.ignore_lines = *change.ignore_lines;
  if (change.latin1) csv.latin1 = *change.latin1;
}

Status change_reading(const ReadingChange& change, PipelineDefinition& definition) {
  if (change.format && *change.format != definition.format) {
    definition.format = *change.format;
    definition.csv = {};
    definition.avro_schema.clear();
  }
  TRY_OK(check_columns(change, definition));
  const bool latin1 = change.latin1 && *change.latin1;
  const bool of_csv = change.fields || change.lines || change.null || change.ignore_lines || latin1;
  if (of_csv && definition.format != FormatKind::kCsv)
    return other_format(definition,
                        change.fields  ? "FIELDS"
                        : change.lines ? "LINES"
                        : change.null  ? "NULL DEFINED BY"
                        : latin1       ? "CHARACTER SET latin1"
                                       : "IGNORE LINES",
                        "CSV");
  if (change.avro_schema && definition.format != FormatKind::kAvro)
    return other_format(definition, "SCHEMA", "AVRO");
  change_csv(change, definition.csv);
  if (change.avro_schema) definition.avro_schema = *change.avro_schema;
  if (change.columns) definition.fields = *change.columns;
  if (change.set) definition.set = *change.set;
  if (change.where) definition.where = *change.where;
  return {};
}

/// Offsets are of a topic. Whether a topic of the same name at other brokers is the same one is
/// told by its id when the pipeline starts; another has other cursors (moved_cursors()).
Status change_source(const PipelineChange& change, PipelineDefinition& definition) {
  if (!change.source) return {};
  auto& source = definition.source;
  if (change.source->kind == SourceKind::kKafka && source.kind == SourceKind::kKafka) {
    source.brokers = change.source->brokers;
    source.topic = change.source->topic;
    return {};
  }
  const auto named = [](const SourceDefinition& of) {
    return (of.kind == SourceKind::kKafka ? "topic \"" : "files \"") + of.topic + "\"";
  };
  return Error(Code::kInvalidArgument,
               "pipeline \"" + definition.name.name + "\" reads " + named(source) +
                   ": SET LOAD DATA cannot give it " + named(*change.source),
               "It gives a pipeline of Kafka other brokers or another topic. CREATE OR REPLACE "
               "PIPELINE begins with another source.");
}

void change_settings(const PipelineChange& change, PipelineDefinition& definition) {
  if (change.new_name) definition.name.name = *change.new_name;
  if (change.batch_interval_ms) definition.batch_interval_ms = *change.batch_interval_ms;
  if (change.offsets_per_partition_max)
    definition.offsets_per_partition_max = *change.offsets_per_partition_max;
  if (change.partitions_max) definition.partitions_max = *change.partitions_max;
  if (change.retries_max) definition.retries_max = *change.retries_max;
  if (change.stop_on_error) definition.stop_on_error = *change.stop_on_error;
}

}  // namespace

Result<ChangedPipeline> changed_pipeline(const ProbeContext& context, const PipelineChange& change,
                                         const std::optional<FetchedProgram>& program) {
  ChangedPipeline changed{context.definition, {}};
  auto& definition = changed.definition;
  if (program) {
    TRY(definition.transform, keep_program(*program, context.store));
  }
  change_settings(change, definition);
  TRY_OK(change_source(change, definition));
  change_properties(change.config, definition.source.config);
  change_properties(change.credentials, definition.source.credentials);
  TRY_OK(change_reading(change.reading, definition));
  const ProbeContext after{context.pipeline_id, definition, context.model, context.options,
                           context.store};
  if (change.source || !is_empty(change.config) || !is_empty(change.credentials) ||
      !is_empty(change.reading)) {
    TRY_OK(check_definition(after));
  } else if (definition.transform) {
    TRY([[maybe_unused]] const auto made,
        make_transform(definition, context.options, context.store));
  }
  TRY(changed.move, moved_cursors(after, context.definition.source, change.offsets));
  for (const int32_t partition : change.dropped_partitions)
    TRY_OK(drop_partition(context, partition, changed.move));
  for (const auto& file : change.dropped_files)
    TRY_OK(context.store.skip_file(context.pipeline_id, file));
  return changed;
}

}  // namespace millrace::engine
