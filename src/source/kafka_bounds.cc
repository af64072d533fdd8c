#include "source/kafka_bounds.h"

#include <array>
#include <map>
#include <optional>
#include <string_view>

#include "base/check.h"

namespace millrace::source {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How long one question waits for its answers.
constexpr int kQuestionMs = 1000;

struct Offsets {
  std::map<int32_t, int64_t> of;   // by partition
  std::optional<int32_t> unknown;  // a partition that its leader does not know
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;  // anything else that went wrong
};

/// Without that it would be told the end of what no transaction has committed.
rd_kafka_IsolationLevel_t isolation_of(rd_kafka_t* kafka) {
  std::array<char, 32> level{};
  size_t size = level.size();
  const bool known = rd_kafka_conf_get(rd_kafka_conf(kafka), "isolation.level", level.data(),
                                       &size) == RD_KAFKA_CONF_OK;
  CHECK(known, "a client has an isolation level");
  return std::string_view(level.data()) == "read_committed"
             ? RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED
             : RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED;
}

/// One question to all leaders, which is under way from the making of it on.
class OffsetsQuestion {
 public:
  OffsetsQuestion(rd_kafka_t* kafka, const std::string& topic, const std::vector<int32_t>& numbers,
                  rd_kafka_OffsetSpec_t which)
      : queue_(rd_kafka_queue_new(kafka)) {
    const KafkaOwned<rd_kafka_topic_partition_list_t> list(
        rd_kafka_topic_partition_list_new(static_cast<int>(numbers.size())));
    for (const int32_t number : numbers)
      rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), number)->offset = which;
    const KafkaOwned<rd_kafka_AdminOptions_t> options(
        rd_kafka_AdminOptions_new(kafka, RD_KAFKA_ADMIN_OP_LISTOFFSETS));
    std::array<char, 256> why{};
    const bool set =
        rd_kafka_AdminOptions_set_request_timeout(options.get(), kQuestionMs, why.data(),
                                                  why.size()) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        rd_kafka_AdminOptions_set_isolation_level(options.get(), isolation_of(kafka)) == nullptr;
    CHECK(set, "a time and a level are what librdkafka takes");
    rd_kafka_ListOffsets(kafka, list.get(), options.get(), queue_.get());
  }

  Offsets answer() const {
    const KafkaOwned<rd_kafka_event_t> event(rd_kafka_queue_poll(queue_.get(), kQuestionMs));
    Offsets offsets;
    offsets.error = event ? rd_kafka_event_error(event.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    const auto* result = event ? rd_kafka_event_ListOffsets_result(event.get()) : nullptr;
    if (result == nullptr || offsets.error != RD_KAFKA_RESP_ERR_NO_ERROR) return offsets;
    size_t count = 0;
    const auto* all = rd_kafka_ListOffsets_result_infos(result, &count);
    for (size_t i = 0; i < count; ++i)
      hear(*rd_kafka_ListOffsetsResultInfo_topic_partition(all[i]), offsets);
    return offsets;
  }

 private:
  static void hear(const rd_kafka_topic_partition_t& told, Offsets& offsets) {
    switch (told.err) {
      case RD_KAFKA_RESP_ERR_NO_ERROR:
        offsets.of[told.partition] = told.offset;
        break;
      case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
      case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        offsets.unknown = told.partition;
        break;
      default:
        offsets.error = told.err;
    }
  }

  KafkaOwned<rd_kafka_queue_t> queue_;
};

/// The question goes to the leaders that librdkafka knows of, in their terms. When they have
/// changed it is refused, and librdkafka asks nobody who they are now.
void hear_of_leaders(rd_kafka_t* kafka, rd_kafka_topic_t* topic) {
  const rd_kafka_metadata_t* raw = nullptr;
  (void)rd_kafka_metadata(kafka, 0, topic, &raw, kQuestionMs);
  const KafkaOwned<const rd_kafka_metadata_t> heard(raw);
}

}  // namespace

Result<std::vector<PartitionBounds>> kafka_bounds(rd_kafka_t* kafka, rd_kafka_topic_t* topic,
                                                  const std::vector<int32_t>& numbers,
                                                  const std::string& brokers, BrokerWords& words,
                                                  milliseconds time_max) {
  const auto deadline = steady_clock::now() + time_max;
  const std::string name = rd_kafka_topic_name(topic);
  std::optional<int32_t> unknown;
  do {
    const OffsetsQuestion first(kafka, name, numbers, RD_KAFKA_OFFSET_SPEC_EARLIEST);
    const OffsetsQuestion next(kafka, name, numbers, RD_KAFKA_OFFSET_SPEC_LATEST);
    const auto earliest = first.answer(), latest = next.answer();
    if (earliest.of.size() == numbers.size() && latest.of.size() == numbers.size()) {
      std::vector<PartitionBounds> bounds;
      for (const int32_t number : numbers)
        bounds.push_back({number, earliest.of.at(number), latest.of.at(number)});
      return bounds;
    }
    rd_kafka_poll(kafka, kAskAgainMs);  // serves the error callback, which fills `words`
    unknown = earliest.unknown ? earliest.unknown : latest.unknown;
    for (const auto error : {earliest.error, latest.error})
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) words.heard(error, rd_kafka_err2str(error));
    hear_of_leaders(kafka, topic);
  } while (steady_clock::now() < deadline);
  if (unknown)
    return Error(Code::kMissingTopic,
                 "Kafka topic \"" + name + "\" has no partition " + std::to_string(*unknown));
  return kafka_unreachable(brokers, words, time_max);
}

}  // namespace millrace::source
