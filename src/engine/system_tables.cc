#include "engine/system_tables.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "data/row_builder.h"
#include "source/file_source.h"

namespace millrace::engine {
namespace {

constexpr DataType kText{Kind::kVarchar, false};
constexpr DataType kWhole{Kind::kInt64, false};
constexpr DataType kReal{Kind::kDouble, false};
constexpr DataType kTime{Kind::kTimestamp, false};
constexpr size_t kLargestShown = 5;

std::shared_ptr<const Schema> columns(std::vector<Field> fields) {
  return std::make_shared<Schema>(std::move(fields));
}

double seconds(int64_t micros) {
  return static_cast<double>(micros) / 1e6;
}

store::VirtualTable models_table(ModelList models) {
  auto schema = columns({{"database_name", kText},
                         {"model_name", kText},
                         {"estimator", kText},
                         {"state", kText},
                         {"version", kWhole},
                         {"global_step", kWhole},
                         {"examples", kWhole},
                         {"bytes", kWhole},
                         {"created_at", kTime},
                         {"updated_at", kTime},
                         {"definition", kText}});
  return {"millrace", "models", schema, [schema, models = std::move(models)] {
            RowBuilder rows(schema);
            for (const auto& model : models()) {
              const auto& definition = model->definition();
              const auto state = model->published();
              const char* doing = model->trained_by() != 0 ? "training"
                                  : state->version == 0    ? "untrained"
                                                           : "trained";
              rows.add({definition.name.database, definition.name.name, definition.estimator.text,
                        std::string(doing), state->version, state->model->global_step(),
                        state->model->examples(), state->bytes, model->created_at(), state->at,
                        definition.estimator.to_sql()});
            }
            return rows.build();
          }};
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
                         {"ERROR_MESSAGE", kText}});
  return {"information_schema", "PIPELINES", schema, [schema, pipelines = std::move(pipelines)] {
            RowBuilder rows(schema);
            for (const auto& pipeline : pipelines()) {
              const auto& definition = pipeline->definition();
              const auto progress = pipeline->progress();
              int64_t lag = 0;
              for (const auto& [id, partition] : progress.partitions)
                lag += lag_of(definition.source.kind, partition);
              rows.add({definition.name.database, definition.name.name, pipeline->id(),
                        config_json(definition.source), std::string(name_of(pipeline->state())),
                        pipeline->created_at(), std::string("root"), progress.batches,
                        progress.messages, progress.rows, progress.rejects, lag,
                        progress.error.empty() ? Value() : Value(progress.error)});
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

std::string shape_of(const estimator::Variable& variable) {
  std::string shape = "[";
  for (const int64_t size : variable.shape) {
    if (shape.size() > 1) shape += ", ";
    shape += std::to_string(size);
  }
  return shape + "]";
}

/// `12: 0.53, 7: -0.4`: the largest weights by size, each with its index.
std::string largest_of(const std::vector<float>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const size_t shown = std::min(kLargestShown, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(shown), order.end(),
                    [&](size_t a, size_t b) {
                      const float x = std::fabs(values[a]);
                      const float y = std::fabs(values[b]);
                      return x != y ? x > y : a < b;
                    });
  std::string text;
  for (size_t i = 0; i < shown && values[order[i]] != 0; ++i) {
    char number[32];
    std::snprintf(number, sizeof number, "%.6g", static_cast<double>(values[order[i]]));
    if (!text.empty()) text += ", ";
    text += std::to_string(order[i]) + ": " + number;
  }
  return text;
}

}  // namespace

Status add_system_tables(store::Store& store, ModelList models, PipelineList pipelines) {
  TRY_OK(store.add_virtual_table(models_table(std::move(models))));
  TRY_OK(store.add_virtual_table(pipelines_table(pipelines)));
  TRY_OK(store.add_virtual_table(cursors_table(std::move(pipelines))));
  return {};
}

Batch describe(const ModelEntry& model) {
  RowBuilder rows(columns({{"variable", kText},
                           {"shape", kText},
                           {"weights", kWhole},
                           {"non_zero", kWhole},
                           {"norm", kReal},
                           {"largest", kText}}));
  for (const auto& variable : model.published()->model->variables()) {
    double squares = 0;
    int64_t non_zero = 0;
    for (const float value : variable.values) {
      squares += static_cast<double>(value) * static_cast<double>(value);
      non_zero += value != 0 ? 1 : 0;
    }
    rows.add({variable.name, shape_of(variable), static_cast<int64_t>(variable.values.size()),
              non_zero, std::sqrt(squares), largest_of(variable.values)});
  }
  return rows.build();
}

}  // namespace millrace::engine
