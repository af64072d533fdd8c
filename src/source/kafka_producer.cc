#include <array>
#include <atomic>

#include "source/kafka_handle.h"
#include "source/producer.h"

namespace millrace::source {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kTopicTimeMax{30'000};
constexpr int kPollMs = 100;

class KafkaProducer : public Producer {
 public:
  explicit KafkaProducer(const ProducerOptions& options)
      : brokers_(options.brokers), stop_(options.stop) {}
  ~KafkaProducer() override {
    topics_.clear();
    // What was never flushed is dropped: whoever cares about it has called flush().
    if (kafka_) rd_kafka_purge(kafka_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  }

  Status connect(const ProducerOptions& options);
  Status create_topic(const std::string& topic, int32_t partitions) override;
  Status send(const std::string& topic, int32_t partition, std::string_view key,
              std::string_view payload, const std::map<std::string, std::string>& headers) override;
  Status flush() override;

 private:
  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void*);
  Result<bool> topic_exists(const std::string& topic);
  Status ask_for_topic(const std::string& topic, int32_t partitions);
  Result<rd_kafka_topic_t*> topic_of(const std::string& topic);
  rd_kafka_resp_err_t produce(rd_kafka_topic_t* topic, int32_t partition, std::string_view key,
                              std::string_view payload,
                              const std::map<std::string, std::string>& headers);
  Status check_delivered();
  Status check_stop() const;

  const std::string brokers_;
  const std::stop_token stop_;
  BrokerWords words_;
  // Written by on_delivery, which runs within our own calls to poll and flush.
  int64_t undelivered_ = 0;
  std::string undelivered_why_, undelivered_to_;
  KafkaOwned<rd_kafka_t> kafka_;
  std::map<std::string, KafkaOwned<rd_kafka_topic_t>, std::less<>> topics_;
};

void KafkaProducer::on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  auto* self = static_cast<KafkaProducer*>(message->_private);
  ++self->undelivered_;
  self->undelivered_why_ = rd_kafka_err2str(message->err);
  self->undelivered_to_ = rd_kafka_topic_name(message->rkt);
}

Status KafkaProducer::connect(const ProducerOptions& options) {
  KafkaConfigSpec spec;
  spec.brokers = options.brokers;
  spec.properties = options.properties;
  spec.defaults = {
      {"client.id", "millrace"},
      {"linger.ms", "5"},
      {"batch.size", "1000000"},
      {"queue.buffering.max.messages", "1000000"},
      {"queue.buffering.max.kbytes", "262144"},
      {"message.timeout.ms", "60000"},
      {"reconnect.backoff.max.ms", "1000"},
      {"topic.metadata.refresh.fast.interval.ms", "100"},
      {"socket.nagle.disable", "true"},
  };
  spec.owned = {{"enable.idempotence", "true"}};
  TRY(auto config, make_kafka_config(spec));
  rd_kafka_conf_set_dr_msg_cb(config.get(), on_delivery);
  TRY(kafka_, make_kafka_client(RD_KAFKA_PRODUCER, std::move(config), words_));
  return {};
}

/// Asks for all topics: to ask for one by name may make it, with the broker's number of partitions.
Result<bool> KafkaProducer::topic_exists(const std::string& topic) {
  const auto deadline = steady_clock::now() + kTopicTimeMax;
  do {
    const rd_kafka_metadata_t* raw = nullptr;
    const auto error = rd_kafka_metadata(kafka_.get(), 1, nullptr, &raw, 500);
    const KafkaOwned<const rd_kafka_metadata_t> metadata(raw);
    rd_kafka_poll(kafka_.get(), 0);
    if (words_.refused()) break;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    for (int i = 0; i < metadata->topic_cnt; ++i) {
      if (topic == metadata->topics[i].topic) return true;
    }
    return false;
  } while (steady_clock::now() < deadline);
  return kafka_unreachable(brokers_, words_, kTopicTimeMax);
}

/// Sends CreateTopics; a topic that is there already is fine.
Status KafkaProducer::ask_for_topic(const std::string& topic, int32_t partitions) {
  std::array<char, 512> why{};
  const KafkaOwned<rd_kafka_NewTopic_t> wish(
      rd_kafka_NewTopic_new(topic.c_str(), partitions, -1, why.data(), why.size()));
  if (!wish)
    return Error(Code::kInvalidArgument,
                 "cannot make Kafka topic \"" + topic + "\": " + why.data());
  const KafkaOwned<rd_kafka_queue_t> queue(rd_kafka_queue_new(kafka_.get()));
  std::array<rd_kafka_NewTopic_t*, 1> wishes{wish.get()};
  rd_kafka_CreateTopics(kafka_.get(), wishes.data(), wishes.size(), nullptr, queue.get());
  const KafkaOwned<rd_kafka_event_t> event(
      rd_kafka_queue_poll(queue.get(), static_cast<int>(kTopicTimeMax.count())));
  rd_kafka_poll(kafka_.get(), 0);
  if (!event) return kafka_unreachable(brokers_, words_, kTopicTimeMax);
  const auto* result = rd_kafka_event_CreateTopics_result(event.get());
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR || !result) {
    words_.heard(rd_kafka_event_error(event.get()), rd_kafka_event_error_string(event.get()));
    return kafka_unreachable(brokers_, words_, kTopicTimeMax);
  }
  size_t count = 0;
  const auto** topics = rd_kafka_CreateTopics_result_topics(result, &count);
  for (size_t i = 0; i < count; ++i) {
    const auto error = rd_kafka_topic_result_error(topics[i]);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
      continue;
    const char* words = rd_kafka_topic_result_error_string(topics[i]);
    return Error(Code::kInvalidArgument, "cannot make Kafka topic \"" + topic +
                                             "\": " + (words ? words : rd_kafka_err2str(error)));
  }
  return {};
}

