#include "sql/print.h"

#include "data/schema.h"
#include "sql/json_object.h"
#include "sql/quote.h"

namespace millrace::sql {
namespace {

constexpr size_t kLineBytesMax = 80;

/// Bare names that would be read as something else.
std::string word(const std::string& name) {
  return same_name(name, "none") ? backticked(name) : mysql_name(name);
}

std::string label(const Argument& item) {
  return item.name.empty() ? "" : mysql_name(item.name) + " => ";
}

/// What stands before the items, and around them.
struct Brackets {
  std::string open;
  std::string_view close;
};

Brackets brackets(const Argument& item) {
  if (item.form == Argument::Form::kList) return {"[", "]"};
  return {word(item.text) + "(", ")"};
}

bool has_items(const Argument& item) {
  return item.form == Argument::Form::kList || item.form == Argument::Form::kCall;
}

/// On one line, without its label.
std::string line_of(const Argument& item) {
  if (has_items(item)) {
    const auto [open, close] = brackets(item);
    std::string result = open;
    for (size_t i = 0; i < item.items.size(); ++i) {
      result += (i > 0 ? ", " : "") + label(item.items[i]) + line_of(item.items[i]);
    }
    return result + std::string(close);
  }
  switch (item.form) {
    case Argument::Form::kName:
      return word(item.text);
    case Argument::Form::kString:
      return mysql_text(item.text);
    case Argument::Form::kNull:
      return "NULL";
    default:
      return item.text;
  }
}

/// On one line when it fits, else one item a line.
std::string argument(const Argument& item, size_t indent) {
  std::string line = line_of(item);
  if (!has_items(item) || item.items.empty() || line.size() + indent <= kLineBytesMax) return line;
  const auto [open, close] = brackets(item);
  std::string lines = open;
  for (size_t i = 0; i < item.items.size(); ++i) {
    lines += (i > 0 ? ",\n" : "\n") + std::string(indent + 2, ' ') + label(item.items[i]) +
             argument(item.items[i], indent + 2);
  }
  return lines + std::string(close);
}

/// CONFIG without the secrets that slipped into it.
std::string config_clause(const std::map<std::string, std::string>& config) {
  std::map<std::string, std::string> shown;
  for (const auto& [key, value] : config) {
    if (!engine::looks_secret(key)) shown[key] = value;
  }
  return shown.empty() ? "" : "\n  CONFIG " + mysql_text(json_object(shown));
}

/// Without its database when that is the other's.
std::string beside(const engine::ObjectName& name, const engine::ObjectName& owner) {
  if (same_name(name.database, owner.database)) return backticked(name.name);
  return backticked(name.database) + "." + backticked(name.name);
}

std::string csv_clauses(const decode::CsvFormat& csv) {
  const decode::CsvFormat defaults;
  std::string fields, lines, rest;
  if (csv.fields_terminated_by != defaults.fields_terminated_by) {
    fields += " TERMINATED BY " + mysql_text(csv.fields_terminated_by);
  }
  if (csv.enclosed_by != defaults.enclosed_by) {
    fields += csv.optionally_enclosed ? " OPTIONALLY" : "";
    fields += " ENCLOSED BY " + mysql_text(csv.enclosed_by);
  }
  if (csv.escaped_by != defaults.escaped_by) {
    fields += " ESCAPED BY " + mysql_text(csv.escaped_by);
  }
  if (csv.lines_starting_by != defaults.lines_starting_by) {
    lines += " STARTING BY " + mysql_text(csv.lines_starting_by);
  }
  if (csv.lines_terminated_by != defaults.lines_terminated_by) {
    lines += " TERMINATED BY " + mysql_text(csv.lines_terminated_by);
  }
  if (csv.ignore_lines != 0) rest += "\n  IGNORE " + std::to_string(csv.ignore_lines) + " LINES";
  if (csv.null_defined_by != defaults.null_defined_by || csv.empty_is_null ||
      csv.null_optionally_enclosed) {
    rest += "\n  NULL DEFINED BY " + mysql_text(csv.null_defined_by);
    if (csv.null_optionally_enclosed) rest += " OPTIONALLY ENCLOSED";
  }
  if (csv.latin1) rest += "\n  CHARACTER SET latin1";
  return (fields.empty() ? "" : "\n  FIELDS" + fields) +
         (lines.empty() ? "" : "\n  LINES" + lines) + rest;
}

std::string literal(const decode::Literal& value) {
  switch (value.form) {
    case decode::Literal::Form::kNull:
      return "NULL";
    case decode::Literal::Form::kText:
      return mysql_text(value.text);
    default:
      return value.text;
  }
}

/// ` <- key::key DEFAULT literal`
std::string path_of(const engine::FieldDefinition& field) {
  std::string result = " <- ";
  for (size_t i = 0; i < field.path.size(); ++i)
    result += (i > 0 ? "::" : "") + backticked(field.path[i]);
  if (field.path.empty()) result += "%";
  if (field.default_value) result += " DEFAULT " + literal(*field.default_value);
  return result;
}

std::string column_list(const engine::PipelineDefinition& pipeline) {
  std::string result;
  for (const auto& field : pipeline.fields) {
    if (!result.empty()) result += ", ";
    result += (field.variable ? "@" : "") + backticked(field.name);
    if (pipeline.format != engine::FormatKind::kCsv) result += path_of(field);
  }
  return result.empty() ? result : "\n  (" + result + ")";
}

std::string assignments(const std::string& word, const std::vector<engine::SetDefinition>& set) {
  std::string sql;
  for (const auto& one : set) {
    sql += sql.empty() ? "\n  " + word : ",\n  " + std::string(word.size(), ' ');
    sql += backticked(one.column) + " = " + one.value.text;
  }
  return sql;
}

std::string rejects_clause(const engine::PipelineDefinition& pipeline) {
  const auto& rejects = pipeline.rejects;
  switch (rejects.kind) {
    case engine::RejectsDefinition::Kind::kNone:
      return "";
    case engine::RejectsDefinition::Kind::kTable:
      return "\n  REJECTS INTO TABLE " + beside(rejects.table, pipeline.name);
    case engine::RejectsDefinition::Kind::kKafka:
      return "\n  REJECTS INTO KAFKA " + mysql_text(rejects.brokers + "/" + rejects.topic);
  }
  return "";
}

std::string errors_clause(const engine::PipelineDefinition& pipeline) {
  if (pipeline.duplicates == store::Duplicates::kReplace) return "\n  REPLACE";
  switch (pipeline.skipped) {
    case engine::SkippedErrors::kNone:
      return "";
    case engine::SkippedErrors::kIgnore:
      return "\n  IGNORE";
    case engine::SkippedErrors::kAll:
      return "\n  SKIP ALL ERRORS";
    case engine::SkippedErrors::kConstraint:
      return "\n  SKIP CONSTRAINT ERRORS";
    case engine::SkippedErrors::kDuplicateKey:
      return "\n  SKIP DUPLICATE KEY ERRORS";
    case engine::SkippedErrors::kParser:
      return "\n  SKIP PARSER ERRORS";
  }
  return "";
}

}  // namespace

std::string print(const engine::ModelDefinition& model) {
  return "CREATE MODEL " + backticked(model.name.name) + " AS " + argument(model.estimator, 0);
}

std::string print(const engine::PipelineDefinition& pipeline, const PipelineDefaults& defaults) {
  const PipelineDefaults own;
  const auto& source = pipeline.source;
  const bool files = source.kind == engine::SourceKind::kFiles;
  std::string sql = "CREATE PIPELINE " + backticked(pipeline.name.name) + " AS\n  LOAD DATA " +
                    std::string(name_of(source.kind)) + " " +
                    mysql_text(files ? source.topic : source.brokers + "/" + source.topic);
  sql += config_clause(source.config);
  if (pipeline.batch_interval_ms != own.batch_interval_ms ||
      pipeline.batch_interval_ms != defaults.batch_interval_ms) {
    sql += "\n  BATCH_INTERVAL " + std::to_string(pipeline.batch_interval_ms);
  }
  if (pipeline.offsets_per_partition_max != own.offsets_per_partition_max ||
      pipeline.offsets_per_partition_max != defaults.offsets_per_partition_max) {
    sql +=
        "\n  MAX_OFFSETS_PER_BATCH_PARTITION " + std::to_string(pipeline.offsets_per_partition_max);
  }
  if (pipeline.partitions_max > 0)
    sql += "\n  MAX_PARTITIONS_PER_BATCH " + std::to_string(pipeline.partitions_max);
  if (pipeline.retries_max) {
    sql += "\n  MAX_RETRIES_PER_BATCH_PARTITION " + std::to_string(*pipeline.retries_max);
  }
  if (pipeline.transform) {
    const auto& [uri, program, arguments] = pipeline.transform->source;
    sql += "\n  WITH TRANSFORM (" + mysql_text(uri) + ", " + mysql_text(program) + ", " +
           mysql_text(arguments) + ")";
  }
  if (pipeline.step != engine::StepKind::kNone) {
    sql +=
        pipeline.step == engine::StepKind::kTrain ? "\n  TRAIN MODEL " : "\n  CLASSIFY WITH MODEL ";
    sql += beside(pipeline.model, pipeline.name);
  }
  sql += errors_clause(pipeline) + rejects_clause(pipeline);
  if (pipeline.stop_on_error) sql += "\n  STOP_ON_ERROR ON";
  if (!pipeline.stop_on_error && defaults.stop_on_error) sql += "\n  STOP_ON_ERROR OFF";
  sql += "\n  INTO TABLE " + beside(pipeline.table, pipeline.name);
  if (pipeline.format == engine::FormatKind::kCsv) sql += csv_clauses(pipeline.csv);
  if (pipeline.format == engine::FormatKind::kJson) sql += "\n  FORMAT JSON";
  if (pipeline.format == engine::FormatKind::kAvro) sql += "\n  FORMAT AVRO";
  sql += column_list(pipeline);
  if (!pipeline.avro_schema.empty()) sql += "\n  SCHEMA " + mysql_text(pipeline.avro_schema);
  sql += assignments("SET ", pipeline.set);
  if (!pipeline.where.sql.empty()) sql += "\n  WHERE " + pipeline.where.text;
  sql += assignments("ON DUPLICATE KEY UPDATE ", pipeline.on_duplicate);
  return sql;
}

}  // namespace millrace::sql
