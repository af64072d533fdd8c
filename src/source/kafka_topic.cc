#include "source/kafka_topic.h"

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "base/clock.h"
#include "source/source.h"

namespace millrace::source {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// The Kafka protocol's number of the request for metadata, which DescribeTopics is too.
constexpr int16_t kMetadataKey = 3;
// One question; a broker that goes down meanwhile never answers it.
constexpr milliseconds kQuestionMax{3000};

/// Empty for the id of zeros, which stands for none.
std::string text_of(const rd_kafka_Uuid_t* id) {
  if (id == nullptr || (rd_kafka_Uuid_most_significant_bits(id) == 0 &&
                        rd_kafka_Uuid_least_significant_bits(id) == 0))
    return {};
  return rd_kafka_Uuid_base64str(id);
}

struct Answer {
  KafkaTopic topic;
  bool missing = false;
};

KafkaPartitions partitions_of(const rd_kafka_TopicDescription_t* topic) {
  size_t count = 0;
  const auto* all = rd_kafka_TopicDescription_partitions(topic, &count);
  std::map<int32_t, int32_t> leaders;
  for (size_t i = 0; i < count; ++i) {
    const auto* leader = rd_kafka_TopicPartitionInfo_leader(all[i]);
    if (leader == nullptr) return {};
    leaders[rd_kafka_TopicPartitionInfo_partition(all[i])] = rd_kafka_Node_id(leader);
  }
  KafkaPartitions partitions;
  for (const auto& [number, leader] : leaders) {
    partitions.numbers.push_back(number);
    partitions.leaders.push_back(leader);
  }
  return partitions;
}

/// One question. None: no answer, or one that says nothing yet.
std::optional<Answer> ask(rd_kafka_t* kafka, int32_t leader, const std::string& topic,
                          milliseconds time_max) {
  const int time_ms = static_cast<int>(time_max.count());
  const char* name = topic.c_str();
  const KafkaOwned<rd_kafka_TopicCollection_t> topics(
      rd_kafka_TopicCollection_of_topic_names(&name, 1));
  const KafkaOwned<rd_kafka_AdminOptions_t> options(
      rd_kafka_AdminOptions_new(kafka, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS));
  std::string why(512, '\0');
  const bool set =
      rd_kafka_AdminOptions_set_request_timeout(options.get(), time_ms, why.data(), why.size()) ==
          0 &&
      rd_kafka_AdminOptions_set_broker(options.get(), leader, why.data(), why.size()) == 0;
  CHECK(set, "a time and a broker are what librdkafka takes");
  const KafkaOwned<rd_kafka_queue_t> queue(rd_kafka_queue_new(kafka));
  rd_kafka_DescribeTopics(kafka, topics.get(), options.get(), queue.get());
  const KafkaOwned<rd_kafka_event_t> event(rd_kafka_queue_poll(queue.get(), time_ms));
  const auto* result = event ? rd_kafka_event_DescribeTopics_result(event.get()) : nullptr;
  if (result == nullptr || rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::nullopt;
  size_t count = 0;
  const auto* described = rd_kafka_DescribeTopics_result_topics(result, &count);
  if (count != 1) return std::nullopt;
  const auto error = rd_kafka_error_code(rd_kafka_TopicDescription_error(described[0]));
  if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return Answer{{}, true};
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
  return Answer{
      {text_of(rd_kafka_TopicDescription_topic_id(described[0])), partitions_of(described[0])},
      false};
}

}  // namespace

void BrokerAnswers::count_those_of(rd_kafka_conf_t* config) {
  rd_kafka_conf_interceptor_add_on_new(config, "millrace", on_new, this);
}

rd_kafka_resp_err_t BrokerAnswers::on_new(rd_kafka_t* kafka, const rd_kafka_conf_t*, void* self,
                                          char*, size_t) {
  return rd_kafka_interceptor_add_on_response_received(kafka, "millrace", on_response, self);
}

rd_kafka_resp_err_t BrokerAnswers::on_response(rd_kafka_t*, int, const char*, int32_t broker,
                                               int16_t api_key, int16_t, int32_t, size_t, int64_t,
                                               rd_kafka_resp_err_t error, void* self) {
  auto& answers = *static_cast<BrokerAnswers*>(self);
  if (api_key == kMetadataKey) answers.count_.fetch_add(1);
  if (api_key == kFetchKey && error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    Lock lock(answers.mutex_);
    answers.fetched_at_[broker] = now_micros();
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

int64_t BrokerAnswers::fetched_at(int32_t broker) const {
  Lock lock(mutex_);
  const auto found = fetched_at_.find(broker);
  return found == fetched_at_.end() ? 0 : found->second;
}

Result<KafkaTopic> kafka_topic(rd_kafka_t* kafka, int32_t leader, const std::string& topic,
                               const std::string& brokers, const BrokerWords& words,
                               milliseconds time_max) {
  const auto deadline = steady_clock::now() + time_max;
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    if (left <= milliseconds(0)) return kafka_unreachable(brokers, words, time_max);
    auto answer = ask(kafka, leader, topic, std::min(left, kQuestionMax));
    if (answer && answer->missing)
      return Error(Code::kMissingTopic,
                   "Kafka topic \"" + topic + "\" does not exist at \"" + brokers + "\"",
                   "Make the topic, or check its name.");
    if (answer) return std::move(answer->topic);
    rd_kafka_poll(kafka, kAskAgainMs);  // serves the error callback, which fills `words`
  }
}

/// An answer that came in between may have been about another topic of the name: it is asked again.
void TopicPin::hold(int64_t expected, const BrokerAnswers& answers) {
  checked_ = answers.count() == expected ? expected : -1;
}

Error topic_made_again(const std::string& topic, const std::string& expected,
                       const std::string& found) {
  Error error(Code::kDataLoss, "Kafka topic \"" + topic + "\" was made again: its id was " +
                                   expected + " and is " + found);
  error.detail = "The offsets that were read are of the one that is gone.";
  error.hint =
      "ALTER PIPELINE ... SET OFFSETS EARLIEST reads the new one from its beginning; or DROP the "
      "pipeline and CREATE it anew.";
  return error;
}

}  // namespace millrace::source
