// Reads one partition of a Kafka topic: the piece a KafkaSource has one of for each partition it is
// assigned. librdkafka prefetches into a queue of the partition's own, so that a partition that has
// given its part of a batch simply waits there; what was taken from the queue beyond the part stays
// in the reader for the next one. Owned and called by the source's thread. It never skips: an
// offset that cannot be read breaks the reader until it is started again.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/message.h"
#include "source/kafka_consumer.h"

namespace millrace::source {

/// How much of one partition goes into a batch.
struct PartLimits {
  int64_t messages_max = 0;
  int64_t bytes_max = std::numeric_limits<int64_t>::max();  // the message that reaches it is in
  int64_t end_offset = std::numeric_limits<int64_t>::max();
};

class PartitionReader {
 public:
  /// Starts to prefetch from `offset` on. Errors: kUnavailable.
  static Result<std::unique_ptr<PartitionReader>> open(std::shared_ptr<KafkaConsumer> consumer,
                                                       int32_t partition, int64_t offset);
  ~PartitionReader();
  PartitionReader(const PartitionReader&) = delete;
  PartitionReader& operator=(const PartitionReader&) = delete;

  int32_t partition() const { return partition_; }
  /// The next offset to hand out.
  int64_t position() const { return position_; }
  /// Payload bytes of the messages in the part.
  int64_t bytes() const { return bytes_; }
  /// The partition's end, as the broker last told it, is reached.
  bool at_end() const { return at_end_; }
  /// The partition's end as the broker last told it; -1 when it has not.
  int64_t end() const;
  /// The part is more than nothing, be it a gap.
  bool moved() const { return position_ != begin_; }
  /// Set when the partition cannot be read on.
  const std::optional<Error>& broken() const { return broken_; }
  /// Messages in the part.
  size_t messages() const { return messages_.size(); }
  /// Whether messages are there that are not in the part.
  bool more_is_there() const {
    return fetched_next_ < fetched_.size() || rd_kafka_queue_length(queue_.get()) > 0;
  }

  /// Moves what is there into the part, without waiting. True when it moved anything.
  bool fill(const PartLimits& limits);
  /// The part needs no more: a limit is reached, the partition's end as the broker last told it, or
  /// the reader is broken.
  bool complete(const PartLimits& limits) const;
  /// Takes the part: its messages are appended, `held` gets what they point into.
  OffsetRange seal(std::vector<Message>& messages, std::vector<rd_kafka_message_t*>& held);
  /// The part was not wanted after all; the next one begins where it began.
  void put_back();

 private:
  PartitionReader(std::shared_ptr<KafkaConsumer> consumer, int32_t partition, int64_t offset)
      : consumer_(std::move(consumer)), partition_(partition), begin_(offset), position_(offset) {}

  bool fetch_slice(const PartLimits& limits);
  void accept(rd_kafka_message_t* raw);
  void hear(const rd_kafka_message_t& event);
  void look_for_end();
  Error out_of_range() const;

  const std::shared_ptr<KafkaConsumer> consumer_;
  const int32_t partition_;
  KafkaOwned<rd_kafka_queue_t> queue_;

  int64_t begin_;     // of the part
  int64_t position_;  // after the part
  bool at_end_ = false;
  int64_t end_told_ = -1;  // where the broker said that there is nothing more; -1 it has not
  std::vector<Message> messages_;
  std::vector<rd_kafka_message_t*> held_;
  int64_t bytes_ = 0;

  std::vector<rd_kafka_message_t*> fetched_;  // from the queue, not in the part yet
  size_t fetched_next_ = 0;
  std::optional<Error> broken_;
};

}  // namespace millrace::source
