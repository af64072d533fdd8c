// Tells a broker how far a source's pipeline is, as the offsets of a consumer group, for lag tools
// alone: nobody joins the group, and the offsets are never read back. It asks as an administrator
// does, since a client that belongs to a group costs a thread and a connection more. Belongs to the
// source and its thread; never waits.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "data/message.h"
#include "source/kafka_consumer.h"

namespace millrace::source {

class GroupOffsets {
 public:
  /// With an empty group nothing is told.
  GroupOffsets(std::string group, std::shared_ptr<KafkaConsumer> consumer)
      : group_(std::move(group)) {
    tell_by(std::move(consumer));
  }

  /// By this client from here on.
  void tell_by(std::shared_ptr<KafkaConsumer> consumer);
  void tell(const std::vector<Cursor>& cursors);
  /// Sends what tell() had to keep back, if anything.
  void send();

 private:
  const std::string group_;
  std::shared_ptr<KafkaConsumer> consumer_;
  KafkaOwned<rd_kafka_queue_t> answers_;
  bool asking_ = false;
  std::map<int32_t, int64_t> next_offsets_;  // of all partitions that were ever told
  bool news_ = false;                        // they have moved since they were sent
};

}  // namespace millrace::source
