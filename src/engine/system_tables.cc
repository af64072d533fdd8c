#include "engine/system_tables.h"

#include <algorithm>

#include "data/row_builder.h"
#include "engine/table_columns.h"
#include "source/file_source.h"

namespace millrace::engine {
namespace {

double seconds(int64_t micros) {
  return static_cast<double>(micros) / 1e6;
}

/// Messages, or files: the offsets of files have their number in the high bits.
int64_t lag_of(SourceKind kind, const PartitionProgress& at) {
  const int shift = kind == SourceKind::kFiles ? source::kFileOffsetBits : 0;
  return std::max<int64_t>(0, (at.latest >> shift) - (at.cursor >> shift));
}

store::VirtualTable pipelines_table(PipelineList pipelines) {
  auto schema = columns({{"DATABASE_NAME", kText},
                         {"PIPELINE_NAME", kText},
                         {"PIPELINE_ID", kWhole},
                         {"CONFIG_JSON", kText},
                         {"STATE", kText},
                         {"CREATED", kTime},
                         {"CREATE_USER", kText},
                         {"BATCHES", kWhole},
                         {"MESSAGES", kWhole},
                         {"ROWS_OUT", kWhole},
                         {"REJECTS", kWhole},
                         {"LAG", kWhole},
                         {"ERROR_MESSAGE", kText},
                         {"TRANSFORM_URI", kText},
                         {"TRANSFORM_PROGRAM", kText},
                         {"TRANSFORM_ARGUMENTS", kText},
                         {"TRANSFORM_CHECKSUM", kText}});
  return {"information_schema", "PIPELINES", schema, [schema, pipelines = std::move(pipelines)] {
            RowBuilder rows(schema);
            for (const auto& pipeline : pipelines()) {
              const auto& definition = pipeline->definition();
              const auto& transform = definition.transform;
              const auto progress = pipeline->progress();
              int64_t lag = 0;
              for (const auto& [id, partition] : progress.partitions)
                lag += lag_of(definition.source.kind, partition);
              rows.add({definition.name.database, definition.name.name, pipeline->id(),
                        config_json(definition.source), std::string(name_of(pipeline->state())),
                        pipeline->created_at(),
                        definition.creator.empty() ? std::string("root") : definition.creator,
                        progress.batches, progress.messages, progress.rows, progress.rejects, lag,
                        progress.error.empty() ? Value() : Value(progress.error),
                        transform ? Value(transform->source.uri) : Value(),
                        transform ? Value(transform->source.program) : Value(),
                        transform ? Value(transform->source.arguments) : Value(),
                        transform ? Value(transform->checksum) : Value()});
            }
            return rows.build();
          }};
}

store::VirtualTable cursors_table(PipelineList pipelines) {
  auto schema = columns({{"DATABASE_NAME", kText},
                         {"PIPELINE_NAME", kText},
                         {"SOURCE_TYPE", kText},
                         {"SOURCE_PARTITION_ID", kText},
                         {"EARLIEST_OFFSET", kWhole},
                         {"LATEST_OFFSET", kWhole},
                         {"LATEST_LOADED_OFFSET", kWhole},
                         {"CURSOR_OFFSET", kWhole},
                         {"SUCCESSFUL_CURSOR_OFFSET", kWhole},
                         {"UPDATED_UNIX_TIMESTAMP", kReal},
                         {"EXTRA_FIELDS", kText}});
  return {"information_schema", "PIPELINES_CURSORS", schema,
          [schema, pipelines = std::move(pipelines)] {
            RowBuilder rows(schema);
            for (const auto& pipeline : pipelines()) {
              const auto& name = pipeline->definition().name;
              for (const auto& [id, at] : pipeline->progress().partitions)
                rows.add({name.database, name.name,
                          std::string(name_of(pipeline->definition().source.kind)),
                          std::to_string(id), at.earliest, at.latest, at.cursor - 1, at.cursor,
                          at.cursor, seconds(at.updated_at), Value()});
            }
            return rows.build();
          }};
}

}  // namespace

Status add_system_tables(store::Store& store, const ModelList& models, PipelineList pipelines) {
  TRY_OK(add_model_tables(store, models));
  TRY_OK(store.add_virtual_table(pipelines_table(pipelines)));
  TRY_OK(store.add_virtual_table(cursors_table(std::move(pipelines))));
  return store.show_own_rows();
}

}  // namespace millrace::engine
