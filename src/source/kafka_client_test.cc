#include <filesystem>
#include <fstream>

#include "base/thread.h"
#include "source/kafka_test.h"

namespace millrace::source {
namespace {

KafkaOptions soon_calm(const DemoBroker& broker, const std::string& topic) {
  KafkaOptions options;
  options.brokers = broker.address();
  options.topic = topic;
  options.calm_after = milliseconds(1);
  return options;
}

TEST_F(KafkaSourceTest, NothingIsLostOrDoubledWhenItCalmsDownAndHurriesAgain) {
  make_topic(2);
  auto source = open_kafka(soon_calm(*broker_, topic_));
  ASSERT_TRUE(source) << source.error().to_string();
  ASSERT_TRUE((*source)->topic_id());
  ASSERT_TRUE((*source)->seek({{0, 0}, {1, 0}}));
  std::map<int32_t, int64_t> next;
  const auto take_all = [&] {
    for (int i = 0; i < 100 && (next[0] < produced_[0] || next[1] < produced_[1]); ++i) {
      const auto batch = (*source)->take(limits_of(100'000), stop_.get_token());
      ASSERT_TRUE(batch) << batch.error().to_string();
      for (const auto& message : batch->messages)
        EXPECT_EQ(message.offset, next[message.partition]++);
    }
    EXPECT_EQ(next, produced_);
  };
  for (int round = 0; round < 1; ++round) {
    for (int i = 0; i < 3; ++i)  // it sees the end, and then that nothing came
      ASSERT_TRUE((*source)->take(limits_of(100, 0, milliseconds(100)), stop_.get_token()));
    produce(0, 3);
    produce(1, 1);
    take_all();
    const std::string large(1000, 'x');  // past what counts as a backlog
    for (int i = 0; i < 1200; ++i, ++produced_[1]) send(1, large);
    ASSERT_TRUE(producer_->flush());
    take_all();
  }
}

/// Sources of a quiet topic each, which have heard for long enough that nothing comes.
class QuietSources : public KafkaSourceTest {
 protected:
  void open_quiet(const std::string& topic) {
    auto source = open_kafka(soon_calm(*broker_, topic));
    ASSERT_TRUE(source) << source.error().to_string();
    ASSERT_TRUE((*source)->topic_id());
    ASSERT_TRUE((*source)->seek({{0, 0}}));
    for (int i = 0; i < 3; ++i)  // it sees the end, and then that nothing came
      ASSERT_TRUE((*source)->take(limits_of(100, 0, milliseconds(100)), stop_.get_token()));
    sources_.push_back(std::move(*source));
  }

  std::string topic_of(size_t number) const { return topic_ + "-" + std::to_string(number); }

  void send_one(const std::string& topic, const std::string& payload) {
    ASSERT_TRUE(producer_->send(topic, 0, "k", payload));
    ASSERT_TRUE(producer_->flush());
  }

  /// What the source takes until it has so many messages.
  std::vector<std::string> take(size_t source, size_t count) {
    std::vector<std::string> taken;
    for (int i = 0; i < 100 && taken.size() < count; ++i) {
      const auto batch = sources_[source]->take(limits_of(100'000), stop_.get_token());
      EXPECT_TRUE(batch) << batch.error().to_string();
      if (!batch) break;
      for (auto& payload : payloads_of(*batch)) taken.push_back(std::move(payload));
    }
    return taken;
  }

  /// Threads of librdkafka in this process.
  static size_t client_threads() {
    size_t count = 0;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
      std::string name;
      std::getline(std::ifstream(task.path() / "comm"), name);
      if (name.starts_with("rdk:")) ++count;
    }
    return count;
  }

  std::vector<std::unique_ptr<Source>> sources_;
};

TEST_F(QuietSources, ShareTheirClientsAndLoseNothing) {
  constexpr size_t kSources = 12;
  const size_t before = client_threads();
  for (size_t i = 0; i < kSources; ++i) {
    ASSERT_TRUE(broker_->create_topic(topic_of(i), 1));
    open_quiet(topic_of(i));
  }
  // The clients that they had to themselves end in the background.
  for (int i = 0; i < 600 && client_threads() > before + kSources; ++i)
    wait_unless_stopped(stop_.get_token(), milliseconds(100));
  EXPECT_LE(client_threads(), before + kSources) << "fewer than one each, of three";
  for (const size_t i : {3U, 0U, 11U}) send_one(topic_of(i), "first of " + topic_of(i));
  for (const size_t i : {0U, 3U, 11U})
    EXPECT_EQ(take(i, 1), (std::vector<std::string>{"first of " + topic_of(i)}));
  // One that is gone disturbs no other, and neither does one that comes back.
  sources_[0].reset();
  send_one(topic_of(3), "second");
  EXPECT_EQ(take(3, 1), (std::vector<std::string>{"second"}));
  open_quiet(topic_of(0));
  EXPECT_EQ(take(kSources, 0), (std::vector<std::string>{}));
  send_one(topic_of(0), "third");
  EXPECT_EQ(take(kSources, 1), (std::vector<std::string>{"third"}));
}

TEST_F(QuietSources, OfOneTopicEachHearAllOfIt) {
  make_topic(1);
  for (int i = 0; i < 3; ++i) open_quiet(topic_);
  send_one(topic_, "to all");
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(take(i, 1), (std::vector<std::string>{"to all"})) << i;
  sources_.erase(sources_.begin());
  send_one(topic_, "to two");
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(take(i, 1), (std::vector<std::string>{"to two"})) << i;
}

TEST_F(QuietSources, OfWhichOneGetsBusyGoOn) {
  for (size_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(broker_->create_topic(topic_of(i), 1));
    open_quiet(topic_of(i));
  }
  std::vector<std::string> sent, taken;
  for (int i = 0; i < 50; ++i) {
    sent.push_back(std::to_string(i));
    ASSERT_TRUE(producer_->send(topic_of(0), 0, "k", sent.back()));
  }
  ASSERT_TRUE(producer_->flush());
  const size_t quiet = client_threads();
  while (taken.size() < sent.size()) {  // many batches in no time
    const auto batch = sources_[0]->take(limits_of(1), stop_.get_token());
    ASSERT_TRUE(batch) << batch.error().to_string();
    for (auto& payload : payloads_of(*batch)) taken.push_back(std::move(payload));
  }
  EXPECT_EQ(taken, sent);
  EXPECT_GT(client_threads(), quiet) << "it has a client of its own now";
  send_one(topic_of(1), "still here");
  EXPECT_EQ(take(1, 1), (std::vector<std::string>{"still here"}));
}

}  // namespace
}  // namespace millrace::source