Status KafkaProducer::create_topic(const std::string& topic, int32_t partitions) {
  if (partitions < 1)
    return Error(Code::kInvalidArgument, "cannot make Kafka topic \"" + topic + "\" with " +
                                             std::to_string(partitions) + " partitions");
  TRY(const bool exists, topic_exists(topic));
  if (!exists) TRY_OK(ask_for_topic(topic, partitions));
  TRY(auto* handle, topic_of(topic));
  // A topic that was just made may be unknown to the broker that is asked; it will be told.
  const auto deadline = steady_clock::now() + kTopicTimeMax;
  while (true) {
    const auto found = kafka_partitions_of(kafka_.get(), handle, words_, brokers_, kTopicTimeMax);
    if (found) return {};
    if (found.error().code != Code::kMissingTopic || steady_clock::now() >= deadline)
      return found.error();
    rd_kafka_poll(kafka_.get(), 20);
  }
}

Result<rd_kafka_topic_t*> KafkaProducer::topic_of(const std::string& topic) {
  const auto found = topics_.find(topic);
  if (found != topics_.end()) return found->second.get();
  KafkaOwned<rd_kafka_topic_t> made(rd_kafka_topic_new(kafka_.get(), topic.c_str(), nullptr));
  if (!made)
    return Error(Code::kInvalidArgument, "cannot write to Kafka topic \"" + topic +
                                             "\": " + rd_kafka_err2str(rd_kafka_last_error()));
  return topics_.emplace(topic, std::move(made)).first->second.get();
}

/// One message; librdkafka copies what it is given, and owns the headers once it has taken them.
rd_kafka_resp_err_t KafkaProducer::produce(rd_kafka_topic_t* topic, int32_t partition,
                                           std::string_view key, std::string_view payload,
                                           const std::map<std::string, std::string>& headers) {
  rd_kafka_headers_t* list = headers.empty() ? nullptr : rd_kafka_headers_new(headers.size());
  for (const auto& [name, value] : headers)
    rd_kafka_header_add(list, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  const auto error =
      rd_kafka_producev(kafka_.get(), RD_KAFKA_V_RKT(topic),
                        RD_KAFKA_V_PARTITION(partition < 0 ? RD_KAFKA_PARTITION_UA : partition),
                        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                        RD_KAFKA_V_VALUE(const_cast<char*>(payload.data()), payload.size()),
                        RD_KAFKA_V_KEY(key.empty() ? nullptr : key.data(), key.size()),
                        RD_KAFKA_V_HEADERS(list), RD_KAFKA_V_OPAQUE(this), RD_KAFKA_V_END);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR && list != nullptr) rd_kafka_headers_destroy(list);
  return error;
}

Status KafkaProducer::send(const std::string& topic, int32_t partition, std::string_view key,
                           std::string_view payload,
                           const std::map<std::string, std::string>& headers) {
  TRY(auto* handle, topic_of(topic));
  while (true) {
    const auto failed = produce(handle, partition, key, payload, headers);
    if (failed == RD_KAFKA_RESP_ERR_NO_ERROR) break;
    if (failed != RD_KAFKA_RESP_ERR__QUEUE_FULL)
      return Error(failed == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ? Code::kInvalidArgument
                                                                  : Code::kUnavailable,
                   "could not write to Kafka topic \"" + topic + "\": " + rd_kafka_err2str(failed));
    // Bounded by message.timeout.ms: a queue that cannot be sent empties itself with errors.
    rd_kafka_poll(kafka_.get(), kPollMs);
    TRY_OK(check_delivered());
    TRY_OK(check_stop());
  }
  rd_kafka_poll(kafka_.get(), 0);
  return {};
}

Status KafkaProducer::check_delivered() {
  if (undelivered_ == 0) return {};
  Error error(Code::kUnavailable,
              "could not write " + std::to_string(undelivered_) + " messages to Kafka topic \"" +
                  undelivered_to_ + "\" at \"" + brokers_ + "\": " + undelivered_why_,
              "Check that the topic is there and the broker can be reached.");
  undelivered_ = 0;
  return error;
}

Status KafkaProducer::check_stop() const {
  if (!stop_.stop_requested()) return {};
  return Error(Code::kCancelled, "the wait for Kafka at \"" + brokers_ + "\" was ended");
}

Status KafkaProducer::flush() {
  while (rd_kafka_flush(kafka_.get(), kPollMs) != RD_KAFKA_RESP_ERR_NO_ERROR) TRY_OK(check_stop());
  return check_delivered();
}

}  // namespace

Result<std::unique_ptr<Producer>> Producer::open(const ProducerOptions& options) {
  auto producer = std::make_unique<KafkaProducer>(options);
  TRY_OK(producer->connect(options));
  return std::unique_ptr<Producer>(std::move(producer));
}

}  // namespace millrace::source
