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
  /// `topic_id`: of the topic that the pipeline has left and `definition` reads; empty: its own.
  Origins(const ProbeContext& context, const PipelineDefinition& definition, std::string topic_id,
          const Plan& plan);

  Status read(const std::vector<Reject>& rejects, const std::stop_token& stop);
  /// A message of the reject's own bytes. It views what `rejects` and this hold.
  Message message_of(const Reject& reject) const;
  /// Gives `batch`, whose messages are those of `rejects`, what is asked for by a message's index.
  void describe(const std::vector<Reject>& rejects, MessageBatch& batch) const;

 private:
  std::optional<size_t> index_of(const Reject& reject) const;
  Status open();

  const ProbeContext& context_;
  const PipelineDefinition& definition_;
  const std::string topic_id_;
  bool reads_messages_ = false;  // their keys, times or headers
  bool reads_files_ = false;     // their names
  std::unique_ptr<source::Source> source_;
  MessageBatch messages_;
  std::map<std::pair<int32_t, int64_t>, size_t> places_;  // in messages_
  std::vector<store::PipelineFile> files_;
};

Origins::Origins(const ProbeContext& context, const PipelineDefinition& definition,
                 std::string topic_id, const Plan& plan)
    : context_(context), definition_(definition), topic_id_(std::move(topic_id)) {
  using Fact = decode::MessageFact;
  for (const auto fact : plan.facts) {
    reads_messages_ |= fact == Fact::kKey || fact == Fact::kKeyBytes || fact == Fact::kTimestamp ||
                       fact == Fact::kTimestampType || fact == Fact::kHeaders;
    reads_files_ |= fact == Fact::kFile;
  }
  const bool files = definition.source.kind == SourceKind::kFiles;
  reads_messages_ = reads_messages_ && !files;
  reads_files_ = reads_files_ && files;
}

Status Origins::open() {
  TRY(source_, open_source(definition_, context_.options, context_.store, context_.pipeline_id));
  if (topic_id_.empty()) {
    TRY_OK(check_topic(definition_, *source_, context_.store, context_.pipeline_id));
    return {};
  }
  TRY(const auto id, source_->topic_id());
  if (id.empty() || id == topic_id_) return {};
  return source::topic_made_again(definition_.source.topic, topic_id_, id);
}

