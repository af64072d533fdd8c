// Writes messages to a Kafka topic: the rejects of pipelines (REJECTS INTO KAFKA), the rows of the
// demo and the benchmarks. Idempotent (no doubles on retry). One thread.
#pragma once

#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::source {

struct ProducerOptions {
  std::string brokers;
  std::map<std::string, std::string> properties;  // librdkafka's
  /// Ends the waits of send() and flush(): kCancelled, and what is not with the broker by then may
  /// come there or not.
  std::stop_token stop = {};
};

class Producer {
 public:
  static Result<std::unique_ptr<Producer>> open(const ProducerOptions& options);
  virtual ~Producer() = default;

  /// Makes the topic unless it exists; waits until it can be written. Errors: kUnavailable,
  /// kInvalidArgument.
  virtual Status create_topic(const std::string& topic, int32_t partitions) = 0;
  /// Queues one message (copied); waits while the local queue is full. partition -1: the library
  /// picks.
  virtual Status send(const std::string& topic, int32_t partition, std::string_view key,
                      std::string_view payload,
                      const std::map<std::string, std::string>& headers = {}) = 0;
  /// Waits until all queued messages are with the broker. Errors name how many are not.
  virtual Status flush() = 0;
};

}  // namespace millrace::source
