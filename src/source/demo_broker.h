// A Kafka broker within the process: librdkafka's mock cluster. It lets the demo run without Java,
// and lets tests inject broker faults. It keeps a few megabytes for each partition, in memory only,
// so it is for demonstrations, never for data anyone wants to keep.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace millrace::source {

class DemoBroker {
 public:
  /// Starts on a free loopback port.
  static Result<std::unique_ptr<DemoBroker>> start();
  virtual ~DemoBroker() = default;

  virtual const std::string& address() const = 0;  // "127.0.0.1:PORT"
  /// The way to make a topic here: Producer::create_topic only finds what was made so.
  virtual Status create_topic(const std::string& topic, int32_t partitions) = 0;
  /// The next `count` fetches fail as if another broker led the partition.
  virtual void fail_fetches(int count) = 0;
  /// The next `count` questions for offsets fail as if the partition were not there, which is what
  /// a broker says that was just started.
  virtual void forget_partitions(int count) = 0;
  /// The partitions of a topic have new leaders; that they are the same broker does not help those
  /// who heard of them before.
  virtual void change_leaders(const std::string& topic, int32_t partitions) = 0;
  /// Takes the broker away and brings it back.
  virtual void set_up(bool up) = 0;
};

}  // namespace millrace::source
