#include "source/kafka_reader.h"

#include <algorithm>

#include "base/check.h"

namespace millrace::source {
namespace {

// Messages taken from librdkafka's queue at a time: enough that the call costs nothing per message,
// few enough that all partitions of a batch fill side by side.
constexpr size_t kSliceMax = 1024;

}  // namespace

Result<std::unique_ptr<PartitionReader>> PartitionReader::open(
    std::shared_ptr<KafkaConsumer> consumer, int32_t partition, int64_t offset) {
  std::unique_ptr<PartitionReader> reader(new PartitionReader(consumer, partition, offset));
  if (rd_kafka_consume_start(consumer->fetching.topic.get(), partition, offset) != 0)
    return Error(Code::kUnavailable, "could not read Kafka topic \"" + consumer->topic_name +
                                         "\" partition " + std::to_string(partition) + ": " +
                                         rd_kafka_err2str(rd_kafka_last_error()));
  reader->queue_.reset(rd_kafka_queue_get_partition(consumer->fetching.kafka(),
                                                    consumer->topic_name.c_str(), partition));
  CHECK(reader->queue_, "a partition that was started has a queue");
  consumer->wake.listen_to(reader->queue_.get());
  return reader;
}

PartitionReader::~PartitionReader() {
  put_back();
  for (size_t i = fetched_next_; i < fetched_.size(); ++i) rd_kafka_message_destroy(fetched_[i]);
  if (!queue_) return;
  WakeUp::listen_no_more_to(queue_.get());
  rd_kafka_consume_stop(consumer_->fetching.topic.get(), partition_);
}

bool PartitionReader::complete(const PartLimits& limits) const {
  return broken_ || static_cast<int64_t>(messages_.size()) >= limits.messages_max ||
         bytes_ >= limits.bytes_max || position_ >= limits.end_offset ||
         (at_end_ && limits.end_offset == PartLimits().end_offset);
}

bool PartitionReader::fill(const PartLimits& limits) {
  const size_t before = messages_.size();
  const auto full = [&] {
    return broken_ || static_cast<int64_t>(messages_.size()) >= limits.messages_max ||
           bytes_ >= limits.bytes_max || position_ >= limits.end_offset;
  };
  while (!full()) {
    if (fetched_next_ == fetched_.size() && !fetch_slice(limits)) {
      look_for_end();
      break;
    }
    rd_kafka_message_t* raw = fetched_[fetched_next_];
    if (raw->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      ++fetched_next_;
      hear(*raw);
      rd_kafka_message_destroy(raw);
    } else if (raw->offset >= limits.end_offset) {
      position_ = limits.end_offset;  // the rest of the range is a gap
    } else {
      ++fetched_next_;
      accept(raw);
    }
  }
  if (at_end_ && end_told_ > position_) position_ = std::min(end_told_, limits.end_offset);
  return messages_.size() != before;
}

bool PartitionReader::fetch_slice(const PartLimits& limits) {
  const auto wanted = limits.messages_max - static_cast<int64_t>(messages_.size());
  fetched_.resize(static_cast<size_t>(std::clamp<int64_t>(wanted, 1, kSliceMax)));
  fetched_next_ = 0;
  const auto count = rd_kafka_consume_batch(consumer_->fetching.topic.get(), partition_, 0,
                                            fetched_.data(), fetched_.size());
  fetched_.resize(static_cast<size_t>(std::max<ssize_t>(count, 0)));
  return !fetched_.empty();
}

void PartitionReader::accept(rd_kafka_message_t* raw) {
  if (raw->offset < position_) {  // a whole compressed batch may begin before the offset asked for
    rd_kafka_message_destroy(raw);
    return;
  }
  at_end_ = false;
  Message& message = messages_.emplace_back();
  message.payload = {static_cast<const char*>(raw->payload), raw->len};
  message.key = {static_cast<const char*>(raw->key), raw->key_len};
  message.partition = partition_;
  message.offset = raw->offset;
  rd_kafka_timestamp_type_t kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const int64_t timestamp_ms = rd_kafka_message_timestamp(raw, &kind);
  message.timestamp_ms = kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : timestamp_ms;
  held_.push_back(raw);
  bytes_ += static_cast<int64_t>(raw->len);
  position_ = raw->offset + 1;
}

/// An event in the partition's queue that is no message.
void PartitionReader::hear(const rd_kafka_message_t& event) {
  const std::string where =
      "Kafka topic \"" + consumer_->topic_name + "\" partition " + std::to_string(partition_);
  const std::string words = rd_kafka_message_errstr(&event);
  switch (event.err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      at_end_ = true;
      end_told_ = std::max(event.offset, position_);
      return;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      broken_ = out_of_range();
      return;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      broken_ = Error(Code::kMissingTopic, where + " does not exist any more");
      return;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      broken_ = Error(Code::kPermission, where + " may not be read by this user",
                      "Grant the user READ and DESCRIBE on the topic.");
      return;
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
      // librdkafka goes on behind the damaged messages; a pipeline must not.
      broken_ = Error(Code::kDataLoss, where + " is damaged at or after offset " +
                                           std::to_string(position_) + ": " + words);
      return;
    default:
      // Leaders that move, connections that break: librdkafka tries again by itself.
      consumer_->fetching.client->words.heard(event.err, words);
  }
}

/// The queue is empty. The high watermark came with the last messages; EOF would only follow with
/// the next answer, which the broker holds back until there is something to say. An EOF that was
/// told ahead of this position (the part before was put back) is not told again.
void PartitionReader::look_for_end() {
  const int64_t told = end();
  if ((told >= 0 && position_ >= told) || end_told_ >= position_) at_end_ = true;
}

int64_t PartitionReader::end() const {
  int64_t low = -1, high = -1;
  const auto error = rd_kafka_get_watermark_offsets(
      consumer_->fetching.kafka(), consumer_->topic_name.c_str(), partition_, &low, &high);
  return error == RD_KAFKA_RESP_ERR_NO_ERROR ? std::max<int64_t>(high, -1) : -1;
}

Error PartitionReader::out_of_range() const {
  int64_t low = -1, high = -1;
  const auto error = rd_kafka_query_watermark_offsets(
      consumer_->asking.kafka(), consumer_->topic_name.c_str(), partition_, &low, &high, 5000);
  return kafka_offset_gone(consumer_->topic_name, partition_, position_,
                           error == RD_KAFKA_RESP_ERR_NO_ERROR ? low : -1, high);
}

OffsetRange PartitionReader::seal(std::vector<Message>& messages,
                                  std::vector<rd_kafka_message_t*>& held) {
  OffsetRange range;
  range.partition = partition_;
  range.first_offset = begin_;
  range.end_offset = position_;
  range.messages = static_cast<int64_t>(messages_.size());
  const int64_t told = end();
  if (told >= 0) range.latest_offset = std::max(told, position_);
  messages.insert(messages.end(), messages_.begin(), messages_.end());
  held.insert(held.end(), held_.begin(), held_.end());
  messages_.clear();
  held_.clear();
  bytes_ = 0;
  begin_ = position_;
  return range;
}

void PartitionReader::put_back() {
  held_.insert(held_.end(), fetched_.begin() + static_cast<std::ptrdiff_t>(fetched_next_),
               fetched_.end());
  fetched_ = std::move(held_);
  fetched_next_ = 0;
  held_.clear();
  messages_.clear();
  bytes_ = 0;
  position_ = begin_;
  at_end_ = at_end_ && fetched_.empty();
}

}  // namespace millrace::source
