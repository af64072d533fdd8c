#include <vector>

#include "source/demo_broker.h"
#include "source/kafka_handle.h"

#include <librdkafka/rdkafka_mock.h>  // insists on rdkafka.h before it

namespace millrace::source {
namespace {

constexpr int kBrokers = 1;
constexpr int32_t kBrokerId = 1;  // the mock cluster numbers its brokers from 1
// The Kafka protocol's number of the request.
constexpr int16_t kListOffsetsKey = 2;

struct MockDelete {
  void operator()(rd_kafka_mock_cluster_t* cluster) const {
    rd_kafka_mock_cluster_destroy(cluster);
  }
};

class MockBroker : public DemoBroker {
 public:
  MockBroker(KafkaOwned<rd_kafka_t> host, rd_kafka_mock_cluster_t* cluster)
      : host_(std::move(host)),
        cluster_(cluster),
        address_(rd_kafka_mock_cluster_bootstraps(cluster)) {}

  const std::string& address() const override { return address_; }

  Status create_topic(const std::string& topic, int32_t partitions) override {
    const auto error =
        rd_kafka_mock_topic_create(cluster_.get(), topic.c_str(), partitions, kBrokers);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    return Error(
        error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS ? Code::kAlreadyExists
                                                        : Code::kInvalidArgument,
        "cannot make topic \"" + topic + "\" in the demo broker: " + rd_kafka_err2str(error));
  }

  void fail_fetches(int count) override {
    fail(kFetchKey, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, count);
  }

  void forget_partitions(int count) override {
    fail(kListOffsetsKey, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, count);
  }

  void change_leaders(const std::string& topic, int32_t partitions) override {
    for (int32_t partition = 0; partition < partitions; ++partition)
      rd_kafka_mock_partition_set_leader(cluster_.get(), topic.c_str(), partition, kBrokerId);
  }

  void set_up(bool up) override {
    up ? rd_kafka_mock_broker_set_up(cluster_.get(), kBrokerId)
       : rd_kafka_mock_broker_set_down(cluster_.get(), kBrokerId);
  }

 private:
  void fail(int16_t request, rd_kafka_resp_err_t error, int count) {
    const std::vector<rd_kafka_resp_err_t> errors(static_cast<size_t>(count), error);
    rd_kafka_mock_push_request_errors_array(cluster_.get(), request, errors.size(), errors.data());
  }

  const KafkaOwned<rd_kafka_t> host_;
  const std::unique_ptr<rd_kafka_mock_cluster_t, MockDelete> cluster_;
  const std::string address_;
};

}  // namespace

Result<std::unique_ptr<DemoBroker>> DemoBroker::start() {
  std::string why(512, '\0');
  KafkaOwned<rd_kafka_conf_t> config(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(config.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
  KafkaOwned<rd_kafka_t> host(
      rd_kafka_new(RD_KAFKA_PRODUCER, config.get(), why.data(), why.size()));
  if (!host) return Error(Code::kResourceExhausted, "could not start the demo broker: " + why);
  (void)config.release();
  auto* cluster = rd_kafka_mock_cluster_new(host.get(), kBrokers);
  if (!cluster)
    return Error(Code::kResourceExhausted, "could not start the demo broker: no free port");
  return std::unique_ptr<DemoBroker>(std::make_unique<MockBroker>(std::move(host), cluster));
}

}  // namespace millrace::source
