// Which topic a consumer reads: Kafka gives each topic an id, and another one to a topic that is
// deleted and made again under the same name. librdkafka (2.12) fetches by id and learns a new one
// from any answer about the cluster, upon which it goes on in the new topic at the old offset
// without a word. So these answers are counted: as long as there was none since the id was found to
// be the expected one, what is fetched is of that topic.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "base/result.h"
#include "base/thread.h"
#include "source/kafka_handle.h"

namespace millrace::source {

/// What a client hears of its brokers: counts the answers about the cluster, and keeps when each
/// broker last answered a request for messages. Counted by librdkafka's threads before they act on
/// them; read by any thread.
class BrokerAnswers {
 public:
  /// librdkafka tells of an answer when it comes, and again before it acts on it.
  static constexpr int64_t kCountsOfAnAnswer = 2;

  /// Lets the client that is made of `config` count here; this must outlive it.
  void count_those_of(rd_kafka_conf_t* config);
  int64_t count() const { return count_.load(); }
  /// Microseconds since 1970; 0 for a broker that never did.
  int64_t fetched_at(int32_t broker) const;

 private:
  static rd_kafka_resp_err_t on_new(rd_kafka_t* kafka, const rd_kafka_conf_t* config, void* self,
                                    char* why, size_t why_size);
  static rd_kafka_resp_err_t on_response(rd_kafka_t* kafka, int socket, const char* broker,
                                         int32_t broker_id, int16_t api_key, int16_t api_version,
                                         int32_t correlation_id, size_t size, int64_t round_trip,
                                         rd_kafka_resp_err_t error, void* self);

  std::atomic<int64_t> count_{0};
  mutable Mutex mutex_;
  std::map<int32_t, int64_t> fetched_at_ GUARDED_BY(mutex_);
};

struct KafkaTopic {
  std::string id;              // empty when the broker gives none
  KafkaPartitions partitions;  // empty when one of them has no leader
};

/// The topic of this name as broker `leader` knows it. Its own answer is counted, and moves no
/// consumer. Errors: kMissingTopic, kUnavailable.
Result<KafkaTopic> kafka_topic(rd_kafka_t* kafka, int32_t leader, const std::string& topic,
                               const std::string& brokers, const BrokerWords& words,
                               std::chrono::milliseconds time_max);

/// Holds a consumer to one topic. Belongs to the source's thread.
class TopicPin {
 public:
  /// Before it is pinned, every topic is the right one.
  bool pinned() const { return !id_.empty(); }
  const std::string& id() const { return id_; }
  void pin(std::string id) { id_ = std::move(id); }

  /// True when nothing was heard of the cluster since hold(): what was fetched is of the topic.
  bool holds(const BrokerAnswers& answers) const { return answers.count() == checked_; }
  /// The topic was asked for its id and it is the one; that is what holds unless more answers than
  /// expected were heard since before the question.
  void hold(int64_t expected, const BrokerAnswers& answers);
  /// Another client counts from here on.
  void hold_no_more() { checked_ = -1; }

 private:
  std::string id_;
  int64_t checked_ = -1;
};

}  // namespace millrace::source
