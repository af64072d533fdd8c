#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/thread.h"
#include "data/utf8.h"
#include "source/kafka_offsets.h"
#include "source/kafka_reader.h"
#include "source/kafka_topic_view.h"
#include "source/source.h"

namespace millrace::source {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How long a replay sleeps at most before it looks whether its ranges are still there.
constexpr milliseconds kKafkaLook{100};
// A part of a partition that is a backlog: well below what its queue holds
// (queued.max.messages.kbytes).
constexpr int64_t kBacklogBytes = 1 << 20;
// More batches than that in the time are a stream that is better off with a client of its own.
constexpr int kMovesMax = 10;
constexpr milliseconds kMovesTime{1000};
// SingleStore's pipelines_max_offsets_per_batch_partition.
constexpr int64_t kOffsetsMaxDefault = 1'000'000;

/// librdkafka's messages of one batch; the client they came from lives as long as they do.
struct HeldMessages {
  std::shared_ptr<KafkaConsumer> consumer;
  std::vector<rd_kafka_message_t*> messages;

  explicit HeldMessages(std::shared_ptr<KafkaConsumer> c) : consumer(std::move(c)) {}
  HeldMessages(const HeldMessages&) = delete;
  HeldMessages& operator=(const HeldMessages&) = delete;
  ~HeldMessages() {
    for (auto* message : messages) rd_kafka_message_destroy(message);
  }
};

/// The headers of a message as a JSON object: of a name that comes once its value, else an array of
/// them in their order; bytes that are no UTF-8 stand as \xHH.
std::string headers_json(const rd_kafka_message_t* message) {
  auto json = nlohmann::json::object();
  std::map<std::string, std::vector<nlohmann::json>> values;
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    for (size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      auto& entry = values[as_utf8(name)].emplace_back();
      if (value != nullptr) entry = as_utf8({static_cast<const char*>(value), size});
    }
  }
  for (auto& [name, all] : values) {
    if (all.size() == 1) {
      json[name] = std::move(all.front());
    } else {
      json[name] = std::move(all);
    }
  }
  return json.dump();
}

/// In Kafka's own words.
std::string_view timestamp_type(const rd_kafka_message_t* message) {
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  rd_kafka_message_timestamp(message, &type);
  if (type == RD_KAFKA_TIMESTAMP_CREATE_TIME) return "CreateTime";
  return type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME ? "LogAppendTime" : "";
}

std::vector<Cursor> cursors_of(const OffsetRange& range) {
  return {{range.partition, range.first_offset}, {range.partition, range.end_offset}};
}

class KafkaSource : public Source {
 public:
  KafkaSource(KafkaOptions options, std::shared_ptr<KafkaConsumer> consumer)
      : options_(std::move(options)),
        consumer_(std::move(consumer)),
        topic_(options_, consumer_),
        group_offsets_(options_.group_id, consumer_) {}

  Result<std::vector<PartitionBounds>> partitions() override { return topic_.bounds(); }
  Result<size_t> partition_count() override { return topic_.partition_count(); }
  Result<std::string> topic_id() override { return topic_.topic_id(); }
  Status seek(const std::vector<Cursor>& cursors) override;
  Result<MessageBatch> take(const TakeLimits& limits, const std::stop_token& stop) override;
  std::vector<PartitionEnd> heard_ends() const override;
  Result<MessageBatch> take_again(const std::vector<OffsetRange>& ranges,
                                  const std::stop_token& stop) override;
  Result<std::vector<Cursor>> cursors_at(int64_t timestamp_ms) override {
    return topic_.cursors_at(timestamp_ms);
  }
  void acknowledge(const std::vector<Cursor>& cursors) override { group_offsets_.tell(cursors); }

 private:
  using Readers = std::vector<std::unique_ptr<PartitionReader>>;

