// Cursors that are moved without a batch, and the topic that they and the logs are of.
#include "store/store_fixture_test.h"

namespace millrace::store {
namespace {

class CursorsTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    make_pipeline(pipeline_);
    sql("CREATE TABLE shop.t (a BIGINT)");
    output_.database = "shop";
    output_.table = "t";
    output_.input = input_;
    output_.columns = {{"a", "\"x\""}};
  }

  std::unique_ptr<BatchWriter> writer() {
    auto opened = store().open_writer(pipeline_, output_);
    EXPECT_TRUE(opened) << opened.error().to_string();
    return std::move(*opened);
  }

  Batch numbers(int64_t count) {
    std::vector<std::vector<Value>> rows;
    for (int64_t i = 0; i < count; ++i) rows.push_back({i});
    return batch_of(input_, std::move(rows));
  }

  void move(const CursorMove& move) {
    Definition definition;
    definition.kind = DefinitionKind::kPipeline;
    definition.id = pipeline_.id;
    definition.database = pipeline_.database;
    definition.name = pipeline_.name;
    definition.body = R"({"source": {"topic": "second"}})";
    const auto moved = store().move_pipeline(definition, move);
    EXPECT_TRUE(moved) << moved.error().to_string();
  }

  std::shared_ptr<const Schema> input_ = schema({{"x", {Kind::kInt64}}});
  PipelineIdentity pipeline_;
  OutputSpec output_;
};

TEST_F(CursorsTest, CursorsAreMovedWithoutABatch) {
  TestCommit test(1, 100, 5);
  test.split(3);
  auto batch = numbers(5);
  test.commit.rows = &batch;
  ASSERT_TRUE(writer()->commit(test.commit));
  move({{{0, 7}, {2, 9}}, {1}, {}, {}});
  EXPECT_EQ(*store().cursors(pipeline_.id), (std::vector<Cursor>{{0, 7}, {2, 9}}));
  EXPECT_EQ(*store().last_batch_id(pipeline_.id), 1);
  move({{}, {0}, {}, {}});
  EXPECT_EQ(*store().last_batch_id(pipeline_.id), 1) << "batches count on";
}

TEST_F(CursorsTest, CursorsKnowTheirTopic) {
  using Ids = std::vector<std::string>;
  TestCommit first(1, 0, 4);
  first.split(2);
  auto batch = numbers(4);
  first.commit.rows = &batch;
  ASSERT_TRUE(writer()->commit(first.commit));
  EXPECT_EQ(*store().topic_ids(pipeline_.id), Ids{});
  ASSERT_TRUE(store().adopt_topic(pipeline_.id, "old"));
  EXPECT_EQ(*store().topic_ids(pipeline_.id), Ids{"old"});
  ASSERT_TRUE(store().adopt_topic(pipeline_.id, "other"));
  EXPECT_EQ(*store().topic_ids(pipeline_.id), Ids{"old"}) << "what is known stays";

  TestCommit second(2, 2, 4);
  second.messages.topic_id = "new";
  second.commit.rows = &batch;
  ASSERT_TRUE(writer()->commit(second.commit));
  EXPECT_EQ(*store().topic_ids(pipeline_.id), (Ids{"new", "old"})) << "of partitions 0 and 1";
  EXPECT_EQ(rows("SELECT DISTINCT batch_id, topic_id FROM millrace_internal.batch_log ORDER BY 1"),
            (std::vector<std::string>{"1|NULL", "2|new"}));
  TestCommit third(3, 6, 4);
  third.commit.rows = &batch;
  ASSERT_TRUE(writer()->commit(third.commit));
  EXPECT_EQ(*store().topic_ids(pipeline_.id), (Ids{"new", "old"})) << "nobody said otherwise";

  move({{{1, 0}}, {0}, "new", {}});
  EXPECT_EQ(*store().topic_ids(pipeline_.id), Ids{"new"});
  reopen();
  EXPECT_EQ(*store().topic_ids(pipeline_.id), Ids{"new"});
}

TEST_F(CursorsTest, WhatTheLogsHaveOfATopicThatIsLeftKeepsItsName) {
  TestCommit test(1, 100, 5);
  test.split(3);
  test.messages.topic_id = "id1";
  for (const auto& message : test.messages.messages)
    test.commit.rejects.push_back(reject_of(message, RejectReason::kBadNumber, "no"));
  ASSERT_TRUE(writer()->commit(test.commit));
  move({{{0, 7}}, {1}, "id2", EarlierSource{0, "first", "id1", "json"}});
  EXPECT_EQ(*store().cursors(pipeline_.id), (std::vector<Cursor>{{0, 7}}));
  TestCommit next(2, 7, 1);
  next.messages.topic_id = "id2";
  next.commit.rejects = {reject_of(next.messages.messages[0], RejectReason::kBadNumber, "no")};
  ASSERT_TRUE(writer()->commit(next.commit));
  const auto topics = [&](const std::string& table) {
    return rows("SELECT DISTINCT batch_id, topic, topic_id FROM millrace." + table + " ORDER BY 1");
  };
  EXPECT_EQ(topics("batches"), (std::vector<std::string>{"1|first|id1", "2|second|id2"}));
  EXPECT_EQ(topics("rejects"), topics("batches"));

  // Partition 1 is one of the first topic alone; what is tried again stays that topic's.
  const auto kept = store().next_rejects(pipeline_.id, 0, 2);
  ASSERT_TRUE(kept && *kept);
  EXPECT_EQ((*kept)->topic, "first");
  EXPECT_EQ((*kept)->topic_id, "id1");
  MessageBatch again;
  again.topic_id = (*kept)->topic_id;
  for (const auto& reject : (*kept)->rejects)
    again.messages.push_back({reject.bytes, {}, reject.partition, reject.offset, -1});
  again.ranges = {{0, 103, 103, 0, -1}, {1, 105, 105, 0, -1}};
  BatchCommit commit;
  commit.batch_id = 3;
  commit.messages = &again;
  for (const auto& message : again.messages)
    commit.rejects.push_back(reject_of(message, RejectReason::kBadNumber, "still no"));
  commit.retried_batch = 1;
  commit.topic = (*kept)->topic;
  const auto retried = writer()->commit(commit);
  ASSERT_TRUE(retried) << retried.error().to_string();
  EXPECT_EQ(*store().cursors(pipeline_.id), (std::vector<Cursor>{{0, 8}})) << "no cursor moves";
  EXPECT_EQ(topics("rejects"), (std::vector<std::string>{"2|second|id2", "3|first|id1"}));

  move({{{0, 0}}, {}, "id3", EarlierSource{0, "second", "id2", "other"}});
  const auto sources = *store().earlier_sources(pipeline_.id);
  ASSERT_EQ(sources.size(), 2U);
  EXPECT_EQ(sources[0].last_batch_id, 1);
  EXPECT_EQ(sources[0].json, "json");
  EXPECT_EQ(sources[1].last_batch_id, 3);
  EXPECT_EQ(sources[1].topic_id, "id2");
  EXPECT_EQ(*store().last_batch_id(pipeline_.id), 3) << "batches count on";
}

}  // namespace
}  // namespace millrace::store
