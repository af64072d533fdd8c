#include <gtest/gtest.h>

#include "source/demo_broker.h"
#include "source/producer.h"
#include "source/source.h"

namespace millrace::source {
namespace {

std::unique_ptr<Producer> open_producer(const std::string& brokers, const char* timeout_ms) {
  ProducerOptions options;
  options.brokers = brokers;
  options.properties["message.timeout.ms"] = timeout_ms;
  auto opened = Producer::open(options);
  EXPECT_TRUE(opened) << opened.error().to_string();
  return std::move(*opened);
}

TEST(KafkaProducer, WritesWhatASourceReadsBack) {
  const auto broker = std::move(*DemoBroker::start());
  ASSERT_TRUE(broker->create_topic("t", 1));
  const auto producer = open_producer(broker->address(), "30000");
  const auto made = producer->create_topic("t", 1);
  ASSERT_TRUE(made) << made.error().to_string();
  const std::string payload("a\0b", 3);
  ASSERT_TRUE(producer->send("t", 0, "key", payload));
  ASSERT_TRUE(producer->send("t", -1, "", ""));
  ASSERT_TRUE(producer->flush());

  KafkaOptions options;
  options.brokers = broker->address();
  options.topic = "t";
  options.straggler_wait = std::chrono::minutes(1);
  const auto source = std::move(*open_kafka(options));
  ASSERT_TRUE(source->seek({{0, 0}}));
  const auto batch = source->take({10, 0, std::chrono::minutes(1)}, {});
  ASSERT_TRUE(batch) << batch.error().to_string();
  ASSERT_EQ(batch->messages.size(), 2U);
  EXPECT_EQ(batch->messages[0].payload, payload);
  EXPECT_EQ(batch->messages[0].key, "key");
  EXPECT_EQ(batch->messages[1].payload, "");
}

TEST(KafkaProducer, SaysHowManyMessagesCouldNotBeWritten) {
  const auto broker = std::move(*DemoBroker::start());
  ASSERT_TRUE(broker->create_topic("t", 1));
  const auto producer = open_producer(broker->address(), "300");
  broker->set_up(false);
  ASSERT_TRUE(producer->send("t", 0, "", "a"));
  ASSERT_TRUE(producer->send("t", 0, "", "b"));
  const auto flushed = producer->flush();
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().code, Code::kUnavailable);
  const std::string said = "could not write 2 messages to Kafka topic \"t\" at ";
  EXPECT_EQ(flushed.error().message.substr(0, said.size()), said);
}

TEST(KafkaProducer, AStopEndsTheWaitForABrokerThatIsAway) {
  std::stop_source stop;
  ProducerOptions options;
  options.brokers = "127.0.0.1:1";
  options.stop = stop.get_token();
  const auto producer = std::move(*Producer::open(options));
  ASSERT_TRUE(producer->send("t", 0, "", "a"));
  stop.request_stop();
  const auto flushed = producer->flush();
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().code, Code::kCancelled);
}

TEST(KafkaProducer, RefusesATopicWithoutPartitions) {
  const auto made = open_producer("127.0.0.1:1", "300")->create_topic("t", 0);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kInvalidArgument);
}

TEST(KafkaProducer, RefusesToGiveUpIdempotence) {
  ProducerOptions options;
  options.brokers = "127.0.0.1:1";
  options.properties["enable.idempotence"] = "false";
  const auto opened = Producer::open(options);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kInvalidArgument);
}

TEST(DemoBroker, RefusesATopicTwice) {
  const auto broker = std::move(*DemoBroker::start());
  ASSERT_TRUE(broker->create_topic("t", 1));
  const auto again = broker->create_topic("t", 1);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::kAlreadyExists);
}

}  // namespace
}  // namespace millrace::source
