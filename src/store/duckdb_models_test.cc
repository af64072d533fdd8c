#include <gtest/gtest.h>

#include "store/store_fixture_test.h"

namespace millrace::store {
namespace {

class ModelsTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    definition_.kind = DefinitionKind::kModel;
    definition_.database = "shop";
    definition_.name = "m";
    definition_.body = "as made";
    ASSERT_TRUE(store().create_database("shop", false));
    model_id_ = *store().put_definition(definition_);
  }

  ModelCommit version(int64_t number, const Retention& retention = {}) {
    ModelCommit commit;
    commit.model_id = model_id_;
    commit.model = "m";
    commit.version = number;
    commit.global_step = number * 10;
    commit.examples = number * 100;
    commit.metrics = {{"lifetime", "loss", 0.5}, {"lifetime", "auc", 0.75}};
    commit.snapshot_bytes = "bytes of " + std::to_string(number);
    commit.retention = retention;
    return commit;
  }

  std::vector<int64_t> kept() { return *store().kept_versions(model_id_); }

  Definition definition_;
  int64_t model_id_ = 0;
};

TEST_F(ModelsTest, WhatAStatementMadeIsAVersionWithItsSnapshot) {
  ASSERT_TRUE(store().commit_model(version(1), {"train", "TRAIN MODEL m ON SELECT 1", {}}));
  EXPECT_EQ(store().commit_model(version(1), {"train", "", {}}).error().code, Code::kWrongState);
  EXPECT_EQ(store().commit_model(version(3), {"train", "", {}}).error().code, Code::kWrongState);
  ASSERT_TRUE(store().commit_model(version(2), {"alter", "ALTER MODEL m", "as altered"}));
  reopen();
  EXPECT_EQ(kept(), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ((*store().snapshot(model_id_, 1))->bytes, "bytes of 1");
  EXPECT_FALSE(*store().snapshot(model_id_, 3));
  EXPECT_EQ(store().definitions()->at(0).body, "as altered");
  const auto log = *store().training_log(model_id_, 0, kNewest);
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[0].kind, "train");
  EXPECT_EQ(log[0].pipeline_id, 0);
  EXPECT_TRUE(log[0].ranges.empty());
  EXPECT_EQ(store().training_log(model_id_, 0, 1)->size(), 1U);
  EXPECT_EQ(rows("SELECT version, made_by, statement, batch_id, bytes, offsets, "
                 "metrics FROM millrace.model_versions ORDER BY version"),
            (std::vector<std::string>{
                R"(1|train|TRAIN MODEL m ON SELECT 1|NULL|10|NULL|{"auc":0.75,"loss":0.5})",
                R"(2|alter|ALTER MODEL m|NULL|10|NULL|{"auc":0.75,"loss":0.5})"}));
}

TEST_F(ModelsTest, TheNewestVersionsAreKeptAndTheYoungOnes) {
  for (int64_t number = 1; number <= 5; ++number)
    ASSERT_TRUE(store().commit_model(version(number, {2, 0}), {"train", "", {}}));
  EXPECT_EQ(kept(), (std::vector<int64_t>{4, 5}));
  constexpr int64_t kHour = 3'600'000'000;
  for (int64_t number = 6; number <= 9; ++number)
    ASSERT_TRUE(store().commit_model(version(number, {1, kHour}), {"train", "", {}}));
  EXPECT_EQ(kept(), (std::vector<int64_t>{4, 5, 6, 7, 8, 9}));
  sql("UPDATE millrace_internal.snapshots SET created_at = created_at - 7200000000 "
      "WHERE version < 8");
  ASSERT_TRUE(store().commit_model(version(10, {1, kHour}), {"train", "", {}}));
  EXPECT_EQ(kept(), (std::vector<int64_t>{8, 9, 10}));
}

TEST_F(ModelsTest, AModelMayBeginWithASnapshot) {
  definition_.name = "warm";
  ModelSnapshot snapshot;
  snapshot.bytes = "of another";
  const int64_t id = *store().put_model(definition_, snapshot);
  reopen();
  const auto newest = *store().newest_snapshot(id);
  ASSERT_TRUE(newest);
  EXPECT_EQ(newest->version, 0);
  EXPECT_EQ(newest->bytes, "of another");
  EXPECT_TRUE(store().training_log(id, 0, kNewest)->empty());
}

TEST_F(ModelsTest, ForgettingATrainingTakesItsMetricsToo) {
  for (int64_t number = 1; number <= 3; ++number)
    ASSERT_TRUE(store().commit_model(version(number), {"train", "", {}}));
  ASSERT_TRUE(store().forget_training(model_id_, 2));
  EXPECT_EQ(rows("SELECT DISTINCT version FROM millrace.model_metrics ORDER BY version"),
            (std::vector<std::string>{"1", "2"}));
  ASSERT_TRUE(store().commit_model(version(3), {"restore", "", {}}));
}

}  // namespace
}  // namespace millrace::store