  Status check_held(const std::vector<Cursor>& cursors) const;
  Status check_or_ask(const std::vector<Cursor>& cursors);
  PartitionReader* find(int32_t partition) const;
  Status read_from(const Cursor& cursor);
  Status seek_to_ranges(const std::vector<OffsetRange>& ranges);
  Status check_ranges_exist(const std::vector<OffsetRange>& ranges);
  size_t partitions_of(const TakeLimits& limits) const;
  PartLimits part_of(const TakeLimits& limits) const;
  size_t parts() const;
  bool fill_parts(const PartLimits& part, size_t parts_max);
  bool parts_complete(const PartLimits& part, size_t parts_max) const;
  void end_turn(MessageBatch& batch);
  MessageBatch seal();
  void put_back();
  void note_moves(bool backlog);
  Status choose_pace();
  Status change_pace(Pace pace);
  Status check_broken();
  Status keep_if_of_topic();
  Status check_broker();
  BrokerWords& words() const { return consumer_->fetching.client->words; }

  const KafkaOptions options_;
  std::shared_ptr<KafkaConsumer> consumer_;
  Readers readers_;   // by partition
  int32_t turn_ = 0;  // the partition that is first to be asked for a batch
  Pace pace_ = Pace::kQuick;
  bool busy_ = false;  // a backlog, or many batches lately
  steady_clock::time_point moved_at_ = steady_clock::now();
  steady_clock::time_point counted_since_ = moved_at_;
  int moves_ = 0;        // batches since then
  std::jthread ending_;  // of the consumer before this one
  TopicView topic_;
  GroupOffsets group_offsets_;
};

/// Puts back what is in the parts unless it is known to be of the topic. kDataLoss when it is not.
Status KafkaSource::keep_if_of_topic() {
  const bool moved = std::any_of(readers_.begin(), readers_.end(),
                                 [](const auto& reader) { return reader->moved(); });
  // While nothing comes it is asked too, so that what comes next need not wait for the answer. Not
  // where others' topics are heard of as well, which is nothing to all of them.
  if (!moved && pace_ == Pace::kCalm) return {};
  const auto right = topic_.is_right();
  if (!moved) return right ? Status() : right.error();
  if (!right || !*right) put_back();
  return right ? Status() : right.error();
}

/// Whether the topic holds the cursors, as it was last heard of.
Status KafkaSource::check_held(const std::vector<Cursor>& cursors) const {
  for (const auto& [partition, offset] : cursors) {
    const auto& bounds = topic_.heard_bounds();
    const auto at = std::find_if(bounds.begin(), bounds.end(), [partition = partition](auto& one) {
      return one.partition == partition;
    });
    if (at == bounds.end())
      return Error(Code::kNotFound, "Kafka topic \"" + options_.topic + "\" has no partition " +
                                        std::to_string(partition));
    if (offset < at->earliest_offset || offset > at->latest_offset)
      return kafka_offset_gone(options_.topic, partition, offset, at->earliest_offset,
                               at->latest_offset);
  }
  return {};
}

/// What was heard a moment ago need not be asked again; what it does not tell of is.
Status KafkaSource::check_or_ask(const std::vector<Cursor>& cursors) {
  if (check_held(cursors)) return {};
  TRY_OK(topic_.bounds());
  return check_held(cursors);
}

PartitionReader* KafkaSource::find(int32_t partition) const {
  for (const auto& reader : readers_) {
    if (reader->partition() == partition) return reader.get();
  }
  return nullptr;
}

/// Makes the partition's reader stand at the cursor; one that stands there already keeps what it
/// has prefetched.
Status KafkaSource::read_from(const Cursor& cursor) {
  auto* reader = find(cursor.partition);
  if (reader && !reader->broken() && reader->position() == cursor.next_offset) return {};
  std::erase_if(readers_, [&](const auto& one) { return one.get() == reader; });
  TRY(auto opened, PartitionReader::open(consumer_, cursor.partition, cursor.next_offset));
  readers_.push_back(std::move(opened));
  std::sort(readers_.begin(), readers_.end(),
            [](const auto& a, const auto& b) { return a->partition() < b->partition(); });
  return {};
}

