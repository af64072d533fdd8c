#include "engine/probe.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/clock.h"
#include "data/row_builder.h"
#include "engine/infer_columns.h"
#include "engine/plan.h"
#include "engine/stages.h"
#include "source/source.h"

namespace millrace::engine {
namespace {

constexpr int64_t kProbeBytesMax = 64 << 20;

/// Where the pipeline would go on, of the partitions there are.
Result<std::vector<Cursor>> next_cursors(const ProbeContext& context, source::Source& source) {
  TRY(const auto bounds, source.partitions());
  TRY_OK(check_topic(context.definition, source, context.store, context.pipeline_id));
  TRY(const auto stored, context.store.cursors(context.pipeline_id));
  return first_cursors(context.definition.source, bounds, stored);
}

/// Offsets of a statement, which the partitions must hold.
Result<std::vector<Cursor>> given_cursors(const std::map<int32_t, int64_t>& offsets,
                                          const std::vector<source::PartitionBounds>& bounds) {
  std::vector<Cursor> cursors;
  for (const auto& [partition, offset] : offsets) {
    const auto at = std::find_if(bounds.begin(), bounds.end(), [partition = partition](auto& one) {
      return one.partition == partition;
    });
    const std::string which = "partition " + std::to_string(partition);
    if (at == bounds.end()) return Error(Code::kInvalidArgument, "the source has no " + which);
    if (offset < at->earliest_offset || offset > at->latest_offset)
      return Error(Code::kInvalidArgument, which + " has no offset " + std::to_string(offset) +
                                               ": it holds " + std::to_string(at->earliest_offset) +
                                               " to " + std::to_string(at->latest_offset));
    cursors.push_back({partition, offset});
  }
  return cursors;
}

/// One batch from the cursors on; empty when there is nothing within the time START would wait.
Result<MessageBatch> take_next(const ProbeContext& context, source::Source& source,
                               const std::vector<Cursor>& cursors, int64_t messages_max,
                               const std::stop_token& stop) {
  TRY_OK(source.seek(cursors));
  source::TakeLimits limits;
  limits.offsets_per_partition_max = messages_max;
  limits.bytes_max = kProbeBytesMax;
  const Stopwatch watch;
  while (true) {
    TRY(auto batch, source.take(limits, stop));
    if (!batch.messages.empty()) return batch;
    if (stop.stop_requested()) return Error(Code::kCancelled, "the statement was interrupted");
    TRY(const auto bounds, source.partitions());
    const bool at_end = std::all_of(bounds.begin(), bounds.end(), [&](const auto& bound) {
      return std::any_of(cursors.begin(), cursors.end(), [&](const Cursor& cursor) {
        return cursor.partition == bound.partition && cursor.next_offset >= bound.latest_offset;
      });
    });
    const bool late = watch.micros() > context.options.connect_timeout.count() * 1000;
    if (at_end || late) return batch;
  }
}

/// What the store would be given of each row, as text under the target's names.
struct Projection {
  store::ShapeSpec shape;
  std::vector<std::string> names;
};

Projection projection_of(const Plan& plan, const std::shared_ptr<const Schema>& rows,
                         const std::optional<store::TableInfo>& target) {
  Projection projection;
  projection.shape.input = rows;
  projection.shape.names_in = plan.shape.names_in;
  projection.shape.where = plan.output.where;
  const auto add = [&](const std::string& name, const std::string& expression) {
    projection.shape.columns.push_back({"out:" + std::to_string(projection.names.size()),
                                        "CAST((" + expression + "\n) AS VARCHAR)"});
    projection.names.push_back(name);
  };
  if (plan.output.form == store::OutputSpec::Form::kEvaluation) {
    for (const auto& field : rows->fields()) add(field.name, quote_identifier(field.name));
    return projection;
  }
  for (const auto& output : plan.output.columns) {
    const auto* column = target ? target->find(output.column) : nullptr;
    add(output.column, column == nullptr
                           ? output.expression
                           : "CAST((" + output.expression + "\n) AS " + column->type_name + ")");
  }
  return projection;
}

Batch text_rows(const Projection& projection, const Batch& shaped) {
  std::vector<Field> fields;
  std::vector<const Column*> columns;
  for (size_t i = 0; i < projection.names.size(); ++i) {
    fields.push_back({projection.names[i], {Kind::kVarchar}, true});
    columns.push_back(shaped.find("out:" + std::to_string(i)));
  }
  RowBuilder rows(std::make_shared<Schema>(std::move(fields)));
  for (size_t row = 0; row < shaped.rows(); ++row) {
    std::vector<Value> values;
    for (const auto* column : columns) {
      const bool valid = column->is_valid(row);
      values.push_back(valid ? Value(std::string(column->values<std::string_view>()[row]))
                             : Value());
    }
    rows.add(std::move(values));
  }
  return rows.build();
}

std::string said(const Reject& reject) {
  return "partition " + std::to_string(reject.partition) + " offset " +
         std::to_string(reject.offset) +
         " would be rejected: " + std::string(name_of(reject.reason)) + ": " + reject.detail;
}

}  // namespace

namespace {

/// The next messages, as the decoder reads them.
Result<MessageBatch> next_messages(const ProbeContext& context, const Stages& stages, int64_t limit,
                                   const std::stop_token& stop, std::string& said) {
  TRY(const auto source,
      open_source(context.definition, context.options, context.store, context.pipeline_id));
  TRY(const auto cursors, next_cursors(context, *source));
  TRY(auto taken, take_next(context, *source, cursors, limit, stop));
  TRY(taken.batch_id, context.store.last_batch_id(context.pipeline_id));
  ++taken.batch_id;
  return transformed(stages.transform.get(), std::move(taken), stop, said);
}

}  // namespace

Result<Schema> probe_columns(const ProbeContext& context, const std::stop_token& stop) {
  constexpr int64_t kMessagesMax = 10'000;
  const auto& definition = context.definition;
  TRY(const auto target, context.store.table(definition.table.database, definition.table.name));
  TRY(const auto plan, make_plan(definition, target, context.model.get()));
  TRY(auto stages, make_stages(definition, plan, context.model, context.options, context.store));
  std::string said;
  TRY(auto messages,
      next_messages(context, stages, std::min(kMessagesMax, definition.offsets_per_partition_max),
                    stop, said));
  StagedBatch batch;
  TRY_OK(run_stages(stages, messages, batch));
  if (batch.rows().rows() > 0) return typed_by_values(batch.rows());
  return Error(Code::kWrongState,
               "pipeline \"" + definition.name.name + "\" has no row yet that could decide the " +
                   "feature columns of model \"" + definition.model.name + "\"",
               "They are auto: START it when the source holds rows.");
}

Result<TestReport> test_batch(const ProbeContext& context, int64_t limit,
                              const std::stop_token& stop) {
  const auto& definition = context.definition;
  TRY(const auto target, context.store.table(definition.table.database, definition.table.name));
  TRY(const auto plan, make_plan(definition, target, context.model.get()));
  TRY(auto stages, make_stages(definition, plan, context.model, context.options, context.store));
  TestReport report;
  TRY(auto messages, next_messages(context, stages, limit, stop, report.said));

  StagedBatch batch;
  TRY_OK(run_stages(stages, messages, batch));
  const auto projection = projection_of(plan, stages.output, target);
  TRY(const auto shaper, context.store.open_shaper(projection.shape));
  Batch shown(shaper->schema());
  std::vector<store::RowFailure> failures;
  TRY_OK(shaper->shape(batch.rows(), shown, failures));
  for (const auto& failure : failures)
    batch.rejects.push_back(reject_of(messages.messages[batch.rows().message_of_row()[failure.row]],
                                      failure.reason, failure.detail));
  report.rows = text_rows(projection, shown);
  for (const auto& reject : batch.rejects) report.rejects.push_back(said(reject));
  return report;
}

Result<int64_t> extract_batch(const ProbeContext& context,
                              const std::map<int32_t, int64_t>& offsets, const std::string& file,
                              const std::stop_token& stop) {
  TRY(const auto source,
      open_source(context.definition, context.options, context.store, context.pipeline_id));
  TRY(auto cursors, next_cursors(context, *source));
  TRY(const auto bounds, source->partitions());
  TRY(const auto given, given_cursors(offsets, bounds));
  for (const auto& [partition, offset] : given)
    for (auto& cursor : cursors)
      if (cursor.partition == partition) cursor.next_offset = offset;
  TRY(const auto batch,
      take_next(context, *source, cursors, context.definition.offsets_per_partition_max, stop));
  std::FILE* out = std::fopen(file.c_str(), "wxb");
  if (out == nullptr)
    return Error(errno == EEXIST ? Code::kAlreadyExists : Code::kFile,
                 "could not write file \"" + file + "\": " + std::strerror(errno));
  bool written = true;
  for (const auto& message : batch.messages) {
    char length[8];
    for (size_t i = 0; i < sizeof length; ++i)
      length[i] = static_cast<char>(message.payload.size() >> (8 * i));
    written = written && std::fwrite(length, 1, sizeof length, out) == sizeof length &&
              std::fwrite(message.payload.data(), 1, message.payload.size(), out) ==
                  message.payload.size();
  }
  written = std::fclose(out) == 0 && written;
  if (!written)
    return Error(Code::kResourceExhausted, "could not write all of file \"" + file + "\"");
  return static_cast<int64_t>(batch.messages.size());
}

namespace {

bool has_partition(const std::vector<source::PartitionBounds>& bounds, int32_t partition) {
  return std::any_of(bounds.begin(), bounds.end(),
                     [&](const auto& bound) { return bound.partition == partition; });
}

/// The cursors that SET OFFSETS asks for.
Result<std::vector<Cursor>> asked_cursors(source::Source& source,
                                          const std::vector<source::PartitionBounds>& bounds,
                                          const OffsetsChange& change) {
  using Form = OffsetsChange::Form;
  if (change.form == Form::kTime) return source.cursors_at(change.timestamp_ms);
  std::vector<Cursor> cursors;
  if (change.form != Form::kGiven) {
    for (const auto& bound : bounds)
      cursors.push_back({bound.partition, change.form == Form::kLatest ? bound.latest_offset
                                                                       : bound.earliest_offset});
    return cursors;
  }
  return given_cursors(change.offsets, bounds);
}

/// Those of `first` that are not in `cursors` are added.
void add_missing(const std::vector<Cursor>& first, std::vector<Cursor>& cursors) {
  for (const auto& cursor : first) {
    const bool there = std::any_of(cursors.begin(), cursors.end(), [&](const Cursor& one) {
      return one.partition == cursor.partition;
    });
    if (!there) cursors.push_back(cursor);
  }
}

}  // namespace

Result<store::CursorMove> moved_cursors(const ProbeContext& context, const SourceDefinition& before,
                                        const std::optional<OffsetsChange>& asked) {
  const auto& definition = context.definition;
  const bool renamed = definition.source.topic != before.topic;
  TRY(const auto stored, context.store.cursors(context.pipeline_id));
  store::CursorMove move;
  // What has read nothing begins by itself where its CONFIG says.
  if (!asked && (!renamed || stored.empty())) return move;
  TRY(const auto source,
      open_source(definition, context.options, context.store, context.pipeline_id));
  TRY(move.topic_id, source->topic_id());
  TRY(const auto bounds, source->partitions());
  if (asked) {
    TRY(move.cursors, asked_cursors(*source, bounds, *asked));
  }
  if (renamed) add_missing(first_cursors(definition.source, bounds, {}), move.cursors);
  TRY(const auto ids, context.store.topic_ids(context.pipeline_id));
  const auto other =
      std::find_if(ids.begin(), ids.end(), [&](const auto& id) { return id != move.topic_id; });
  const bool made_again = !move.topic_id.empty() && other != ids.end();
  if (stored.empty() || (!renamed && !made_again)) return move;
  for (const auto& cursor : stored) {
    if (!has_partition(bounds, cursor.partition)) move.gone.push_back(cursor.partition);
  }
  auto left = definition;
  left.source = before;
  move.left.emplace();
  move.left->topic = before.topic;
  move.left->topic_id = other != ids.end() ? *other : ids.empty() ? std::string() : ids.front();
  TRY(move.left->json, source_json(left));
  return move;
}

Status drop_partition(const ProbeContext& context, int32_t partition, store::CursorMove& move) {
  TRY(const auto stored, context.store.cursors(context.pipeline_id));
  const bool known = std::any_of(stored.begin(), stored.end(), [&](const Cursor& cursor) {
    return cursor.partition == partition;
  });
  const std::string which = "partition " + std::to_string(partition);
  if (!known)
    return Error(Code::kNotFound,
                 "pipeline \"" + context.definition.name.name + "\" has no cursor of " + which);
  TRY(const auto source,
      open_source(context.definition, context.options, context.store, context.pipeline_id));
  TRY(const auto bounds, source->partitions());
  if (has_partition(bounds, partition))
    return Error(Code::kWrongState, "the source has " + which + " still",
                 "ALTER PIPELINE ... SET OFFSETS moves its cursor.");
  move.gone.push_back(partition);
  if (move.gone.size() < stored.size()) return {};
  return Error(Code::kWrongState, which + " is the only one", "DROP PIPELINE and create it anew.");
}

Status check_definition(const ProbeContext& context) {
  const auto& pipeline = context.definition;
  auto& store = context.store;
  TRY(const auto target, store.table(pipeline.table.database, pipeline.table.name));
  TRY(auto plan, make_plan(pipeline, target, context.model.get()));
  const std::string where = "pipeline \"" + pipeline.name.name + "\"";
  auto stages = make_stages(pipeline, plan, context.model, context.options, store);
  if (!stages) return std::move(stages).error().within(where);
  auto source = open_source(pipeline, context.options, store, context.pipeline_id);
  if (!source) return std::move(source).error().within(where);
  if (pipeline.rejects.kind == RejectsDefinition::Kind::kTable) {
    const auto& rejects = pipeline.rejects.table;
    TRY(const auto there, store.table(rejects.database, rejects.name));
    if (!there) TRY_OK(store.create_table(rejects.database, rejects.name, store::reject_columns()));
  }
  if (!target)
    return store.create_table(pipeline.table.database, pipeline.table.name,
                              evaluation_columns(context.model->spec()));
  plan.output.input = stages->output;
  auto writer = store.open_writer({0, pipeline.name.database, pipeline.name.name}, plan.output);
  if (!writer) return std::move(writer).error().within(where);
  return {};
}

}  // namespace millrace::engine
