// librdkafka's C objects with owners: the only header that shows rdkafka.h, for the kafka_*.cc
// files alone. Also the words of the brokers (what librdkafka complained about last, kept so that
// an error can say why) and the making of a configuration from a user's properties.
#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/thread.h"

namespace millrace::source {

/// The Kafka protocol's number of the request for messages.
inline constexpr int16_t kFetchKey = 1;

struct KafkaDelete {
  // A consumer is not "closed" on the way out: that would wait for a group we never join.
  void operator()(rd_kafka_t* kafka) const {
    rd_kafka_destroy_flags(kafka, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  }
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
  void operator()(rd_kafka_AdminOptions_t* options) const {
    rd_kafka_AdminOptions_destroy(options);
  }
  void operator()(rd_kafka_TopicCollection_t* topics) const {
    rd_kafka_TopicCollection_destroy(topics);
  }
  void operator()(rd_kafka_AlterConsumerGroupOffsets_t* change) const {
    rd_kafka_AlterConsumerGroupOffsets_destroy(change);
  }
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
};

/// Between two questions: a leader is elected, or a broker starts. Milliseconds.
inline constexpr int kAskAgainMs = 20;

template <class T>
using KafkaOwned = std::unique_ptr<T, KafkaDelete>;

/// What librdkafka last complained about. Written by its callbacks, read by whoever makes an error.
class BrokerWords {
 public:
  void heard(rd_kafka_resp_err_t error, const std::string& words);
  /// The brokers answered: what they said before is history.
  void clear();

  /// A connection broke or was refused since the last clear(), and when that began.
  bool away() const;
  std::chrono::steady_clock::time_point away_since() const;
  /// A login was refused, or a TLS handshake failed on certificates, since the last clear().
  bool refused() const;
  /// How often that ever was.
  int64_t refusals() const;
  std::string last() const;

 private:
  mutable Mutex mutex_;
  std::string last_ GUARDED_BY(mutex_);
  bool away_ GUARDED_BY(mutex_) = false;
  bool refused_ GUARDED_BY(mutex_) = false;
  int64_t refusals_ GUARDED_BY(mutex_) = 0;
  std::chrono::steady_clock::time_point away_since_ GUARDED_BY(mutex_);
};

struct KafkaConfigSpec {
  std::string brokers;
  std::vector<std::pair<const char*, const char*>> defaults;  // the user may set them otherwise
  std::vector<std::pair<const char*, const char*>> owned;     // ours, and refused to the user
  std::map<std::string, std::string> properties;              // the user's
};

/// Errors: kInvalidArgument, which names the property and the nearest one there is.
Result<KafkaOwned<rd_kafka_conf_t>> make_kafka_config(const KafkaConfigSpec& spec);

/// Makes the client; its error and log callbacks write into `words`, which must outlive it.
Result<KafkaOwned<rd_kafka_t>> make_kafka_client(rd_kafka_type_t type,
                                                 KafkaOwned<rd_kafka_conf_t> config,
                                                 BrokerWords& words);

struct KafkaPartitions {
  std::vector<int32_t> numbers;  // ascending, at least one
  std::vector<int32_t> leaders;  // the broker of each
};

/// Asks for the topic's metadata, again and again until its partitions have leaders or the time is
/// up. Errors: kMissingTopic, kUnavailable, kAuthentication, kPermission.
Result<KafkaPartitions> kafka_partitions_of(rd_kafka_t* kafka, rd_kafka_topic_t* topic,
                                            const BrokerWords& words, const std::string& brokers,
                                            std::chrono::milliseconds time_max);

/// `could not reach Kafka at "..." within 10 s: <the broker's words>`.
Error kafka_unreachable(const std::string& brokers, const BrokerWords& words,
                        std::chrono::milliseconds time);

/// kDataLoss: the partition holds [earliest, latest) and not `offset`. -1: not known.
Error kafka_offset_gone(const std::string& topic, int32_t partition, int64_t offset,
                        int64_t earliest, int64_t latest);

}  // namespace millrace::source