Status KafkaSource::seek(const std::vector<Cursor>& cursors) {
  TRY_OK(check_or_ask(cursors));
  words().clear();
  std::erase_if(readers_, [&](const auto& reader) {
    return std::none_of(cursors.begin(), cursors.end(), [&](const Cursor& cursor) {
      return cursor.partition == reader->partition();
    });
  });
  for (const auto& cursor : cursors) TRY_OK(read_from(cursor));
  return {};
}

/// A batch's bytes and messages are shared out among the partitions beforehand, so that where it is
/// cut does not depend on which partition's messages came first.
PartLimits KafkaSource::part_of(const TakeLimits& limits) const {
  PartLimits part;
  part.messages_max =
      limits.offsets_per_partition_max > 0 ? limits.offsets_per_partition_max : kOffsetsMaxDefault;
  const auto count = static_cast<int64_t>(std::max<size_t>(partitions_of(limits), 1));
  if (limits.messages_max > 0)
    part.messages_max = std::min(part.messages_max, (limits.messages_max + count - 1) / count);
  if (limits.bytes_max > 0) part.bytes_max = std::max<int64_t>(limits.bytes_max / count, 1);
  return part;
}

/// How many partitions a batch has at most.
size_t KafkaSource::partitions_of(const TakeLimits& limits) const {
  if (limits.partitions_max <= 0) return readers_.size();
  return std::min(readers_.size(), static_cast<size_t>(limits.partitions_max));
}

/// How many partitions have given something.
size_t KafkaSource::parts() const {
  return static_cast<size_t>(std::count_if(
      readers_.begin(), readers_.end(), [](const auto& reader) { return reader->messages() > 0; }));
}

/// Whether anything moved. From the turn's partition on, others begin to give until there are
/// enough.
bool KafkaSource::fill_parts(const PartLimits& part, size_t parts_max) {
  const auto first = std::find_if(readers_.begin(), readers_.end(),
                                  [&](const auto& reader) { return reader->partition() >= turn_; });
  const auto begin = static_cast<size_t>(first - readers_.begin());
  bool moved = false;
  size_t giving = parts();
  for (size_t i = 0; i < readers_.size(); ++i) {
    auto& reader = *readers_[(begin + i) % readers_.size()];
    const bool gave = reader.messages() > 0;
    if (!gave && giving == parts_max) continue;
    moved |= reader.fill(part);
    if (!gave && reader.messages() > 0) ++giving;
  }
  return moved;
}

bool KafkaSource::parts_complete(const PartLimits& part, size_t parts_max) const {
  const bool enough = parts() == parts_max;
  return std::all_of(readers_.begin(), readers_.end(), [&](const auto& reader) {
    return reader->complete(part) || (enough && reader->messages() == 0);
  });
}

/// After a batch that did not have all partitions: the next one begins behind the last of it.
void KafkaSource::end_turn(MessageBatch& batch) {
  for (const auto& reader : readers_) {
    const bool gave = std::any_of(batch.ranges.begin(), batch.ranges.end(), [&](const auto& range) {
      return range.partition == reader->partition();
    });
    batch.others_wait = batch.others_wait || (!gave && reader->more_is_there());
  }
  const auto last = std::find_if(batch.ranges.rbegin(), batch.ranges.rend(),
                                 [&](const auto& range) { return range.partition < turn_; });
  if (last != batch.ranges.rend())
    turn_ = last->partition + 1;  // it went round
  else if (!batch.ranges.empty())
    turn_ = batch.ranges.back().partition + 1;
}

/// A topic that is made again breaks its readers in many ways, and this one tells the most.
Status KafkaSource::check_broken() {
  for (const auto& reader : readers_) {
    if (!reader->broken()) continue;
    if (const auto same = topic_.is_right(); !same && same.error().code == Code::kDataLoss)
      return same.error();
    return *reader->broken();
  }
  return {};
}

/// kUnavailable when no broker could be reached for the source's patience, and none can now.
Status KafkaSource::check_broker() {
  rd_kafka_poll(consumer_->fetching.kafka(), 0);
  const auto& heard = words();
  if (!heard.away() || steady_clock::now() - heard.away_since() < options_.patience) return {};
  const auto answer = topic_.probe();
  if (!answer && answer.error().code == Code::kUnavailable)
    return kafka_unreachable(options_.brokers, heard, options_.patience);
  if (!answer) return answer.error();
  words().clear();
  return {};
}

