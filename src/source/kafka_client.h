// The clients of librdkafka that read from a Kafka cluster, each of which costs three threads and
// connections of its own. A source that is busy has one to itself; all sources of a cluster that
// hear little share theirs. Any thread.
#pragma once

#include <memory>

#include "base/result.h"
#include "source/kafka_handle.h"
#include "source/kafka_topic.h"
#include "source/source.h"

namespace millrace::source {

/// Destroyed from the last member to the first.
struct KafkaClient {
  BrokerWords words;
  BrokerAnswers answers;
  KafkaOwned<rd_kafka_t> kafka;
};

/// Does not connect yet. The last owner waits for the client's end, but not for ever: librdkafka's
/// destroy never returns for some clients whose topic was deleted under them (librdkafka issues
/// 3007, 4362). Such a client is left behind, with all that its callbacks touch.
Result<std::shared_ptr<KafkaClient>> open_client(const KafkaOptions& options);

/// One that others with the same brokers and properties fetch by as well, each another topic, since
/// a client has one position in a topic's partition; opened when there is none. Whoever has it
/// fetches options.topic. The brokers hold back their answers to it for longer (kafka_client.cc).
Result<std::shared_ptr<KafkaClient>> share_fetching_client(const KafkaOptions& options);

/// One that others with the same brokers and properties ask their questions by as well. Nobody
/// fetches by it: a question does not wait behind a request for messages that is held back, and is
/// not counted among the answers of the client that fetches.
Result<std::shared_ptr<KafkaClient>> share_asking_client(const KafkaOptions& options);

}  // namespace millrace::source
