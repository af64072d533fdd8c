#include "engine/definition.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "data/schema.h"

namespace millrace::engine {
namespace {

using Json = nlohmann::json;

constexpr int kDefinitionFormat = 1;
/// The members of a pipeline's JSON that decide how it reads; and a property of its CONFIG.
constexpr const char* kReading[] = {"format", "format_kind", "csv",  "avro_schema",
                                    "fields", "set",         "where"};
constexpr const char* kIsolation = "isolation.level";

Json argument_to_json(const Argument& argument) {
  Json items = Json::array();
  for (const auto& item : argument.items) items.push_back(argument_to_json(item));
  return Json{{"name", argument.name},
              {"form", static_cast<int>(argument.form)},
              {"text", argument.text},
              {"items", std::move(items)}};
}

Argument argument_from_json(const Json& json) {
  Argument argument;
  argument.name = json.at("name").get<std::string>();
  argument.form = static_cast<Argument::Form>(json.at("form").get<int>());
  argument.text = json.at("text").get<std::string>();
  for (const auto& item : json.at("items")) argument.items.push_back(argument_from_json(item));
  return argument;
}

Json name_to_json(const ObjectName& name) {
  return Json::array({name.database, name.name});
}

ObjectName name_from_json(const Json& json) {
  return {json.at(0).get<std::string>(), json.at(1).get<std::string>()};
}

Json expression_to_json(const Expression& expression) {
  return Json{{"sql", expression.sql}, {"text", expression.text}, {"reads", expression.reads}};
}

Expression expression_from_json(const Json& json) {
  return {json.at("sql").get<std::string>(), json.at("text").get<std::string>(),
          json.at("reads").get<std::vector<std::string>>()};
}

Json csv_to_json(const decode::CsvFormat& csv) {
  return Json{{"fields_terminated_by", csv.fields_terminated_by},
              {"enclosed_by", csv.enclosed_by},
              {"optionally_enclosed", csv.optionally_enclosed},
              {"escaped_by", csv.escaped_by},
              {"lines_starting_by", csv.lines_starting_by},
              {"lines_terminated_by", csv.lines_terminated_by},
              {"null_defined_by", csv.null_defined_by},
              {"null_optionally_enclosed", csv.null_optionally_enclosed},
              {"empty_is_null", csv.empty_is_null},
              {"ignore_lines", csv.ignore_lines},
              {"latin1", csv.latin1}};
}

decode::CsvFormat csv_from_json(const Json& json) {
  decode::CsvFormat csv;
  csv.fields_terminated_by = json.at("fields_terminated_by").get<std::string>();
  csv.enclosed_by = json.at("enclosed_by").get<std::string>();
  csv.optionally_enclosed = json.at("optionally_enclosed").get<bool>();
  csv.escaped_by = json.at("escaped_by").get<std::string>();
  csv.lines_starting_by = json.at("lines_starting_by").get<std::string>();
  csv.lines_terminated_by = json.at("lines_terminated_by").get<std::string>();
  csv.null_defined_by = json.at("null_defined_by").get<std::string>();
  csv.null_optionally_enclosed = json.at("null_optionally_enclosed").get<bool>();
  csv.empty_is_null = json.at("empty_is_null").get<bool>();
  csv.ignore_lines = json.at("ignore_lines").get<int64_t>();
  csv.latin1 = json.value("latin1", false);
  return csv;
}

Json field_to_json(const FieldDefinition& field) {
  Json json{{"name", field.name}, {"variable", field.variable}, {"path", field.path}};
  if (field.default_value)
    json["default"] = Json{{"form", static_cast<int>(field.default_value->form)},
                           {"text", field.default_value->text}};
  return json;
}

FieldDefinition field_from_json(const Json& json) {
  FieldDefinition field;
  field.name = json.at("name").get<std::string>();
  field.variable = json.at("variable").get<bool>();
  field.path = json.value("path", std::vector<std::string>());
  if (const auto at = json.find("default"); at != json.end())
    field.default_value =
        decode::Literal{static_cast<decode::Literal::Form>(at->at("form").get<int>()),
                        at->at("text").get<std::string>()};
  return field;
}

Json rejects_to_json(const RejectsDefinition& rejects) {
  return Json{{"kind", static_cast<int>(rejects.kind)},
              {"table", name_to_json(rejects.table)},
              {"brokers", rejects.brokers},
              {"topic", rejects.topic}};
}

RejectsDefinition rejects_from_json(const Json& json) {
  RejectsDefinition rejects;
  rejects.kind = static_cast<RejectsDefinition::Kind>(json.at("kind").get<int>());
  rejects.table = name_from_json(json.at("table"));
  rejects.brokers = json.at("brokers").get<std::string>();
  rejects.topic = json.at("topic").get<std::string>();
  return rejects;
}

Json source_to_json(const SourceDefinition& source) {
  return Json{{"kind", name_of(source.kind)},
              {"brokers", source.brokers},
              {"topic", source.topic},
              {"config", source.config},
              {"credentials", source.credentials}};
}

SourceDefinition source_from_json(const Json& json) {
  SourceDefinition source;
  if (json.at("kind").get<std::string>() == name_of(SourceKind::kFiles))
    source.kind = SourceKind::kFiles;
  source.brokers = json.at("brokers").get<std::string>();
  source.topic = json.at("topic").get<std::string>();
  source.config = json.at("config").get<std::map<std::string, std::string>>();
  source.credentials = json.at("credentials").get<std::map<std::string, std::string>>();
  return source;
}

Json transform_to_json(const std::optional<TransformDefinition>& transform) {
  if (!transform) return {};
  return Json{{"uri", transform->source.uri},
              {"program", transform->source.program},
              {"arguments", transform->source.arguments},
              {"checksum", transform->checksum}};
}

TransformDefinition transform_from_json(const Json& json) {
  return {{json.at("uri").get<std::string>(), json.at("program").get<std::string>(),
           json.at("arguments").get<std::string>()},
          json.at("checksum").get<std::string>()};
}

Json set_to_json(const std::vector<SetDefinition>& assignments) {
  Json set = Json::array();
  for (const auto& one : assignments)
    set.push_back(Json{{"column", one.column}, {"value", expression_to_json(one.value)}});
  return set;
}

std::vector<SetDefinition> set_from_json(const Json& json) {
  std::vector<SetDefinition> assignments;
  for (const auto& one : json)
    assignments.push_back(
        {one.at("column").get<std::string>(), expression_from_json(one.at("value"))});
  return assignments;
}

Json pipeline_to_json(const PipelineDefinition& pipeline) {
  Json fields = Json::array();
  for (const auto& field : pipeline.fields) fields.push_back(field_to_json(field));
  return Json{{"format", kDefinitionFormat},
              {"source", source_to_json(pipeline.source)},
              {"batch_interval_ms", pipeline.batch_interval_ms},
              {"offsets_per_partition_max", pipeline.offsets_per_partition_max},
              {"partitions_max", pipeline.partitions_max},
              {"retries_max", pipeline.retries_max ? Json(*pipeline.retries_max) : Json()},
              {"stop_on_error", pipeline.stop_on_error},
              {"transform", transform_to_json(pipeline.transform)},
              {"step", static_cast<int>(pipeline.step)},
              {"model", name_to_json(pipeline.model)},
              {"table", name_to_json(pipeline.table)},
              {"format_kind", static_cast<int>(pipeline.format)},
              {"csv", csv_to_json(pipeline.csv)},
              {"avro_schema", pipeline.avro_schema},
              {"fields", std::move(fields)},
              {"set", set_to_json(pipeline.set)},
              {"where", expression_to_json(pipeline.where)},
              {"skipped", static_cast<int>(pipeline.skipped)},
              {"creator", pipeline.creator},
              {"duplicates", static_cast<int>(pipeline.duplicates)},
              {"on_duplicate", set_to_json(pipeline.on_duplicate)},
              {"rejects", rejects_to_json(pipeline.rejects)}};
}

PipelineDefinition pipeline_of(const Json& json) {
  PipelineDefinition pipeline;
  pipeline.source = source_from_json(json.at("source"));
  pipeline.batch_interval_ms = json.at("batch_interval_ms").get<int64_t>();
  pipeline.offsets_per_partition_max = json.at("offsets_per_partition_max").get<int64_t>();
  pipeline.stop_on_error = json.at("stop_on_error").get<bool>();
  if (const auto at = json.find("retries_max"); at != json.end() && at->is_number())
    pipeline.retries_max = at->get<int64_t>();
  if (const auto at = json.find("transform"); at != json.end() && at->is_object())
    pipeline.transform = transform_from_json(*at);
  pipeline.step = static_cast<StepKind>(json.at("step").get<int>());
  pipeline.model = name_from_json(json.at("model"));
  pipeline.table = name_from_json(json.at("table"));
  // Members that came later have their default in older definitions.
  pipeline.partitions_max = json.value("partitions_max", int64_t{0});
  pipeline.format = static_cast<FormatKind>(json.value("format_kind", 0));
  pipeline.csv = csv_from_json(json.at("csv"));
  pipeline.avro_schema = json.value("avro_schema", std::string());
  for (const auto& field : json.at("fields")) pipeline.fields.push_back(field_from_json(field));
  pipeline.set = set_from_json(json.at("set"));
  pipeline.where = expression_from_json(json.at("where"));
  pipeline.skipped = static_cast<SkippedErrors>(json.value("skipped", 0));
  pipeline.creator = json.value("creator", "");
  pipeline.duplicates = static_cast<store::Duplicates>(json.value("duplicates", 0));
  pipeline.on_duplicate = set_from_json(json.value("on_duplicate", Json::array()));
  if (const auto at = json.find("rejects"); at != json.end())
    pipeline.rejects = rejects_from_json(*at);
  return pipeline;
}

/// Reads with `read`, turning nlohmann's exceptions into one error that names the object.
template <class T, class Read>
Result<T> parsed(std::string_view what, const ObjectName& name, const std::string& text,
                 Read read) {
  try {
    const Json json = Json::parse(text);
    if (json.at("format").get<int>() != kDefinitionFormat)
      return Error(Code::kDataLoss, std::string(what) + " " + name.quoted() +
                                        " was defined by another version of millrace");
    T definition = read(json);
    definition.name = name;
    return definition;
  } catch (const Json::exception& e) {
    Error error(Code::kDataLoss, "definition of " + std::string(what) + " " + name.quoted() +
                                     " in the store is damaged");
    error.detail = e.what();
    return error;
  }
}

/// The text of `json`. JSON is UTF-8; what is not (a terminator of a stray byte) cannot be kept.
Result<std::string> text_of(const Json& json, std::string_view what, const ObjectName& name) {
  try {
    return json.dump();
  } catch (const Json::exception&) {
    return Error(Code::kInvalidArgument, "cannot create " + std::string(what) + " " +
                                             name.quoted() +
                                             ": its definition holds bytes that are not UTF-8");
  }
}

}  // namespace

bool looks_secret(std::string_view key) {
  const std::string lower = to_lower(key);
  for (const std::string_view part :
       {"password", "passphrase", "secret", "token", "user.info", "key.pem", "ssl_key",
        "keystore.key", "sasl.jaas", "oauthbearer.config"}) {
    if (lower.find(part) != std::string::npos) return true;
  }
  return false;
}

std::string_view name_of(SourceKind kind) {
  return kind == SourceKind::kFiles ? "FS" : "KAFKA";
}

std::string ObjectName::quoted() const {
  return "\"" + database + "\".\"" + name + "\"";
}

Result<std::string> to_json(const ModelDefinition& model) {
  return text_of(
      Json{{"format", kDefinitionFormat}, {"estimator", argument_to_json(model.estimator)}},
      "model", model.name);
}

Result<std::string> to_json(const PipelineDefinition& pipeline) {
  return text_of(pipeline_to_json(pipeline), "pipeline", pipeline.name);
}

Result<ModelDefinition> model_from_json(const ObjectName& name, const std::string& json) {
  return parsed<ModelDefinition>("model", name, json, [](const Json& root) {
    ModelDefinition model;
    model.estimator = argument_from_json(root.at("estimator"));
    return model;
  });
}

Result<PipelineDefinition> pipeline_from_json(const ObjectName& name, const std::string& json) {
  return parsed<PipelineDefinition>("pipeline", name, json, pipeline_of);
}

Result<std::string> reading_json(const PipelineDefinition& pipeline) {
  Json reading = Json::object();
  const Json all = pipeline_to_json(pipeline);
  for (const char* const member : kReading) reading[member] = all.at(member);
  const auto isolation = pipeline.source.config.find(kIsolation);
  if (isolation != pipeline.source.config.end()) reading[kIsolation] = isolation->second;
  return text_of(reading, "pipeline", pipeline.name);
}

Result<PipelineDefinition> with_reading(const PipelineDefinition& pipeline,
                                        const std::string& reading) {
  return parsed<PipelineDefinition>("pipeline", pipeline.name, reading,
                                    [&pipeline](const Json& then) {
                                      Json json = pipeline_to_json(pipeline);
                                      for (const char* const member : kReading)
                                        json[member] = then.at(member);
                                      json["source"]["config"].erase(kIsolation);
                                      if (const auto at = then.find(kIsolation); at != then.end())
                                        json["source"]["config"][kIsolation] = *at;
                                      return pipeline_of(json);
                                    });
}

Result<std::string> source_json(const PipelineDefinition& pipeline) {
  return text_of(Json{{"format", kDefinitionFormat}, {"source", source_to_json(pipeline.source)}},
                 "pipeline", pipeline.name);
}

Result<PipelineDefinition> with_source(const PipelineDefinition& pipeline,
                                       const std::string& source) {
  return parsed<PipelineDefinition>("pipeline", pipeline.name, source,
                                    [&pipeline](const Json& then) {
                                      PipelineDefinition definition = pipeline;
                                      definition.source = source_from_json(then.at("source"));
                                      if (definition.source.brokers != pipeline.source.brokers)
                                        return definition;
                                      definition.source.config = pipeline.source.config;
                                      definition.source.credentials = pipeline.source.credentials;
                                      return definition;
                                    });
}

std::string config_json(const SourceDefinition& source) {
  Json config = Json::object();
  for (const auto& [key, value] : source.config) config[key] = looks_secret(key) ? "***" : value;
  return Json{{"kind", name_of(source.kind)},
              {"brokers", source.brokers},
              {"topic", source.topic},
              {"config", std::move(config)}}
      .dump();
}

}  // namespace millrace::engine