/// Whoever is busy must not hold up others, nor let the broker look after all of their partitions
/// at each of its own requests.
void KafkaSource::note_moves(bool backlog) {
  moved_at_ = steady_clock::now();
  if (moved_at_ - counted_since_ > kMovesTime) {
    counted_since_ = moved_at_;
    moves_ = 0;
  }
  busy_ = backlog || ++moves_ > kMovesMax;
}

/// Not while anything is in the parts.
Status KafkaSource::choose_pace() {
  if (pace_ == Pace::kCalm) return busy_ ? change_pace(Pace::kQuick) : Status();
  const bool well =
      !words().away() && std::all_of(readers_.begin(), readers_.end(),
                                     [](const auto& reader) { return reader->at_end(); });
  if (!well || readers_.empty() || steady_clock::now() - moved_at_ < options_.calm_after) return {};
  return change_pace(Pace::kCalm);
}

/// Another client goes on where this one stands.
Status KafkaSource::change_pace(Pace pace) {
  TRY(auto consumer, open_consumer(options_, pace));
  std::vector<Cursor> cursors;
  for (const auto& reader : readers_) cursors.push_back({reader->partition(), reader->position()});
  readers_.clear();
  topic_.ask_by(consumer);
  group_offsets_.tell_by(consumer);
  // Its end takes a while, and whoever reads does not wait for it.
  ending_ = run_thread("kafka-end", [old = std::exchange(consumer_, std::move(consumer))](
                                        const std::stop_token&) mutable { old.reset(); });
  for (const auto& cursor : cursors) TRY_OK(read_from(cursor));
  pace_ = pace;
  busy_ = false;
  moved_at_ = steady_clock::now();
  return {};
}

MessageBatch KafkaSource::seal() {
  MessageBatch batch;
  const bool backlog = std::any_of(readers_.begin(), readers_.end(), [](const auto& reader) {
    return reader->bytes() >= kBacklogBytes;
  });
  auto held = std::make_shared<HeldMessages>(consumer_);
  size_t count = 0;
  for (const auto& reader : readers_) count += reader->messages();
  batch.messages.reserve(count);
  held->messages.reserve(count);
  for (const auto& reader : readers_) {
    const auto range = reader->seal(batch.messages, held->messages);
    if (range.end_offset > range.first_offset) batch.ranges.push_back(range);
  }
  batch.headers = [messages = held](size_t i) { return headers_json(messages->messages[i]); };
  batch.timestamp_type = [messages = held](size_t i) {
    return timestamp_type(messages->messages[i]);
  };
  if (!batch.ranges.empty()) note_moves(backlog);
  batch.owner = std::move(held);
  batch.topic_id = topic_.id();
  return batch;
}

void KafkaSource::put_back() {
  for (const auto& reader : readers_) reader->put_back();
}

Result<MessageBatch> KafkaSource::take(const TakeLimits& limits, const std::stop_token& stop) {
  const PartLimits part = part_of(limits);
  const size_t parts_max = partitions_of(limits);
  TRY_OK(check_broken());
  TRY_OK(choose_pace());
  group_offsets_.send();
  const std::stop_callback wake_on_stop(stop, [this] { consumer_->wake.signal(); });
  auto deadline = steady_clock::now() + limits.wait_max;
  while (!stop.stop_requested()) {
    const bool moved = fill_parts(part, parts_max);
    if (parts() > 0 && parts_complete(part, parts_max)) break;
    if (parts() == 0) TRY_OK(check_broken());
    const auto now = steady_clock::now();
    // Partitions that are not complete have a while since the last message: what stays away longer
    // (its broker is gone) comes in a later batch.
    if (moved) deadline = now + std::min(limits.wait_max, options_.straggler_wait);
    if (now >= deadline) break;
    if (!moved) {
      consumer_->wake.wait(std::chrono::ceil<milliseconds>(deadline - now));
      rd_kafka_poll(consumer_->fetching.kafka(), 0);
    }
  }
  if (stop.stop_requested()) {
    put_back();
    return MessageBatch{};
  }
  TRY_OK(keep_if_of_topic());
  if (parts() > 0)
    words().clear();
  else
    TRY_OK(check_broker());
  auto batch = seal();
  if (parts_max < readers_.size()) end_turn(batch);
  return batch;
}

