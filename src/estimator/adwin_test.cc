#include "estimator/adwin.h"

#include <gtest/gtest.h>

#include "estimator/random.h"

namespace millrace::estimator {
namespace {

/// 1 with the probability `rate`, else 0: a classifier's errors.
double error(RandomStream& random, float rate) {
  return random.uniform() < rate ? 1.0 : 0.0;
}

TEST(Adwin, MeanAndWidthAreOfEverythingWhileNothingChanges) {
  Adwin adwin;
  double total = 0;
  RandomStream random(1, "steady");
  for (int i = 0; i < 5000; ++i) {
    const double value = static_cast<double>(random.uniform());
    total += value;
    adwin.add(value);
  }
  EXPECT_EQ(adwin.width(), 5000);
  EXPECT_NEAR(adwin.mean(), total / 5000, 1e-9);
  EXPECT_EQ(adwin.drifts(), 0);
}

TEST(Adwin, SeesASuddenShiftSoonAndForgetsWhatWasBefore) {
  Adwin adwin;
  RandomStream random(2, "sudden");
  for (int i = 0; i < 2000; ++i) adwin.add(error(random, 0.2F));
  ASSERT_EQ(adwin.drifts(), 0);
  int after = 0;
  while (after < 2000 && !adwin.add(error(random, 0.6F))) ++after;
  EXPECT_LT(after, 200);
  EXPECT_EQ(adwin.last_drift_at(), adwin.added());
  for (int i = 0; i < 2000; ++i) adwin.add(error(random, 0.6F));
  EXPECT_NEAR(adwin.mean(), 0.6, 0.05);
  EXPECT_LE(adwin.width(), 2400);
}

TEST(Adwin, SeesAnImprovementToo) {
  Adwin adwin;
  RandomStream random(3, "better");
  for (int i = 0; i < 1000; ++i) adwin.add(error(random, 0.5F));
  for (int i = 0; i < 1000; ++i) adwin.add(error(random, 0.1F));
  EXPECT_GE(adwin.drifts(), 1);
  EXPECT_NEAR(adwin.mean(), 0.1, 0.05);
}

TEST(Adwin, FollowsASlowDrift) {
  Adwin adwin;
  RandomStream random(4, "slow");
  constexpr int kCount = 20000;
  for (int i = 0; i < kCount; ++i) {
    adwin.add(error(random, 0.1F + 0.6F * static_cast<float>(i) / kCount));
  }
  EXPECT_GE(adwin.drifts(), 2);
  EXPECT_NEAR(adwin.mean(), 0.65, 0.1);
}

TEST(Adwin, FalseDriftsAreRare) {
  int streams_with_drift = 0;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Adwin adwin(0.002);
    RandomStream random(seed, "false");
    for (int i = 0; i < 4000; ++i) adwin.add(error(random, 0.3F));
    streams_with_drift += adwin.drifts() > 0;
  }
  // The bound is of one look; a stream has many, and the bound is far from tight.
  EXPECT_LE(streams_with_drift, 5);
}

TEST(Adwin, SmallerDeltaIsSlower) {
  const auto noticed_after = [](double delta) {
    Adwin adwin(delta);
    RandomStream random(5, "delta");
    for (int i = 0; i < 1000; ++i) adwin.add(error(random, 0.2F));
    int after = 0;
    while (after < 5000 && !adwin.add(error(random, 0.5F))) ++after;
    return after;
  };
  EXPECT_LT(noticed_after(0.3), noticed_after(1e-12));
}

TEST(Adwin, MemoryGrowsWithTheLogarithmOfTheWindow) {
  Adwin adwin;
  for (int i = 0; i < 1 << 16; ++i) adwin.add(0.5);
  EXPECT_EQ(adwin.width(), 1 << 16);
  EXPECT_LT(adwin.save().size(), 3000U);
}

TEST(Adwin, LoadedDetectorGoesOnAsTheSavedOne) {
  Adwin adwin;
  RandomStream random(6, "saved");
  for (int i = 0; i < 777; ++i) adwin.add(error(random, 0.2F));
  Adwin loaded;
  ASSERT_TRUE(loaded.load(adwin.save()));
  EXPECT_EQ(loaded.save(), adwin.save());
  for (int i = 0; i < 2000; ++i) {
    const double value = error(random, 0.7F);
    EXPECT_EQ(loaded.add(value), adwin.add(value));
  }
  EXPECT_GE(adwin.drifts(), 1);
  EXPECT_EQ(loaded.save(), adwin.save());
}

TEST(Adwin, DamageAndAnotherDeltaAreRefused) {
  Adwin adwin;
  for (int i = 0; i < 100; ++i) adwin.add(0.25);
  const std::string bytes = adwin.save();
  Adwin other(0.1);
  EXPECT_EQ(other.load(bytes).error().code, Code::kInvalidArgument);
  Adwin fresh;
  const std::string before = fresh.save();
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x20);
    EXPECT_FALSE(fresh.load(damaged)) << "byte " << i;
    EXPECT_EQ(fresh.load(bytes.substr(0, i)).error().code, Code::kDataLoss) << "cut at " << i;
  }
  EXPECT_EQ(fresh.save(), before);
}

}  // namespace
}  // namespace millrace::estimator
