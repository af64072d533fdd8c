// What a source asks the brokers about its topic: its partitions and their ends, where a time
// begins, and whether what was fetched is of the topic that the source was opened for. Belongs to
// the source and its thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "source/kafka_consumer.h"
#include "source/source.h"

namespace millrace::source {

class TopicView {
 public:
  /// Both must outlive it, the consumer until ask_by().
  TopicView(const KafkaOptions& options, std::shared_ptr<KafkaConsumer> consumer)
      : options_(options), consumer_(std::move(consumer)) {}

  /// This client asks from here on; what it fetches is not yet known to be of the topic.
  void ask_by(std::shared_ptr<KafkaConsumer> consumer);

  // Errors of all that ask: kMissingTopic, kUnavailable, kAuthentication, kPermission; kDataLoss
  // when the topic was made again.

  /// Ascending, at least one.
  Result<std::vector<int32_t>> partition_numbers();
  /// Of all partitions, with two questions to each broker that leads some.
  Result<std::vector<PartitionBounds>> bounds();
  /// Asks for the topic's id with it.
  Result<size_t> partition_count();
  Result<std::string> topic_id();
  /// The first offset of each partition whose message is of that time or later.
  Result<std::vector<Cursor>> cursors_at(int64_t timestamp_ms);

  /// One attempt, of a second, to hear of the partitions.
  Result<KafkaPartitions> probe();

  /// Whether all that was fetched so far is of the topic. False when that cannot be known now: no
  /// broker answers, or one that starts and does not know the topic yet. Error: kDataLoss.
  Result<bool> is_right();

  /// The topic's id; empty until it was asked for, or when the broker gives none.
  const std::string& id() const { return pin_.id(); }
  /// What bounds() last said; empty before.
  const std::vector<PartitionBounds>& heard_bounds() const { return bounds_; }
  /// Partitions and their leaders as last heard; empty when leaders may have moved since.
  const KafkaPartitions& known() const { return known_; }

 private:
  Result<std::string> ask_id(std::chrono::milliseconds time_max);

  BrokerWords& words() const { return consumer_->asking.client->words; }

  const KafkaOptions& options_;
  std::shared_ptr<KafkaConsumer> consumer_;
  TopicPin pin_;
  KafkaPartitions known_;
  std::vector<PartitionBounds> bounds_;
};

}  // namespace millrace::source
