#include "source/kafka_offsets.h"

#include <utility>

namespace millrace::source {

void GroupOffsets::tell_by(std::shared_ptr<KafkaConsumer> consumer) {
  answers_.reset();
  asking_ = false;
  consumer_ = std::move(consumer);
  if (!group_.empty()) answers_.reset(rd_kafka_queue_new(consumer_->asking.kafka()));
}

void GroupOffsets::tell(const std::vector<Cursor>& cursors) {
  if (group_.empty()) return;
  for (const auto& cursor : cursors) next_offsets_[cursor.partition] = cursor.next_offset;
  news_ = true;
  send();
}

/// One request is under way at a time, and each tells of all partitions: what comes meanwhile goes
/// with the next, and whatever the answer says, the next one is as good.
void GroupOffsets::send() {
  if (asking_) {
    const KafkaOwned<rd_kafka_event_t> answer(rd_kafka_queue_poll(answers_.get(), 0));
    if (!answer) return;
    asking_ = false;
  }
  if (!news_) return;
  const KafkaOwned<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(next_offsets_.size())));
  for (const auto& [partition, offset] : next_offsets_) {
    rd_kafka_topic_partition_list_add(list.get(), consumer_->topic_name.c_str(), partition)
        ->offset = offset;
  }
  news_ = false;
  const KafkaOwned<rd_kafka_AlterConsumerGroupOffsets_t> change(
      rd_kafka_AlterConsumerGroupOffsets_new(group_.c_str(), list.get()));
  auto* one = change.get();
  rd_kafka_AlterConsumerGroupOffsets(consumer_->asking.kafka(), &one, 1, nullptr, answers_.get());
  asking_ = true;
}

}  // namespace millrace::source
