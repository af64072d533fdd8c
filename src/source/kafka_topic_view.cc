#include "source/kafka_topic_view.h"

#include <utility>

#include "source/kafka_bounds.h"

namespace millrace::source {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Also reaches a broker that has been away for longer than the source's patience.
constexpr milliseconds kProbe{1000};
// The topic's id may wait behind a request for messages that the broker holds back for as long as
// the user's fetch.wait.max.ms says.
constexpr milliseconds kTopicProbe{4000};

}  // namespace

void TopicView::ask_by(std::shared_ptr<KafkaConsumer> consumer) {
  consumer_ = std::move(consumer);
  pin_.hold_no_more();
}

Result<std::vector<int32_t>> TopicView::partition_numbers() {
  TRY(known_, kafka_partitions_of(consumer_->asking.kafka(), consumer_->asking.topic.get(), words(),
                                  options_.brokers, options_.connect_timeout));
  return known_.numbers;
}

Result<std::vector<PartitionBounds>> TopicView::bounds() {
  TRY(const auto numbers, partition_numbers());
  TRY(bounds_, kafka_bounds(consumer_->asking.kafka(), consumer_->asking.topic.get(), numbers,
                            options_.brokers, words(), options_.connect_timeout));
  words().clear();
  return bounds_;
}

/// The topic's id is asked for with it, while nothing waits for the answer; the one question tells
/// both, unless the broker that is asked does not lead any more.
Result<size_t> TopicView::partition_count() {
  if (pin_.pinned() && !known_.leaders.empty()) {
    const auto id = ask_id(kTopicProbe);
    if (id && !known_.numbers.empty()) {
      words().clear();
      return known_.numbers.size();
    }
    if (!id && id.error().code != Code::kUnavailable) return id.error();
  }
  TRY(const auto numbers, partition_numbers());
  if (pin_.pinned()) {
    TRY([[maybe_unused]] const auto id, ask_id(options_.connect_timeout));
  }
  words().clear();
  return numbers.size();
}

Result<std::string> TopicView::topic_id() {
  if (known_.leaders.empty()) {
    TRY([[maybe_unused]] const auto numbers, partition_numbers());
  }
  return ask_id(options_.connect_timeout);
}

Result<std::string> TopicView::ask_id(milliseconds time_max) {
  const auto& heard = consumer_->fetching.client->answers;
  const int64_t before = heard.count();
  TRY(auto found, kafka_topic(consumer_->asking.kafka(), known_.leaders.at(0), options_.topic,
                              options_.brokers, words(), time_max));
  auto& id = found.id;
  if (pin_.pinned() && !id.empty() && id != pin_.id())
    return topic_made_again(options_.topic, pin_.id(), id);
  if (!pin_.pinned()) pin_.pin(id);
  const bool own = consumer_->asking.client == consumer_->fetching.client;
  pin_.hold(own ? before + BrokerAnswers::kCountsOfAnAnswer : before, heard);
  known_ = std::move(found.partitions);
  return std::move(id);
}

Result<KafkaPartitions> TopicView::probe() {
  return kafka_partitions_of(consumer_->asking.kafka(), consumer_->asking.topic.get(), words(),
                             options_.brokers, kProbe);
}

Result<bool> TopicView::is_right() {
  if (!pin_.pinned() || pin_.holds(consumer_->fetching.client->answers)) return true;
  if (known_.leaders.empty()) {
    auto known = probe();
    if (!known) return false;
    known_ = std::move(*known);
  }
  const auto id = ask_id(kTopicProbe);
  if (id) return true;
  if (id.error().code == Code::kDataLoss) return id.error();
  known_ = {};
  return false;
}

Result<std::vector<Cursor>> TopicView::cursors_at(int64_t timestamp_ms) {
  TRY(const auto bounds, this->bounds());
  KafkaOwned<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(bounds.size())));
  for (const auto& bound : bounds)
    rd_kafka_topic_partition_list_add(list.get(), options_.topic.c_str(), bound.partition)->offset =
        timestamp_ms;
  const auto error = rd_kafka_offsets_for_times(consumer_->asking.kafka(), list.get(),
                                                static_cast<int>(options_.connect_timeout.count()));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    words().heard(error, rd_kafka_err2str(error));
    return kafka_unreachable(options_.brokers, words(), options_.connect_timeout);
  }
  std::vector<Cursor> cursors;
  for (const auto& bound : bounds) {
    const auto* found =
        rd_kafka_topic_partition_list_find(list.get(), options_.topic.c_str(), bound.partition);
    const bool there = found != nullptr && found->offset >= 0;
    cursors.push_back({bound.partition, there ? found->offset : bound.latest_offset});
  }
  return cursors;
}

}  // namespace millrace::source
