#include <algorithm>

#include "base/duration.h"
#include "source/kafka_handle.h"

namespace millrace::source {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

void BrokerWords::heard(rd_kafka_resp_err_t error, const std::string& words) {
  Lock lock(mutex_);
  if (error == RD_KAFKA_RESP_ERR__AUTHENTICATION || error == RD_KAFKA_RESP_ERR__SSL) {
    refused_ = true;
    ++refusals_;
  }
  // One broker of several that is away looks the same here; whoever acts on it asks first.
  const bool broken = error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
                      error == RD_KAFKA_RESP_ERR__TRANSPORT || error == RD_KAFKA_RESP_ERR__RESOLVE;
  if (broken && !away_) {
    away_since_ = steady_clock::now();
    away_ = true;
  }
  // "1/1 brokers are down" says less than the failure before it.
  if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || last_.empty()) last_ = words;
}

void BrokerWords::clear() {
  Lock lock(mutex_);
  last_.clear();
  away_ = refused_ = false;
}

steady_clock::time_point BrokerWords::away_since() const {
  Lock lock(mutex_);
  return away_since_;
}

bool BrokerWords::away() const {
  Lock lock(mutex_);
  return away_;
}

bool BrokerWords::refused() const {
  Lock lock(mutex_);
  return refused_;
}

int64_t BrokerWords::refusals() const {
  Lock lock(mutex_);
  return refusals_;
}

std::string BrokerWords::last() const {
  Lock lock(mutex_);
  return last_;
}

Error kafka_unreachable(const std::string& brokers, const BrokerWords& words, milliseconds time) {
  const std::string why = words.last();
  const std::string what = "Kafka at \"" + brokers + "\"";
  if (words.refused())
    return Error(Code::kAuthentication, what + " refused the connection: " + why,
                 "Check security.protocol, the sasl.* and the ssl.* properties.");
  return Error(
      Code::kUnavailable,
      "could not reach " + what + " within " + in_words(time) + (why.empty() ? "" : ": " + why),
      "Check that the broker runs and that its advertised listener is reachable.");
}

Error kafka_offset_gone(const std::string& topic, int32_t partition, int64_t offset,
                        int64_t earliest, int64_t latest) {
  const std::string what = "Kafka topic \"" + topic + "\" partition " + std::to_string(partition);
  if (earliest < 0)
    return Error(Code::kDataLoss, what + " does not have offset " + std::to_string(offset));
  Error error(Code::kDataLoss, {});
  error.detail = "It holds offsets " + std::to_string(earliest) + " to " + std::to_string(latest) +
                 " (the next one to come).";
  if (offset > latest) {
    error.message = what + " ends before offset " + std::to_string(offset);
    error.hint =
        "The topic was probably made again. DROP the pipeline and CREATE it anew to read it from "
        "its beginning.";
  } else {
    error.message = what + " no longer has offset " + std::to_string(offset);
    error.hint =
        "Its retention removed messages that were not read. ALTER PIPELINE ... SET OFFSETS '{\"" +
        std::to_string(partition) + "\": " + std::to_string(earliest) + "}' goes on without them.";
  }
  return error;
}

namespace {

/// How long a topic must be missing to be believed so: a broker that starts may not know it yet.
constexpr milliseconds kMissingMin{1000};

/// How long one question for metadata waits. The first goes over a connection that librdkafka gives
/// up as soon as it knows the brokers by their own names, and may never be answered.
constexpr int64_t kFirstQuestionMs = 10;
constexpr int64_t kQuestionMaxMs = 500;

enum class MetadataAnswer : uint8_t { kReady, kAgain, kMissing, kForbidden };

/// The partitions of the one topic in `metadata`, into `partitions` when it is ready to be read.
MetadataAnswer read_metadata(const rd_kafka_metadata_t& metadata, KafkaPartitions& partitions) {
  if (metadata.topic_cnt != 1) return MetadataAnswer::kAgain;
  const auto& topic = metadata.topics[0];
  switch (topic.err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      break;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
      return MetadataAnswer::kMissing;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return MetadataAnswer::kForbidden;
    default:
      return MetadataAnswer::kAgain;
  }
  std::vector<std::pair<int32_t, int32_t>> leaders;
  for (int i = 0; i < topic.partition_cnt; ++i) {
    if (topic.partitions[i].leader < 0) return MetadataAnswer::kAgain;
    leaders.emplace_back(topic.partitions[i].id, topic.partitions[i].leader);
  }
  if (leaders.empty()) return MetadataAnswer::kAgain;
  std::sort(leaders.begin(), leaders.end());
  partitions = {};
  for (const auto& [number, leader] : leaders) {
    partitions.numbers.push_back(number);
    partitions.leaders.push_back(leader);
  }
  return MetadataAnswer::kReady;
}

}  // namespace

Result<KafkaPartitions> kafka_partitions_of(rd_kafka_t* kafka, rd_kafka_topic_t* topic,
                                            const BrokerWords& words, const std::string& brokers,
                                            milliseconds time_max) {
  const auto deadline = steady_clock::now() + time_max;
  const auto missing_believed = steady_clock::now() + std::min(kMissingMin, time_max / 2);
  const std::string name = "Kafka topic \"" + std::string(rd_kafka_topic_name(topic)) + "\"";
  // One from before is another question's: the user may have been given the right since.
  const int64_t refusals = words.refusals();
  MetadataAnswer answer = MetadataAnswer::kAgain;
  bool answered = false;
  KafkaPartitions partitions;
  int64_t question_ms = kFirstQuestionMs;
  do {
    const auto left =
        std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()).count();
    const int slice = static_cast<int>(std::clamp<int64_t>(left, 1, question_ms));
    question_ms = std::min(2 * question_ms, kQuestionMaxMs);
    const rd_kafka_metadata_t* raw = nullptr;
    const auto error = rd_kafka_metadata(kafka, 0, topic, &raw, slice);
    const KafkaOwned<const rd_kafka_metadata_t> metadata(raw);
    rd_kafka_poll(kafka, 0);  // serves the error callback, which fills `words`
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      answered = true;
      answer = read_metadata(*metadata, partitions);
      if (answer == MetadataAnswer::kReady) return partitions;
      if (answer == MetadataAnswer::kMissing && steady_clock::now() >= missing_believed)
        return Error(Code::kMissingTopic, name + " does not exist at \"" + brokers + "\"",
                     "Make the topic, or check its name.");
      if (answer == MetadataAnswer::kForbidden)
        return Error(Code::kPermission, name + " may not be read by this user",
                     "Grant the user READ and DESCRIBE on the topic.");
      rd_kafka_poll(kafka, kAskAgainMs);
    } else if (words.refusals() > refusals) {
      break;
    }
  } while (steady_clock::now() < deadline);
  if (answered) return Error(Code::kUnavailable, name + " has partitions without a leader");
  return kafka_unreachable(brokers, words, time_max);
}

}  // namespace millrace::source
