// A Source is where a pipeline's messages come from. It knows partitions and offsets, and it keeps
// no position of its own between runs: the pipeline seeks it to the cursors the store holds, and
// the store alone says how far we are. Owned and called by the pipeline's reader thread; only stop
// is asked for from elsewhere, through the stop_token. A Source never skips an offset silently: one
// that is gone (retention, a topic made again) is an Error of Code::kDataLoss that names it.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/message.h"

namespace millrace::source {

struct PartitionBounds {
  int32_t partition = 0;
  int64_t earliest_offset = 0;
  int64_t latest_offset = 0;  // the end: the offset the next message will have
};

/// The end of a partition as the source last heard of it.
struct PartitionEnd {
  int32_t partition = 0;
  int64_t latest_offset = 0;
  int64_t heard_at = 0;  // microseconds since 1970
};

struct TakeLimits {
  int64_t offsets_per_partition_max = 0;    // MAX_OFFSETS_PER_BATCH_PARTITION
  int64_t bytes_max = 0;                    // payload bytes of the whole batch; 0 = no bound
  std::chrono::milliseconds wait_max{500};  // for the first message, when there is none
  int64_t messages_max = 0;    // of the whole batch, a partition's part rounded up; 0 = no bound
  int64_t partitions_max = 0;  // MAX_PARTITIONS_PER_BATCH; 0 = no bound
};

class Source {
 public:
  virtual ~Source() = default;

  /// The partitions there are now, by number. Errors: kUnavailable (no broker within the bounded
  /// time), kMissingTopic, kAuthentication, kInvalidArgument.
  virtual Result<std::vector<PartitionBounds>> partitions() = 0;

  /// How many partitions there are now; costs less than partitions(). Errors: the same, and
  /// kDataLoss of a topic that was made again.
  virtual Result<size_t> partition_count() = 0;

  /// What the offsets belong to: Kafka's id of the topic, another one when a topic of this name is
  /// made again. Empty when there is none: files, a broker before 2.8. Once it was asked for, the
  /// source gives messages of that topic alone, and kDataLoss (topic_made_again) when there is
  /// another. Errors: as partitions().
  virtual Result<std::string> topic_id() = 0;

  /// Reads from these cursors on, one for each partition to read; replaces what was assigned
  /// before. Errors: kDataLoss when a cursor is outside [earliest, latest] of its partition.
  virtual Status seek(const std::vector<Cursor>& cursors) = 0;

  /// The next batch. Waits up to wait_max for a first message, then takes from each partition until
  /// it has given offsets_per_partition_max messages or has come to its end as the broker last told
  /// it (so on a topic that is not written to, the batches are the same at each reading). Empty
  /// when nothing came or `stop` was asked for. A partition may move without a message (a
  /// transaction's marker, an aborted transaction): its range then counts 0 messages. bytes_max is
  /// shared out evenly among the partitions; the message that reaches a share is still in. With
  /// partitions_max the first so many that have something give it, each after each other's turn. A
  /// broker that is away is no error here until it has been away for the source's patience; then
  /// kUnavailable, and the caller may take again. kDataLoss and kMissingTopic stay until the next
  /// seek, of a topic that was made again for ever.
  virtual Result<MessageBatch> take(const TakeLimits& limits, const std::stop_token& stop) = 0;

  /// The ends of the partitions that take() has read to their ends; asks nobody. What is behind
  /// hears of its end with each batch.
  virtual std::vector<PartitionEnd> heard_ends() const = 0;

  /// Exactly these ranges, again (replay of a logged batch). Leaves the position after them.
  /// Errors: kDataLoss when an offset is gone, kUnavailable, kCancelled.
  virtual Result<MessageBatch> take_again(const std::vector<OffsetRange>& ranges,
                                          const std::stop_token& stop) = 0;

  /// The first offset of each partition whose message is not older than the time (milliseconds
  /// since 1970); a partition without one is at its end.
  virtual Result<std::vector<Cursor>> cursors_at(int64_t timestamp_ms) = 0;

  /// Tells the broker how far the pipeline is, for lag tools only. Does not wait; never read back.
  virtual void acknowledge(const std::vector<Cursor>& cursors) = 0;
};

/// kDataLoss: the offsets are of a topic that is gone, and another has its name. Says both ids.
Error topic_made_again(const std::string& topic, const std::string& expected,
                       const std::string& found);

struct KafkaOptions {
  std::string brokers;  // "host:port,host:port"
  std::string topic;
  std::map<std::string, std::string> properties;  // librdkafka's, from CONFIG and CREDENTIALS
  std::string group_id;                           // for acknowledge() only
  std::chrono::milliseconds connect_timeout{10000};
  std::chrono::milliseconds patience{30000};  // how long a broker may be away within take()
  /// How long partitions that have something wait for those that should have and do not.
  std::chrono::milliseconds straggler_wait{500};
  /// So long after the last message the source shares a client with others, until it is busy.
  std::chrono::milliseconds calm_after{10000};
};

/// Errors: kInvalidArgument for a property librdkafka does not know (with the nearest), for a value
/// it refuses, and for those the engine owns (group.id, enable.auto.commit, ...). The engine's own
/// keys of CONFIG (auto.offset.reset, kafka_version, schema.registry.*) pass and change nothing
/// here. Does not connect yet.
Result<std::unique_ptr<Source>> open_kafka(const KafkaOptions& options);

}  // namespace millrace::source
