#include "engine/stages.h"

#include <algorithm>

#include "base/clock.h"
#include "engine/line_rules.h"
#include "source/file_source.h"
#include "source/schema_registry.h"

namespace millrace::engine {

namespace {

Result<decode::AvroFormat> avro_format(const PipelineDefinition& definition) {
  decode::AvroFormat format;
  format.schema = definition.avro_schema;
  // Without a list the columns of the target are looked for, whether they are there or not.
  format.paths_checked = !definition.fields.empty();
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
    case FormatKind::kCsv: {
      // A source of files gives the lines that are left of each file, a transform those of each
      // run.
      decode::CsvFormat csv = definition.csv;
      if (definition.source.kind == SourceKind::kFiles || definition.transform)
        csv.ignore_lines = 0;
      return decode::make_csv_decoder(csv, plan.fields, limits);
    }
    case FormatKind::kJson:
      return decode::make_json_decoder(plan.fields, limits);
    case FormatKind::kAvro:
      break;
  }
  TRY(auto format, avro_format(definition));
  format.stream = definition.transform.has_value();
  format.container = definition.source.kind == SourceKind::kFiles && !definition.transform;
  return decode::make_avro_decoder(format, plan.fields, limits);
}

}  // namespace

Result<Stages> make_stages(const PipelineDefinition& definition, const Plan& plan,
                           const std::shared_ptr<ModelEntry>& model, const EngineOptions& options,
                           store::Store& store) {
  Stages stages;
  TRY(stages.transform, make_transform(definition, options, store));
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
  // Whose columns the first rows decide, can learn nothing before.
  if (definition.step == StepKind::kTrain && !model->columns().undecided) {
    TRY(stages.learner, Learner::make(*model, stages.output));
  }
  return stages;
}

namespace {

constexpr size_t kWholeFileBytesMax = size_t{1} << 30;

Result<std::unique_ptr<source::Source>> open_file_source(const PipelineDefinition& definition,
                                                         store::Store& store, int64_t pipeline_id) {
  for (const auto* properties : {&definition.source.config, &definition.source.credentials}) {
    for (const auto& [key, value] : *properties) {
      if (key == "auto.offset.reset" || key == kTransformTimeoutProperty) continue;
      return Error(Code::kInvalidArgument,
                   "property \"" + key + "\" means nothing to a source of files");
    }
  }
  source::FileOptions files;
  files.path = definition.source.topic;
  if (definition.transform) {
    // Its program reads a file as a whole, header and all.
    files.lines = {"", "", ""};
    files.line_bytes_max = kWholeFileBytesMax;
  } else if (definition.format == FormatKind::kAvro) {
    files.avro_containers = true;
  } else if (definition.format == FormatKind::kCsv) {
    files.lines = line_rules(definition.csv);
    files.ignored_lines = definition.csv.ignore_lines;
  }
  files.ledger.read = [&store, pipeline_id]() -> Result<std::vector<source::SourceFile>> {
    TRY(const auto known, store.files(pipeline_id));
    std::vector<source::SourceFile> found;
    for (const auto& file : known) found.push_back({file.name, file.size, file.skipped});
    return found;
  };
  files.ledger.append = [&store, pipeline_id](const std::vector<source::SourceFile>& found) {
    std::vector<store::PipelineFile> added;
    for (const auto& file : found) added.push_back({file.name, file.size, file.skipped});
    return store.add_files(pipeline_id, added);
  };
  return source::open_files(std::move(files));
}

void make_ready(Batch& batch, const std::shared_ptr<const Schema>& schema) {
  if (batch.shared_schema() != schema) batch = Batch(schema);
}

std::vector<uint32_t> origins(const Batch& rows) {
  return {rows.message_of_row().begin(), rows.message_of_row().end()};
}

template <class Faults>
void add_rejects(const MessageBatch& messages, const std::vector<uint32_t>& message_of_row,
                 const Faults& faults, std::vector<Reject>& rejects) {
  for (const auto& fault : faults)
    rejects.push_back(
        reject_of(messages.messages[message_of_row[fault.row]], fault.reason, fault.detail));
}

}  // namespace

Status run_stages(Stages& stages, MessageBatch& messages, StagedBatch& batch) {
  Stopwatch watch;
  batch.rejects.clear();
  make_ready(batch.decoded, stages.decoder->schema());
  TRY_OK(decode_messages(*stages.decoder, messages, batch.decoded, batch.rejects));
  batch.last = &StagedBatch::decoded;
  batch.decode_micros = watch.restart();
  if (stages.shaper) {
    make_ready(batch.shaped, stages.shaper->schema());
    std::vector<store::RowFailure> failures;
    TRY_OK(stages.shaper->shape(batch.decoded, batch.shaped, failures));
    add_rejects(messages, origins(batch.decoded), failures, batch.rejects);
    batch.last = &StagedBatch::shaped;
  }
  batch.shape_micros = watch.restart();
  if (!stages.scorer) return {};
  make_ready(batch.scored, stages.scorer->schema());
  std::vector<RowCheckFault> faults;
  const auto message_of_row = origins(batch.rows());
  stages.scorer->score(batch.rows(), batch.scored, faults);
  add_rejects(messages, message_of_row, faults, batch.rejects);
  batch.last = &StagedBatch::scored;
  batch.score_micros = watch.micros();
  return {};
}

Result<std::unique_ptr<source::Source>> open_source(const PipelineDefinition& definition,
                                                    const EngineOptions& options,
                                                    store::Store& store, int64_t pipeline_id) {
  if (definition.source.kind == SourceKind::kFiles)
    return open_file_source(definition, store, pipeline_id);
  source::KafkaOptions kafka;
  kafka.brokers = definition.source.brokers;
  kafka.topic = definition.source.topic;
  kafka.properties = definition.source.config;
  kafka.properties.erase("auto.offset.reset");
  kafka.properties.erase(std::string(kTransformTimeoutProperty));
  kafka.properties.insert(definition.source.credentials.begin(),
                          definition.source.credentials.end());
  kafka.group_id = "millrace." + definition.name.database + "." + definition.name.name;
  kafka.connect_timeout = options.connect_timeout;
  kafka.patience = options.connect_timeout;
  return source::open_kafka(kafka);
}

Result<std::string> check_topic(const PipelineDefinition& definition, source::Source& source,
                                store::Store& store, int64_t pipeline_id) {
  TRY(auto id, source.topic_id());
  TRY(const auto known, store.topic_ids(pipeline_id));
  for (const auto& one : known) {
    if (!id.empty() && one != id)
      return source::topic_made_again(definition.source.topic, one, id)
          .within("pipeline \"" + definition.name.name + "\"");
  }
  return id;
}

bool starts_at_latest(const SourceDefinition& source, const std::vector<Cursor>& stored) {
  const auto at = source.config.find("auto.offset.reset");
  return stored.empty() && at != source.config.end() &&
         (at->second == "latest" || at->second == "largest");
}

std::vector<Cursor> first_cursors(const SourceDefinition& source,
                                  const std::vector<source::PartitionBounds>& bounds,
                                  const std::vector<Cursor>& stored) {
  const bool latest = starts_at_latest(source, stored);
  std::vector<Cursor> cursors;
  for (const auto& bound : bounds) {
    const auto at = std::find_if(stored.begin(), stored.end(), [&](const Cursor& cursor) {
      return cursor.partition == bound.partition;
    });
    const int64_t first = latest ? bound.latest_offset : bound.earliest_offset;
    cursors.push_back({bound.partition, at == stored.end() ? first : at->next_offset});
  }
  return cursors;
}

}  // namespace millrace::engine