/// A broker answers about all partitions that it leads and whose end is reached.
std::vector<PartitionEnd> KafkaSource::heard_ends() const {
  std::vector<PartitionEnd> ends;
  const auto& known = topic_.known();
  for (size_t i = 0; i < known.numbers.size(); ++i) {
    const auto* reader = find(known.numbers[i]);
    if (reader == nullptr || !reader->at_end()) continue;
    const int64_t heard_at = consumer_->fetching.client->answers.fetched_at(known.leaders[i]);
    const int64_t end = reader->end();
    if (end >= 0 && heard_at > 0) ends.push_back({reader->partition(), end, heard_at});
  }
  return ends;
}

Status KafkaSource::seek_to_ranges(const std::vector<OffsetRange>& ranges) {
  for (const auto& range : ranges) {
    const auto* reader = find(range.partition);
    if (reader && !reader->broken() && reader->position() == range.first_offset) continue;
    TRY_OK(check_or_ask(cursors_of(range)));
    TRY_OK(read_from({range.partition, range.first_offset}));
  }
  return {};
}

/// Nothing came for the source's patience, though the ranges were there once.
Status KafkaSource::check_ranges_exist(const std::vector<OffsetRange>& ranges) {
  TRY_OK(topic_.bounds());
  for (const auto& range : ranges) TRY_OK(check_held(cursors_of(range)));
  return {};
}

Result<MessageBatch> KafkaSource::take_again(const std::vector<OffsetRange>& ranges,
                                             const std::stop_token& stop) {
  TRY_OK(seek_to_ranges(ranges));
  const std::stop_callback wake_on_stop(stop, [this] { consumer_->wake.signal(); });
  auto last_move = steady_clock::now();
  Status status;
  while (status) {
    bool moved = false, complete = true;
    for (const auto& range : ranges) {
      auto* reader = find(range.partition);
      PartLimits part;
      part.messages_max = std::max<int64_t>(range.end_offset - range.first_offset, 0);
      part.end_offset = range.end_offset;
      moved |= reader->fill(part);
      complete = complete && reader->position() >= range.end_offset;
      if (reader->broken()) status = *reader->broken();
    }
    if (complete) {
      const auto right = topic_.is_right();
      if (right && *right) return seal();
      if (!right) status = right.error();
    }
    if (stop.stop_requested())
      status = Error(Code::kCancelled,
                     "stopped while reading Kafka topic \"" + options_.topic + "\" again");
    const auto now = steady_clock::now();
    if (moved) last_move = now;
    if (status && now - last_move >= options_.patience) {
      status = check_ranges_exist(ranges);
      last_move = now;
    }
    if (!status || moved) continue;
    consumer_->wake.wait(kKafkaLook);
    rd_kafka_poll(consumer_->fetching.kafka(), 0);
  }
  put_back();
  return status.error();
}

}  // namespace

Result<std::unique_ptr<Source>> open_kafka(const KafkaOptions& options) {
  if (options.topic.empty())
    return Error(Code::kInvalidArgument, "cannot read from Kafka without a topic",
                 "Write LOAD DATA KAFKA 'host:port/topic'.");
  if (options.properties.count("group.id") != 0)
    return Error(Code::kInvalidArgument,
                 "Kafka property \"group.id\" belongs to the engine and cannot be set",
                 "Leave it out; the engine keeps positions and groups itself.");
  TRY(auto consumer, open_consumer(options, Pace::kQuick));
  return std::unique_ptr<Source>(std::make_unique<KafkaSource>(options, std::move(consumer)));
}

}  // namespace millrace::source
