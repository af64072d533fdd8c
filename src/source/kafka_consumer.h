// The client of librdkafka that a source reads one topic with, as the source's readers and the
// batches share it. Made and used by the source's thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/result.h"
#include "source/kafka_handle.h"
#include "source/kafka_topic.h"
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

/// What the messages of a batch need to stay readable. Batches share it with the source, so that a
/// batch may outlive its source. Destroyed from the last member to the first.
struct KafkaConsumer {
  std::string brokers;
  std::string topic_name;
  BrokerWords words;
  WakeUp wake;
  BrokerAnswers answers;
  KafkaOwned<rd_kafka_t> kafka;
  KafkaOwned<rd_kafka_topic_t> topic;
};

/// How long the broker may hold back its answer to a request for messages while it has none; it
/// answers with messages at once. librdkafka has one such request at a time with a broker, for the
/// partitions whose queues are not full: a partition with a backlog waits for the others' nothing,
/// so with a backlog the hold is short. What an idle pipeline costs goes by it, so else it is long.
/// What else is asked of the broker meanwhile waits too.
enum class Pace : uint8_t { kQuick, kCalm };

/// Does not connect yet. The last owner waits for the client's end, but not for ever: librdkafka's
/// destroy never returns for some clients whose topic was deleted under them (librdkafka issues
/// 3007, 4362). Such a client is left behind, with all that its callbacks touch.
Result<std::shared_ptr<KafkaConsumer>> open_consumer(const KafkaOptions& options, Pace pace);

}  // namespace millrace::source