Status Origins::read(const std::vector<Reject>& rejects, const std::stop_token& stop) {
  if (reads_files_) {
    TRY(files_, context_.store.files(context_.pipeline_id));
  }
  if (!reads_messages_) return {};
  if (!source_) TRY_OK(open());
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
  if (reads_messages_ && messages_.timestamp_type)
    batch.timestamp_type = [this, &rejects](size_t i) {
      const auto at = index_of(rejects[i]);
      return at ? messages_.timestamp_type(*at) : std::string_view();
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

/// What was cut is no message. The store takes back the others.
bool is_cut(const Reject& reject) {
  return reject.bytes.size() >= kRejectBytesMax;
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

/// What rejects of one topic are tried again by.
struct Retrial {
  std::string topic, topic_id;  // KeptRejects'
  PipelineDefinition definition;
  Plan plan;
  Stages stages;
  std::unique_ptr<store::BatchWriter> writer;
  std::unique_ptr<Origins> origins;
  StagedBatch batch;
  bool failed = false;
};

/// The definition with the topic that the rejects are of.
Result<PipelineDefinition> definition_of(const ProbeContext& context,
                                         const store::KeptRejects& kept) {
  auto definition = reading_of_rejects(context.definition);
  if (kept.topic.empty()) return definition;
  TRY(const auto sources, context.store.earlier_sources(context.pipeline_id));
  const auto at = std::find_if(sources.rbegin(), sources.rend(), [&](const auto& source) {
    return source.topic == kept.topic && source.topic_id == kept.topic_id;
  });
  if (at != sources.rend()) return with_source(definition, at->json);
  return Error(Code::kDataLoss, "the store does not know any more how topic \"" + kept.topic +
                                    "\" was read, which pipeline \"" + definition.name.name +
                                    "\" has left");
}

Result<std::unique_ptr<Retrial>> open_retrial(const ProbeContext& context,
                                              const store::KeptRejects& kept) {
  auto retrial = std::make_unique<Retrial>();
  auto& definition = retrial->definition;
  retrial->topic = kept.topic;
  retrial->topic_id = kept.topic_id;
  TRY(definition, definition_of(context, kept));
  TRY(const auto target, context.store.table(definition.table.database, definition.table.name));
  TRY(retrial->plan, make_plan(definition, target, context.model.get()));
  TRY(retrial->stages,
      make_stages(definition, retrial->plan, context.model, context.options, context.store));
  retrial->plan.output.input = retrial->stages.output;
  TRY(retrial->writer, context.store.open_writer(
                           {context.pipeline_id, definition.name.database, definition.name.name},
                           retrial->plan.output));
  retrial->origins = std::make_unique<Origins>(context, definition, kept.topic_id, retrial->plan);
  return retrial;
}

/// One for each partition, at its cursor; behind the rejects where it has none, or has that of
/// another topic.
std::vector<OffsetRange> empty_ranges(const store::KeptRejects& kept,
                                      const std::vector<Cursor>& cursors) {
  std::map<int32_t, int64_t> ends;
  for (const auto& reject : kept.rejects) {
    auto& end = ends[reject.partition];
    end = std::max(end, reject.offset + 1);
  }
  if (kept.topic.empty()) {
    for (const auto& cursor : cursors) {
      if (const auto at = ends.find(cursor.partition); at != ends.end())
        at->second = cursor.next_offset;
    }
  }
  std::vector<OffsetRange> ranges;
  for (const auto& [partition, end] : ends) ranges.push_back({partition, end, end, 0, -1});
  return ranges;
}

Status retry_batch(Retrial& retrial, const std::shared_ptr<const store::KeptRejects>& kept,
                   const std::vector<Cursor>& cursors, int64_t batch_id,
                   const std::stop_token& stop, RunReport& report) {
  const auto& rejects = kept->rejects;
  TRY_OK(retrial.origins->read(rejects, stop));
  MessageBatch messages;
  messages.owner = kept;
  messages.batch_id = batch_id;
  messages.topic_id = kept->topic_id;
  messages.ranges = empty_ranges(*kept, cursors);
  for (const auto& reject : rejects)
    messages.messages.push_back(retrial.origins->message_of(reject));
  retrial.origins->describe(rejects, messages);
  TRY_OK(run_stages(retrial.stages, messages, retrial.batch));
  store::BatchCommit commit;
  commit.batch_id = batch_id;
  commit.messages = &messages;
  commit.rows = &retrial.batch.rows();
  commit.rejects = std::move(retrial.batch.rejects);
  commit.retried_batch = kept->batch_id;
  commit.topic = kept->topic;
  commit.started_at = now_micros();
  TRY(const auto outcome, retrial.writer->commit(commit));
  ++report.batches;
  report.messages += static_cast<int64_t>(rejects.size());
  report.rows += outcome.rows_written;
  report.rejects += outcome.rejects + static_cast<int64_t>(rejects.size());
  return {};
}

}  // namespace

/// What cannot be read again of a topic that was left does not hold up what came after it.
Result<RunReport> retry_batches(const ProbeContext& context, const std::stop_token& stop) {
  TRY_OK(check_retryable(context.definition));
  TRY(const int64_t last, context.store.last_batch_id(context.pipeline_id));
  TRY(const auto cursors, context.store.cursors(context.pipeline_id));
  RunReport report;
  Status first_failure;
  std::unique_ptr<Retrial> retrial;
  // A transform does not see rejects again: they are records of its output.
  for (int64_t after = 0;;) {
    TRY(auto next, context.store.next_rejects(context.pipeline_id, after, last));
    if (!next) break;
    if (stop.stop_requested())
      return Error(Code::kCancelled, "the statement was interrupted",
                   "What it has tried again so far is committed.");
    after = next->batch_id;
    std::erase_if(next->rejects, is_cut);
    if (next->rejects.empty()) continue;
    const auto kept = std::make_shared<const store::KeptRejects>(std::move(*next));
    if (!retrial || retrial->topic != kept->topic || retrial->topic_id != kept->topic_id) {
      TRY(retrial, open_retrial(context, *kept));
    }
    if (retrial->failed) continue;
    auto retried = retry_batch(*retrial, kept, cursors, last + report.batches + 1, stop, report);
    if (!retried && kept->topic.empty()) return std::move(retried).error();
    retrial->failed = !retried;
    if (!retried && first_failure) first_failure = std::move(retried);
  }
  TRY_OK(first_failure);
  return report;
}

}  // namespace millrace::engine
