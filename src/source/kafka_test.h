// What the tests of Kafka sources share.
#pragma once

#include <gtest/gtest.h>

#include <map>

#include "source/demo_broker.h"
#include "source/producer.h"
#include "source/source.h"

namespace millrace::source {

using std::chrono::milliseconds;

/// For what comes at once, unless the machine has no time for it: where a batch is cut must not
/// depend on that.
inline constexpr milliseconds kLong{60'000};

/// One demo broker for all tests of a suite; each test has a topic of its own.
class KafkaSourceTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto started = DemoBroker::start();
    ASSERT_TRUE(started) << started.error().to_string();
    broker_ = std::move(*started);
  }
  static void TearDownTestSuite() { broker_.reset(); }

  void SetUp() override {
    broker_->set_up(true);
    topic_ = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    ProducerOptions options;
    options.brokers = broker_->address();
    auto opened = Producer::open(options);
    ASSERT_TRUE(opened) << opened.error().to_string();
    producer_ = std::move(*opened);
  }

  void make_topic(int32_t partitions) {
    const auto made = broker_->create_topic(topic_, partitions);
    ASSERT_TRUE(made) << made.error().to_string();
  }

  void send(int32_t partition, const std::string& payload) {
    const auto sent = producer_->send(topic_, partition, "k", payload);
    ASSERT_TRUE(sent) << sent.error().to_string();
  }

  /// Messages "P:N", N counting on from what the partition has.
  void produce(int32_t partition, int64_t count) {
    for (int64_t i = 0; i < count; ++i)
      send(partition, std::to_string(partition) + ":" + std::to_string(produced_[partition]++));
    const auto flushed = producer_->flush();
    ASSERT_TRUE(flushed) << flushed.error().to_string();
  }

  std::unique_ptr<Source> open(milliseconds connect_timeout = kLong,
                               milliseconds patience = kLong) {
    KafkaOptions options;
    options.brokers = broker_->address();
    options.topic = topic_;
    options.connect_timeout = connect_timeout;
    options.patience = patience;
    options.straggler_wait = kLong;
    auto source = open_kafka(options);
    EXPECT_TRUE(source) << source.error().to_string();
    return std::move(*source);
  }

  static inline std::unique_ptr<DemoBroker> broker_;
  std::string topic_;
  std::unique_ptr<Producer> producer_;
  std::map<int32_t, int64_t> produced_;
  std::stop_source stop_;
};

inline TakeLimits limits_of(int64_t messages, int64_t bytes = 0, milliseconds wait = kLong) {
  return TakeLimits{messages, bytes, wait};
}

inline std::vector<std::string> payloads_of(const MessageBatch& batch) {
  std::vector<std::string> payloads;
  for (const auto& message : batch.messages) payloads.emplace_back(message.payload);
  return payloads;
}

}  // namespace millrace::source
