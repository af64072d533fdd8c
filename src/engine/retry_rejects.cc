#include "engine/retry_rejects.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "engine/plan.h"
#include "engine/stages.h"
#include "source/file_source.h"
#include "source/source.h"

namespace millrace::engine {
namespace {

/// The messages that rejects are of, as far as they are needed.
class Origins {
 public:
  Origins(const ProbeContext& context, const Plan& plan);

  Status read(const std::vector<Reject>& rejects, const std::stop_token& stop);
  /// A message of the reject's own bytes. It views what `rejects` and this hold.
  Message message_of(const Reject& reject) const;
  /// Gives `batch`, whose messages are those of `rejects`, what is asked for by a message's index.
  void describe(const std::vector<Reject>& rejects, MessageBatch& batch) const;

 private:
  std::optional<size_t> index_of(const Reject& reject) const;

  const ProbeContext& context_;
  bool reads_messages_ = false;  // their keys, times or headers
  bool reads_files_ = false;     // their names
  std::unique_ptr<source::Source> source_;
  MessageBatch messages_;
  std::map<std::pair<int32_t, int64_t>, size_t> places_;  // in messages_
  std::vector<store::PipelineFile> files_;
};

Origins::Origins(const ProbeContext& context, const Plan& plan) : context_(context) {
  using Fact = decode::MessageFact;
  for (const auto fact : plan.facts) {
    reads_messages_ |= fact == Fact::kKey || fact == Fact::kKeyBytes || fact == Fact::kTimestamp ||
                       fact == Fact::kHeaders;
    reads_files_ |= fact == Fact::kFile;
  }
  const bool files = context.definition.source.kind == SourceKind::kFiles;
  reads_messages_ = reads_messages_ && !files;
  reads_files_ = reads_files_ && files;
}

Status Origins::read(const std::vector<Reject>& rejects, const std::stop_token& stop) {
  if (reads_files_) {
    TRY(files_, context_.store.files(context_.pipeline_id));
  }
  if (!reads_messages_) return {};
  if (!source_) {
    TRY(source_,
        open_source(context_.definition, context_.options, context_.store, context_.pipeline_id));
    TRY_OK(check_topic(context_.definition, *source_, context_.store, context_.pipeline_id));
  }
  std::map<int32_t, OffsetRange> ranges;
  for (const auto& reject : rejects) {
    auto& range =
        ranges.try_emplace(reject.partition, OffsetRange{reject.partition, reject.offset, 0, 0, -1})
            .first->second;
    range.first_offset = std::min(range.first_offset, reject.offset);
    range.end_offset = std::max(range.end_offset, reject.offset + 1);
  }
  std::vector<OffsetRange> wanted;
  for (const auto& [partition, range] : ranges) wanted.push_back(range);
  auto again = source_->take_again(wanted, stop);
  if (!again) {
    auto error =
        std::move(again).error().within("the keys, times and headers of what was rejected");
    error.hint = "SET and WHERE read them, and they are kept in Kafka alone.";
    return error;
  }
  messages_ = std::move(*again);
  places_.clear();
  for (size_t i = 0; i < messages_.messages.size(); ++i)
    places_[{messages_.messages[i].partition, messages_.messages[i].offset}] = i;
  return {};
}

std::optional<size_t> Origins::index_of(const Reject& reject) const {
  const auto at = places_.find({reject.partition, reject.offset});
  return at == places_.end() ? std::nullopt : std::optional(at->second);
}

Message Origins::message_of(const Reject& reject) const {
  Message message{reject.bytes, {}, reject.partition, reject.offset, -1, reject.line};
  if (const auto at = index_of(reject)) {
    message.key = messages_.messages[*at].key;
    message.timestamp_ms = messages_.messages[*at].timestamp_ms;
  }
  return message;
}

void Origins::describe(const std::vector<Reject>& rejects, MessageBatch& batch) const {
  if (reads_messages_ && messages_.headers)
    batch.headers = [this, &rejects](size_t i) {
      const auto at = index_of(rejects[i]);
      return at ? messages_.headers(*at) : std::string();
    };
  if (reads_files_)
    batch.file = [this, &rejects](size_t i) {
      const auto number = static_cast<size_t>(rejects[i].offset >> source::kFileOffsetBits);
      return number < files_.size() ? files_[number].name : std::string();
    };
}

/// How what was rejected is read: a line without what stood before it.
PipelineDefinition reading_of_rejects(const PipelineDefinition& definition) {
  auto reading = definition;
  reading.csv.ignore_lines = 0;
  reading.csv.lines_starting_by.clear();
  return reading;
}

/// What was cut is no message, and of a partition that is gone no batch can tell. The store takes
/// back the same.
bool can_be_retried(const Reject& reject, const std::vector<Cursor>& cursors) {
  return reject.bytes.size() < kRejectBytesMax &&
         std::any_of(cursors.begin(), cursors.end(),
                     [&](const Cursor& at) { return at.partition == reject.partition; });
}

Status check_retryable(const PipelineDefinition& definition) {
  if (definition.step == StepKind::kTrain)
    return Error(Code::kUnsupported, "rejects of a training are not learned later",
                 "A model depends on the batches of its log alone, in their order.");
  const bool blocks = definition.source.kind == SourceKind::kFiles &&
                      definition.format == FormatKind::kAvro && !definition.transform;
  if (!blocks) return {};
  return Error(Code::kUnsupported, "rejects of files of Avro cannot be tried again",
               "What is kept of them is a block, which has other rows, too.");
}

}  // namespace

Result<RunReport> retry_batches(const ProbeContext& context, const std::stop_token& stop) {
  TRY_OK(check_retryable(context.definition));
  const auto definition = reading_of_rejects(context.definition);
  TRY(const auto target, context.store.table(definition.table.database, definition.table.name));
  TRY(auto plan, make_plan(definition, target, context.model.get()));
  TRY(auto stages, make_stages(definition, plan, context.model, context.options, context.store));
  plan.output.input = stages.output;
  TRY(const auto writer,
      context.store.open_writer(
          {context.pipeline_id, definition.name.database, definition.name.name}, plan.output));
  TRY(const int64_t last, context.store.last_batch_id(context.pipeline_id));
  TRY(const auto cursors, context.store.cursors(context.pipeline_id));
  RunReport report;
  Origins origins(context, plan);
  // A transform does not see rejects again: they are records of its output.
  StagedBatch batch;
  for (int64_t after = 0;;) {
    TRY(auto kept, context.store.next_rejects(context.pipeline_id, after, last));
    if (!kept) return report;
    if (stop.stop_requested())
      return Error(Code::kCancelled, "the statement was interrupted",
                   "What it has tried again so far is committed.");
    after = kept->batch_id;
    std::erase_if(kept->rejects, [&](const Reject& one) { return !can_be_retried(one, cursors); });
    if (kept->rejects.empty()) continue;
    const auto bytes = std::make_shared<const std::vector<Reject>>(std::move(kept->rejects));
    TRY_OK(origins.read(*bytes, stop));
    MessageBatch messages;
    messages.owner = bytes;
    messages.batch_id = last + report.batches + 1;
    for (const auto& reject : *bytes) messages.messages.push_back(origins.message_of(reject));
    origins.describe(*bytes, messages);
    for (const auto& [partition, next] : cursors)
      messages.ranges.push_back({partition, next, next, 0, -1});
    TRY_OK(run_stages(stages, messages, batch));
    store::BatchCommit commit;
    commit.batch_id = last + ++report.batches;
    commit.messages = &messages;
    commit.rows = &batch.rows();
    commit.rejects = std::move(batch.rejects);
    commit.retried_batch = after;
    commit.started_at = now_micros();
    TRY(const auto outcome, writer->commit(commit));
    report.messages += static_cast<int64_t>(bytes->size());
    report.rows += outcome.rows_written;
    report.rejects += outcome.rejects + static_cast<int64_t>(bytes->size());
  }
}

}  // namespace millrace::engine
