#include "base/thread.h"
#include "source/kafka_bounds.h"
#include "source/kafka_consumer.h"
#include "source/kafka_test.h"

namespace millrace::source {
namespace {

TEST_F(KafkaSourceTest, TellsThePartitionsAndTheirBounds) {
  make_topic(2);
  produce(1, 3);
  const auto bounds = open()->partitions();
  ASSERT_TRUE(bounds) << bounds.error().to_string();
  ASSERT_EQ(bounds->size(), 2U);
  EXPECT_EQ((*bounds)[0].latest_offset, 0);
  EXPECT_EQ((*bounds)[1].partition, 1);
  EXPECT_EQ((*bounds)[1].earliest_offset, 0);
  EXPECT_EQ((*bounds)[1].latest_offset, 3);
}

TEST_F(KafkaSourceTest, TakesExactlyTheLimitOfEachPartitionInOrder) {
  make_topic(3);
  for (int32_t partition = 0; partition < 3; ++partition) produce(partition, 25);
  auto source = open();
  ASSERT_TRUE(source->seek({{0, 0}, {1, 5}, {2, 0}}));
  const auto batch = source->take(limits_of(10), stop_.get_token());
  ASSERT_TRUE(batch) << batch.error().to_string();
  ASSERT_EQ(batch->messages.size(), 30U);
  EXPECT_EQ(batch->ranges,
            (std::vector<OffsetRange>{{0, 0, 10, 10, 25}, {1, 5, 15, 10, 25}, {2, 0, 10, 10, 25}}));
  EXPECT_EQ(batch->messages[0].payload, "0:0");
  EXPECT_EQ(batch->messages[9].payload, "0:9");
  EXPECT_EQ(batch->messages[10].payload, "1:5");
  EXPECT_EQ(batch->messages[29].offset, 9);
  EXPECT_EQ(batch->messages[29].key, "k");
  EXPECT_GT(batch->messages[29].timestamp_ms, 1'600'000'000'000);
}

TEST_F(KafkaSourceTest, GivesTheSameBatchesAtEachReadingOfAStillTopic) {
  make_topic(2);
  produce(0, 1234);
  produce(1, 777);
  std::vector<std::vector<OffsetRange>> readings[2];
  for (auto& ranges : readings) {
    auto source = open();
    ASSERT_TRUE(source->seek({{0, 0}, {1, 0}}));
    for (size_t count = 0; count < 2011;) {
      const auto batch = source->take(limits_of(100, 2000), stop_.get_token());
      ASSERT_TRUE(batch) << batch.error().to_string();
      ASSERT_FALSE(batch->messages.empty());
      count += batch->messages.size();
      ranges.push_back(batch->ranges);
    }
  }
  EXPECT_EQ(readings[0], readings[1]);
}

TEST_F(KafkaSourceTest, LosesAndDoublesNothingOverManyBatches) {
  make_topic(2);
  produce(0, 3000);
  produce(1, 50);
  auto source = open();
  ASSERT_TRUE(source->seek({{0, 0}, {1, 0}}));
  std::map<int32_t, int64_t> next;
  for (size_t count = 0; count < 3050;) {
    const auto batch = source->take(limits_of(333), stop_.get_token());
    ASSERT_TRUE(batch) << batch.error().to_string();
    for (const auto& message : batch->messages) {
      ASSERT_EQ(message.offset, next[message.partition]++);
      ASSERT_EQ(message.payload,
                std::to_string(message.partition) + ":" + std::to_string(message.offset));
    }
    count += batch->messages.size();
  }
  EXPECT_EQ(next[0], 3000);
  EXPECT_EQ(next[1], 50);
}

TEST_F(KafkaSourceTest, KeepsTheBytesOfABatchAliveAfterTheSourceIsGone) {
  make_topic(1);
  produce(0, 2);
  auto source = open();
  ASSERT_TRUE(source->seek({{0, 0}}));
  const auto batch = source->take(limits_of(10), stop_.get_token());
  ASSERT_TRUE(batch) << batch.error().to_string();
  source.reset();
  EXPECT_EQ(payloads_of(*batch), (std::vector<std::string>{"0:0", "0:1"}));
}

TEST_F(KafkaSourceTest, CutsABatchAtItsBytes) {
  make_topic(2);
  for (int i = 0; i < 5; ++i) {
    send(0, std::string(100, 'a'));
    send(1, std::string(30, 'b'));
  }
  ASSERT_TRUE(producer_->flush());
  auto source = open();
  ASSERT_TRUE(source->seek({{0, 0}, {1, 0}}));
  const auto batch = source->take(limits_of(100, 220), stop_.get_token());
  ASSERT_TRUE(batch) << batch.error().to_string();
  ASSERT_EQ(batch->ranges.size(), 2U);
  EXPECT_EQ(batch->ranges[0].messages, 2);  // 110 bytes each: the message that reaches it is in
  EXPECT_EQ(batch->ranges[1].messages, 4);
}

TEST_F(KafkaSourceTest, CutsABatchAtItsMessages) {
  make_topic(2);
  for (int i = 0; i < 5; ++i) {
    send(0, "a");
    send(1, "b");
  }
  ASSERT_TRUE(producer_->flush());
  auto source = open();
  ASSERT_TRUE(source->seek({{0, 0}, {1, 0}}));
  TakeLimits limits = limits_of(4);
  limits.messages_max = 5;  // shared out, and rounded up
  for (const int64_t wanted : {3, 2}) {
    const auto batch = source->take(limits, stop_.get_token());
    ASSERT_TRUE(batch) << batch.error().to_string();
    ASSERT_EQ(batch->ranges.size(), 2U);
    EXPECT_EQ(batch->ranges[0].messages, wanted);
    EXPECT_EQ(batch->ranges[1].messages, wanted);
  }
}

TEST_F(KafkaSourceTest, GivesAMessageLargerThanTheBytesOfABatchByItself) {
  make_topic(1);
  send(0, std::string(5000, 'a'));
  send(0, "b");
  ASSERT_TRUE(producer_->flush());
  auto source = open();
  ASSERT_TRUE(source->seek({{0, 0}}));
  const auto batch = source->take(limits_of(100, 10), stop_.get_token());
  ASSERT_TRUE(batch) << batch.error().to_string();
  EXPECT_EQ(batch->messages.size(), 1U);
}

TEST_F(KafkaSourceTest, IsEmptyWhenNothingComes) {
  make_topic(1);
  auto source = open();
  ASSERT_TRUE(source->seek({{0, 0}}));
  const auto batch = source->take(limits_of(10, 0, milliseconds(50)), stop_.get_token());
  ASSERT_TRUE(batch) << batch.error().to_string();
  EXPECT_TRUE(batch->messages.empty());
  EXPECT_TRUE(batch->ranges.empty());
}

TEST_F(KafkaSourceTest, WaitsForTheFirstMessage) {
  make_topic(2);
  auto source = open();
  ASSERT_TRUE(source->seek({{0, 0}, {1, 0}}));
  auto writer = run_thread("writer", [this](const std::stop_token&) { produce(1, 1); });
  const auto batch = source->take(limits_of(10), stop_.get_token());
  ASSERT_TRUE(batch) << batch.error().to_string();
  EXPECT_EQ(payloads_of(*batch), (std::vector<std::string>{"1:0"}));
}

TEST_F(KafkaSourceTest, IsEmptyWhenAskedToStopAndKeepsItsPlace) {
  make_topic(1);
  produce(0, 5);
  auto source = open();
  ASSERT_TRUE(source->seek({{0, 0}}));
  std::stop_source stopped;
  stopped.request_stop();
  const auto empty = source->take(limits_of(10), stopped.get_token());
  ASSERT_TRUE(empty) << empty.error().to_string();
  EXPECT_TRUE(empty->messages.empty());
  const auto batch = source->take(limits_of(10), stop_.get_token());
  ASSERT_TRUE(batch) << batch.error().to_string();
  EXPECT_EQ(batch->ranges[0].first_offset, 0);
  EXPECT_EQ(batch->messages.size(), 5U);
}

TEST_F(KafkaSourceTest, StopsWaitingAtOnceWhenAskedTo) {
  make_topic(1);
  auto source = open();
  ASSERT_TRUE(source->seek({{0, 0}}));
  std::stop_source later;
  auto stopper = run_thread("stopper", [&](const std::stop_token&) { later.request_stop(); });
  // An hour: a source that does not wake fails this test by its time limit.
  const auto batch = source->take(limits_of(10, 0, milliseconds(3'600'000)), later.get_token());
  ASSERT_TRUE(batch) << batch.error().to_string();
  EXPECT_TRUE(batch->messages.empty());
}

TEST_F(KafkaSourceTest, ReadsALoggedBatchAgain) {
  make_topic(2);
  produce(0, 40);
  produce(1, 40);
  auto source = open();
  const std::vector<OffsetRange> ranges{{0, 10, 20, 10, -1}, {1, 3, 4, 1, -1}};
  for (int time = 0; time < 2; ++time) {
    const auto batch = source->take_again(ranges, stop_.get_token());
    ASSERT_TRUE(batch) << batch.error().to_string();
    ASSERT_EQ(batch->messages.size(), 11U);
    EXPECT_EQ(batch->messages[0].payload, "0:10");
    EXPECT_EQ(batch->messages[9].payload, "0:19");
    EXPECT_EQ(batch->messages[10].payload, "1:3");
    EXPECT_EQ(batch->ranges[0].first_offset, 10);
    EXPECT_EQ(batch->ranges[0].end_offset, 20);
  }
}

TEST_F(KafkaSourceTest, GoesOnBehindTheBatchItReadAgain) {
  make_topic(1);
  produce(0, 40);
  auto source = open();
  const auto again = source->take_again({{0, 10, 20, 10, -1}}, stop_.get_token());
  ASSERT_TRUE(again) << again.error().to_string();
  ASSERT_TRUE(source->seek({{0, 20}}));
  const auto batch = source->take(limits_of(5), stop_.get_token());
  ASSERT_TRUE(batch) << batch.error().to_string();
  EXPECT_EQ(batch->messages[0].payload, "0:20");
  EXPECT_EQ(batch->ranges[0].first_offset, 20);
}

TEST_F(KafkaSourceTest, CancelsReadingAgainWhenAskedToStop) {
  make_topic(1);
  produce(0, 10);
  auto source = open();
  std::stop_source stopped;
  stopped.request_stop();
  const auto batch = source->take_again({{0, 0, 10, 10, -1}}, stopped.get_token());
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code, Code::kCancelled);
}

TEST_F(KafkaSourceTest, RefusesACursorBehindTheEndOfTheTopic) {
  make_topic(1);
  produce(0, 3);
  const auto sought = open()->seek({{0, 7}});
  ASSERT_FALSE(sought);
  EXPECT_EQ(sought.error().code, Code::kDataLoss);
  EXPECT_EQ(sought.error().message,
            "Kafka topic \"" + topic_ + "\" partition 0 ends before offset 7");
}

TEST_F(KafkaSourceTest, RefusesARangeThatIsGone) {
  make_topic(1);
  produce(0, 3);
  const auto batch = open()->take_again({{0, 0, 9, 9, -1}}, stop_.get_token());
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code, Code::kDataLoss);
}

