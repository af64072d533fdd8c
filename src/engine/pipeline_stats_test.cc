// Rates, lag, progress and time left, as the system tables show them.
#include "engine/pipeline_stats.h"

#include <gtest/gtest.h>

namespace millrace::engine {
namespace {

constexpr int64_t kSecond = 1'000'000;

TEST(RateWindowTest, RatesAreOfTheLastMinuteOfTheRun) {
  RateWindow window;
  window.begin(0);
  window.add(1 * kSecond, 300, 3000);
  window.add(9 * kSecond, 100, 1000);
  EXPECT_DOUBLE_EQ(window.recent(10 * kSecond).messages, 40);
  EXPECT_DOUBLE_EQ(window.recent(10 * kSecond).bytes, 400);
  // The first 300 are older than a minute here, and the next 100 a little later.
  EXPECT_DOUBLE_EQ(window.recent(65 * kSecond).messages, 100.0 / 59);
  EXPECT_DOUBLE_EQ(window.recent(100 * kSecond).messages, 0);
  EXPECT_DOUBLE_EQ(window.overall(100 * kSecond).messages, 4);
}

TEST(RateWindowTest, ASecondThatIsUsedAgainForgetsWhatItHeld) {
  RateWindow window;
  window.begin(0);
  for (int64_t second = 0; second < 200; ++second) window.add(second * kSecond, 7, 70);
  EXPECT_DOUBLE_EQ(window.recent(199 * kSecond).messages, 7.0 * 60 / 59);
}

TEST(RateWindowTest, WhatDoesNotRunHasNoRateAndItsPausesDoNotCount) {
  RateWindow window;
  EXPECT_EQ(window.recent(5 * kSecond).messages, 0);
  EXPECT_EQ(window.overall(5 * kSecond).messages, 0);
  window.begin(10 * kSecond);
  window.add(11 * kSecond, 100, 100);
  window.end(20 * kSecond);
  EXPECT_EQ(window.recent(20 * kSecond).messages, 0);
  EXPECT_DOUBLE_EQ(window.overall(1000 * kSecond).messages, 10);
  window.begin(1000 * kSecond);
  EXPECT_EQ(window.recent(1001 * kSecond).messages, 0) << "of the run before";
  EXPECT_DOUBLE_EQ(window.overall(1010 * kSecond).messages, 5);
}

TEST(RateWindowTest, TheTimeLeftCountsWhatArrivesMeanwhile) {
  RateWindow window;
  window.begin(0);
  EXPECT_FALSE(window.seconds_left(0, 1000));
  window.note_lag(0, 1000);
  window.note_lag(kSecond / 2, 1);  // only a second's first counts
  // 100 a second were read and 60 came: the lag fell by 40 a second.
  EXPECT_DOUBLE_EQ(*window.seconds_left(10 * kSecond, 600), 15);
  EXPECT_FALSE(window.seconds_left(10 * kSecond, 1000)) << "it does not fall";
  EXPECT_FALSE(window.seconds_left(10 * kSecond, 2000));
  window.forget_lag();
  EXPECT_FALSE(window.seconds_left(10 * kSecond, 600));
  window.note_lag(20 * kSecond, 500);
  EXPECT_FALSE(window.seconds_left(100 * kSecond, 10)) << "that is more than a minute ago";
  window.end(21 * kSecond);
  EXPECT_FALSE(window.seconds_left(22 * kSecond, 10));
}

TEST(PipelineStatsTest, TheLagIsKnownWhenThatOfAllPartitionsIs) {
  PipelineStats stats(0);
  EXPECT_FALSE(stats.read().lag()) << "nothing is known of its partitions";
  EXPECT_FALSE(stats.read().percent());
  stats.set_partition({0, 10, 110}, 60);
  stats.set_partition({1, -1, -1}, 5);
  EXPECT_FALSE(stats.read().lag());
  stats.set_partition({1, 0, 50}, 0);
  EXPECT_EQ(stats.read().lag(), 100);
  EXPECT_DOUBLE_EQ(*stats.read().percent(), 100.0 * 50 / 150);
  stats.add_batch({{0, 60, 110, 50, 110}, {1, 0, 50, 50, 50}}, {100, 0, 1000, 1});
  EXPECT_EQ(stats.read().lag(), 0);
  EXPECT_EQ(stats.read().percent(), 100);
  EXPECT_EQ(stats.read().bytes, 1000);
}

TEST(PipelineStatsTest, WhatIsEmptyIsReadToItsEnd) {
  PipelineStats stats(0);
  stats.set_partition({0, 0, 0}, 0);
  EXPECT_EQ(stats.read().lag(), 0);
  EXPECT_EQ(stats.read().percent(), 100);
  EXPECT_FALSE(stats.read().seconds_left);
}

TEST(PipelineStatsTest, EndsThatWereHeardCountAndOldNewsDoesNot) {
  PipelineStats stats(0);
  stats.set_partition({0, 0, 100}, 100);
  const int64_t then = stats.read().partitions.at(0).heard_at;
  stats.set_ends({{0, 130, then + 5}, {7, 1000, then + 5}});
  EXPECT_EQ(stats.read().lag(), 30);
  EXPECT_EQ(stats.read().partitions.at(0).heard_at, then + 5);
  EXPECT_EQ(stats.read().partitions.size(), 1) << "a partition that is not read has no lag";
  stats.set_ends({{0, 120, then + 4}});
  EXPECT_EQ(stats.read().lag(), 30);
  // A batch that was taken before does not take it back.
  stats.add_batch({{0, 100, 120, 20, 120}}, {20, 0, 20, then - 5});
  EXPECT_EQ(stats.read().lag(), 10);
  EXPECT_EQ(stats.read().partitions.at(0).heard_at, then + 5);
}

TEST(PipelineStatsTest, OfFilesTheyAreCounted) {
  PipelineStats stats(40);
  const int64_t file = int64_t{1} << 40;
  stats.set_partition({0, 0, 4 * file}, file + 1234);
  EXPECT_EQ(stats.read().lag(), 3) << "the one that is being read is still to be read";
  EXPECT_DOUBLE_EQ(*stats.read().percent(), 25);
}

}  // namespace
}  // namespace millrace::engine
