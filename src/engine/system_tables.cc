#include "engine/system_tables.h"

#include <optional>

#include "base/clock.h"
#include "data/row_builder.h"
#include "engine/table_columns.h"

namespace millrace::engine {
namespace {

double seconds(int64_t micros) {
  return static_cast<double>(micros) / 1e6;
}

template <class T>
Value or_null(const std::optional<T>& value) {
  return value ? Value(*value) : Value();
}

/// Offsets are -1 when the source has not told them.
Value told(int64_t offset) {
  return offset < 0 ? Value() : Value(offset);
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
                         {"TRANSFORM_CHECKSUM", kText},
                         {"BYTES", kWhole},
                         {"ROWS_PER_SEC", kReal},
                         {"BYTES_PER_SEC", kReal},
                         {"ROWS_PER_SEC_TOTAL", kReal},
                         {"BYTES_PER_SEC_TOTAL", kReal},
                         {"PROGRESS", kReal},
                         {"ETA_SECONDS", kReal}});
  return {"information_schema", "PIPELINES", schema, [schema, pipelines = std::move(pipelines)] {
            RowBuilder rows(schema);
            for (const auto& pipeline : pipelines()) {
              const auto& definition = pipeline->definition();
              const auto& transform = definition.transform;
              const auto progress = pipeline->progress();
              rows.add({definition.name.database, definition.name.name, pipeline->id(),
                        config_json(definition.source), std::string(name_of(pipeline->state())),
                        pipeline->created_at(),
                        definition.creator.empty() ? std::string("root") : definition.creator,
                        progress.batches, progress.messages, progress.rows, progress.rejects,
                        or_null(progress.lag()),
                        progress.error.empty() ? Value() : Value(progress.error),
                        transform ? Value(transform->source.uri) : Value(),
                        transform ? Value(transform->source.program) : Value(),
                        transform ? Value(transform->source.arguments) : Value(),
                        transform ? Value(transform->checksum) : Value(), progress.bytes,
                        progress.recent.messages, progress.recent.bytes,
                        progress.overall.messages, progress.overall.bytes,
                        or_null(progress.percent()), or_null(progress.seconds_left)});
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
                         {"EXTRA_FIELDS", kText},
                         {"LAG", kWhole},
                         {"LATEST_OFFSET_AGE", kReal}});
  return {"information_schema", "PIPELINES_CURSORS", schema,
          [schema, pipelines = std::move(pipelines)] {
            RowBuilder rows(schema);
            for (const auto& pipeline : pipelines()) {
              const auto& name = pipeline->definition().name;
              const auto progress = pipeline->progress();
              for (const auto& [id, at] : progress.partitions)
                rows.add({name.database, name.name,
                          std::string(name_of(pipeline->definition().source.kind)),
                          std::to_string(id), told(at.earliest), told(at.latest), at.cursor - 1,
                          at.cursor, at.cursor, seconds(at.updated_at), Value(),
                          or_null(at.lag(progress.offset_shift)),
                          at.latest < 0 ? Value() : Value(seconds(now_micros() - at.heard_at))});
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
