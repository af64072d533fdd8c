// What a source reads one topic with, as the source's readers and the batches share it. Made and
// used by the source's thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/result.h"
#include "source/kafka_client.h"
#include "source/kafka_handle.h"
#include "source/source.h"

namespace millrace::source {

/// Wakes the source's thread out of its wait: a message came, or a stop was asked for. Any thread.
class WakeUp {
 public:
  WakeUp();
  ~WakeUp();
  WakeUp(const WakeUp&) = delete;
  WakeUp& operator=(const WakeUp&) = delete;

  void signal();
  /// Until a signal (also one given before the call) or the time is up.
  void wait(std::chrono::milliseconds time);
  /// Lets the queue signal when something comes into it; this must outlive that.
  void listen_to(rd_kafka_queue_t* queue);
  static void listen_no_more_to(rd_kafka_queue_t* queue);

 private:
  int event_ = -1;
};

/// A topic as a client knows it.
struct TopicOfClient {
  std::shared_ptr<KafkaClient> client;
  KafkaOwned<rd_kafka_topic_t> topic;

  rd_kafka_t* kafka() const { return client->kafka.get(); }
};

/// What the messages of a batch need to stay readable. Batches share it with the source, so that a
/// batch may outlive its source. Destroyed from the last member to the first.
struct KafkaConsumer {
  KafkaConsumer() = default;
  KafkaConsumer(const KafkaConsumer&) = delete;
  KafkaConsumer& operator=(const KafkaConsumer&) = delete;
  ~KafkaConsumer();

  std::string brokers;
  std::string topic_name;
  WakeUp wake;
  TopicOfClient fetching;  // what the messages come by
  TopicOfClient asking;    // what the brokers are asked by: the same client, or another one
};

/// A source that is busy has a client to itself, by which it fetches and asks. One that hears
/// little shares two with others, one to fetch and one to ask by.
enum class Pace : uint8_t { kQuick, kCalm };

/// Does not connect yet.
Result<std::shared_ptr<KafkaConsumer>> open_consumer(const KafkaOptions& options, Pace pace);

}  // namespace millrace::source