TEST_F(KafkaSourceTest, SaysWhichOffsetsRetentionTook) {
  make_topic(1);
  // The demo broker keeps about five megabytes of a partition.
  for (int i = 0; i < 30; ++i) {
    send(0, std::string(500'000, 'x'));
    ASSERT_TRUE(producer_->flush());
  }
  auto source = open();
  const auto bounds = source->partitions();
  ASSERT_TRUE(bounds) << bounds.error().to_string();
  ASSERT_GT((*bounds)[0].earliest_offset, 0);
  const auto sought = source->seek({{0, 0}});
  ASSERT_FALSE(sought);
  EXPECT_EQ(sought.error().code, Code::kDataLoss);
  EXPECT_EQ(sought.error().message,
            "Kafka topic \"" + topic_ + "\" partition 0 no longer has offset 0");
}

TEST_F(KafkaSourceTest, NeverSkipsWhatRetentionTakesWhileItReads) {
  make_topic(1);
  produce(0, 1);
  auto source = open();
  ASSERT_TRUE(source->seek({{0, 0}}));
  const auto first = source->take(limits_of(1), stop_.get_token());
  ASSERT_TRUE(first) << first.error().to_string();
  broker_->set_up(false);  // the reader is cut off while the log moves on without it
  broker_->set_up(true);
  int64_t next = 1;
  for (int i = 0; i < 60; ++i) {
    send(0, std::string(500'000, 'x'));
    ASSERT_TRUE(producer_->flush());
  }
  // It either had the messages in time or stops with an error; a gap it never hands out.
  for (int i = 0; i < 100 && next < 61; ++i) {
    const auto batch = source->take(limits_of(10), stop_.get_token());
    if (!batch) {
      EXPECT_EQ(batch.error().code, Code::kDataLoss) << batch.error().to_string();
      const auto again = source->take(limits_of(10), stop_.get_token());
      ASSERT_FALSE(again);
      EXPECT_EQ(again.error().code, Code::kDataLoss);
      return;
    }
    for (const auto& message : batch->messages) ASSERT_EQ(message.offset, next++);
  }
  EXPECT_EQ(next, 61);
}

TEST_F(KafkaSourceTest, SaysWhenThereIsNoSuchPartition) {
  make_topic(1);
  const auto sought = open()->seek({{4, 0}});
  ASSERT_FALSE(sought);
  EXPECT_EQ(sought.error().code, Code::kNotFound);
  EXPECT_EQ(sought.error().message, "Kafka topic \"" + topic_ + "\" has no partition 4");
}

TEST_F(KafkaSourceTest, DoesNotBelieveABrokerThatHasJustStartedThatAPartitionIsGone) {
  make_topic(1);
  produce(0, 3);
  broker_->forget_partitions(4);
  const auto bounds = open()->partitions();
  ASSERT_TRUE(bounds) << bounds.error().to_string();
  EXPECT_EQ((*bounds)[0].latest_offset, 3);
}

/// A broker that had no time for a while is given up and taken back: its topics have other leaders.
TEST_F(KafkaSourceTest, HearsOfLeadersThatChangedBeforeTheyCouldBeAsked) {
  make_topic(2);
  produce(1, 3);
  KafkaOptions options;
  options.brokers = broker_->address();
  options.topic = topic_;
  const auto opened = open_consumer(options, Pace::kQuick);
  ASSERT_TRUE(opened) << opened.error().to_string();
  const auto& asking = (*opened)->asking;
  const auto heard = kafka_partitions_of(asking.kafka(), asking.topic.get(), asking.client->words,
                                         options.brokers, kLong);
  ASSERT_TRUE(heard) << heard.error().to_string();
  broker_->change_leaders(topic_, 2);
  const auto bounds = kafka_bounds(asking.kafka(), asking.topic.get(), heard->numbers,
                                   options.brokers, asking.client->words, kLong);
  ASSERT_TRUE(bounds) << bounds.error().to_string();
  EXPECT_EQ(bounds->at(1).latest_offset, 3);
}

TEST_F(KafkaSourceTest, RecoversFromFailedFetches) {
  make_topic(1);
  produce(0, 100);
  broker_->fail_fetches(2);
  auto source = open();
  ASSERT_TRUE(source->seek({{0, 0}}));
  size_t count = 0;
  while (count < 100) {
    const auto batch = source->take(limits_of(1000), stop_.get_token());
    ASSERT_TRUE(batch) << batch.error().to_string();
    count += batch->messages.size();
  }
  EXPECT_EQ(count, 100U);
}

TEST_F(KafkaSourceTest, GoesOnByItselfWhenTheBrokerComesBack) {
  make_topic(1);
  produce(0, 10);
  auto source = open();
  ASSERT_TRUE(source->seek({{0, 0}}));
  const auto before = source->take(limits_of(100), stop_.get_token());
  ASSERT_TRUE(before) << before.error().to_string();
  broker_->set_up(false);
  const auto away = source->take(limits_of(100, 0, milliseconds(300)), stop_.get_token());
  ASSERT_TRUE(away) << "within its patience a broker that is away is no error";
  EXPECT_TRUE(away->messages.empty());
  broker_->set_up(true);
  produce(0, 5);
  const auto after = source->take(limits_of(100), stop_.get_token());
  ASSERT_TRUE(after) << after.error().to_string();
  ASSERT_EQ(after->ranges.size(), 1U);
  EXPECT_EQ(after->ranges[0].first_offset, 10);
}

TEST_F(KafkaSourceTest, SaysThatTheBrokerIsAwayOnceItsPatienceIsOver) {
  make_topic(1);
  produce(0, 1);
  auto source = open(kLong, milliseconds(200));
  ASSERT_TRUE(source->seek({{0, 1}}));
  broker_->set_up(false);
  for (int i = 0; i < 100; ++i) {
    const auto batch = source->take(limits_of(100, 0, milliseconds(200)), stop_.get_token());
    if (batch) continue;
    EXPECT_EQ(batch.error().code, Code::kUnavailable);
    EXPECT_NE(batch.error().message.find("could not reach Kafka at \"" + broker_->address()),
              std::string::npos)
        << batch.error().message;
    return;
  }
  FAIL() << "the source never said that its broker is away";
}

TEST_F(KafkaSourceTest, DoesNotWaitForeverForABrokerThatIsNotThere) {
  auto source = open(milliseconds(300));
  broker_->set_up(false);
  const auto bounds = source->partitions();
  ASSERT_FALSE(bounds);
  EXPECT_EQ(bounds.error().code, Code::kUnavailable);
  EXPECT_NE(bounds.error().message.find("within 300 ms"), std::string::npos)
      << bounds.error().message;
}

TEST_F(KafkaSourceTest, MessagesSayWhichTopicTheyAreOf) {
  make_topic(2);
  produce(0, 3);
  auto source = open();
  const auto id = source->topic_id();
  ASSERT_TRUE(id) << id.error().to_string();
  EXPECT_FALSE(id->empty());
  EXPECT_EQ(*source->topic_id(), *id);
  EXPECT_EQ(*open()->topic_id(), *id) << "whoever asks";
  ASSERT_TRUE(source->seek({{0, 0}, {1, 0}}));
  const auto batch = source->take(limits_of(100), stop_.get_token());
  ASSERT_TRUE(batch) << batch.error().to_string();
  EXPECT_EQ(batch->messages.size(), 3U);
  EXPECT_EQ(batch->topic_id, *id);
  topic_ += "-other";
  make_topic(1);
  EXPECT_NE(*open()->topic_id(), *id);
  topic_ += "-missing";
  EXPECT_EQ(open()->topic_id().error().code, Code::kMissingTopic);
}

TEST_F(KafkaSourceTest, AcknowledgesWithoutWaiting) {
  make_topic(1);
  produce(0, 10);
  KafkaOptions options;
  options.brokers = broker_->address();
  options.topic = topic_;
  options.group_id = "millrace.training";
  auto source = open_kafka(options);
  ASSERT_TRUE(source) << source.error().to_string();
  ASSERT_TRUE((*source)->seek({{0, 0}}));
  for (int64_t i = 1; i <= 10; ++i) {
    const auto batch = (*source)->take(limits_of(1), stop_.get_token());
    ASSERT_TRUE(batch) << batch.error().to_string();
    (*source)->acknowledge({{0, i}});
  }
}

TEST(OpenKafka, SuggestsTheNearestProperty) {
  KafkaOptions options{.brokers = "localhost:1", .topic = "t", .properties = {}, .group_id = {}};
  options.properties["fetch.wait.ms"] = "5";
  const auto source = open_kafka(options);
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Code::kInvalidArgument);
  EXPECT_EQ(source.error().message, "Kafka property \"fetch.wait.ms\" does not exist");
  EXPECT_EQ(source.error().hint, "Did you mean fetch.wait.max.ms?");
}

TEST(OpenKafka, SaysWhyAValueIsRefused) {
  KafkaOptions options{.brokers = "localhost:1", .topic = "t", .properties = {}, .group_id = {}};
  options.properties["fetch.wait.max.ms"] = "soon";
  const auto source = open_kafka(options);
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().message, "cannot set Kafka property \"fetch.wait.max.ms\"");
  EXPECT_FALSE(source.error().detail.empty());
}

TEST(OpenKafka, DoesNotSayWhatASecretWas) {
  KafkaOptions options;
  options.brokers = "127.0.0.1:1";
  options.topic = "t";
  options.properties = {{"security.protocol", "sasl_plaintext"},
                        {"sasl.mechanism", "OAUTHBEARER"},
                        {"enable.sasl.oauthbearer.unsecure.jwt", "true"},
                        {"sasl.oauthbearer.config", "principal=a hush"}};
  const auto source = std::move(*open_kafka(options));
  const auto said = source->partitions().error().to_string();
  EXPECT_NE(said.find("Unrecognized sasl.oauthbearer.config."), std::string::npos) << said;
  EXPECT_EQ(said.find("hush"), std::string::npos) << said;
}

TEST(OpenKafka, RefusesWhatTheEngineOwnsAndWhatWouldRunCode) {
  for (const char* property :
       {"group.id", "enable.auto.commit", "enable.partition.eof", "bootstrap.servers",
        "plugin.library.paths", "sasl.kerberos.kinit.cmd"}) {
    KafkaOptions options{.brokers = "localhost:1", .topic = "t", .properties = {}, .group_id = {}};
    options.properties[property] = "1";
    const auto source = open_kafka(options);
    ASSERT_FALSE(source) << property;
    EXPECT_EQ(source.error().code, Code::kInvalidArgument);
    EXPECT_NE(source.error().message.find("cannot be set"), std::string::npos);
    EXPECT_FALSE(source.error().hint.empty());
  }
}

TEST(OpenKafka, LetsTheEnginesOwnKeysPass) {
  KafkaOptions options{.brokers = "localhost:1", .topic = "t", .properties = {}, .group_id = {}};
  options.properties = {{"auto.offset.reset", "latest"}, {"kafka_version", "2.0"}};
  EXPECT_TRUE(open_kafka(options));
}

}  // namespace
}  // namespace millrace::source
