#include "engine/stages.h"

#include "source/schema_registry.h"

namespace millrace::engine {

namespace {

Result<decode::AvroFormat> avro_format(const PipelineDefinition& definition) {
  decode::AvroFormat format;
  format.schema = definition.avro_schema;
  auto properties = definition.source.config;
  properties.insert(definition.source.credentials.begin(), definition.source.credentials.end());
  TRY(auto registry, source::registry_options(properties));
  if (registry.urls.empty()) return format;
  format.find_schema = [registry](int32_t id) -> Result<decode::RegisteredSchema> {
    TRY(auto answer, source::find_schema(registry, id));
    return decode::RegisteredSchema{std::move(answer.json), std::move(answer.references)};
  };
  return format;
}

Result<std::unique_ptr<decode::Decoder>> make_decoder(const PipelineDefinition& definition,
                                                      const Plan& plan) {
  const decode::DecodeLimits limits;
  switch (definition.format) {
    case FormatKind::kCsv:
      return decode::make_csv_decoder(definition.csv, plan.fields, limits);
    case FormatKind::kJson:
      return decode::make_json_decoder(plan.fields, limits);
    case FormatKind::kAvro:
      break;
  }
  TRY(const auto format, avro_format(definition));
  return decode::make_avro_decoder(format, plan.fields, limits);
}

}  // namespace

Result<Stages> make_stages(const PipelineDefinition& definition, const Plan& plan,
                           const std::shared_ptr<ModelEntry>& model, store::Store& store) {
  Stages stages;
  TRY(auto decoder, make_decoder(definition, plan));
  stages.decoder =
      decode::with_message_columns(std::move(decoder), plan.facts, definition.source.topic);
  stages.output = stages.decoder->schema();
  if (plan.shapes) {
    store::ShapeSpec shape = plan.shape;
    shape.input = stages.output;
    TRY(stages.shaper, store.open_shaper(shape));
    stages.output = stages.shaper->schema();
  }
  if (definition.step == StepKind::kClassify) {
    TRY(stages.scorer, Scorer::make(model, stages.output, plan.predictions));
    stages.output = stages.scorer->schema();
  }
  if (definition.step == StepKind::kTrain) {
    TRY(stages.learner, Learner::make(*model, stages.output));
  }
  return stages;
}

Result<std::unique_ptr<source::Source>> open_source(const PipelineDefinition& definition,
                                                    const EngineOptions& options) {
  source::KafkaOptions kafka;
  kafka.brokers = definition.source.brokers;
  kafka.topic = definition.source.topic;
  kafka.properties = definition.source.config;
  kafka.properties.erase("auto.offset.reset");
  kafka.properties.insert(definition.source.credentials.begin(),
                          definition.source.credentials.end());
  kafka.group_id = "millrace." + definition.name.database + "." + definition.name.name;
  kafka.connect_timeout = options.connect_timeout;
  kafka.patience = options.connect_timeout;
  return source::open_kafka(kafka);
}

bool starts_at_latest(const SourceDefinition& source) {
  const auto at = source.config.find("auto.offset.reset");
  return at != source.config.end() && (at->second == "latest" || at->second == "largest");
}

}  // namespace millrace::engine
