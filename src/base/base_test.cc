#include <gtest/gtest.h>

#include <atomic>

#include "base/error.h"
#include "base/fault.h"
#include "base/queue.h"
#include "base/result.h"

namespace millrace {
namespace {

TEST(Error, NamesTheNearestWord) {
  EXPECT_EQ(did_you_mean("ftlr", {"Adagrad", "Ftrl", "SGD"}), "Did you mean Ftrl?");
  EXPECT_EQ(did_you_mean("zebra", {"Adagrad", "Ftrl", "SGD"}), "");
  EXPECT_EQ(did_you_mean_or_all("ftlr", {"Adagrad", "Ftrl"}), "Did you mean Ftrl?");
  EXPECT_EQ(did_you_mean_or_all("zebra", {"Adagrad", "Ftrl", "SGD"}),
            "There are Adagrad, Ftrl and SGD.");
  EXPECT_EQ(did_you_mean_or_all("zebra", {"Ftrl"}), "There is only Ftrl.");
}

TEST(NearestWord, IsNoWordThatSharesNothing) {
  EXPECT_EQ(nearest_word("f", {"AS", "ON"}), "");
  EXPECT_EQ(nearest_word("a", {"AS", "ON"}), "AS");
}

TEST(NearestWord, IsFoundQuicklyForVeryLongWords) {
  const std::string word(50'000'000, 'x');
  EXPECT_EQ(nearest_word(word, {"SELECT", "SHOW"}), "");
}

TEST(Error, EveryCodeHasFiveCharactersOfSqlstate) {
  for (int code = 0; code <= static_cast<int>(Code::kInternal); ++code)
    EXPECT_EQ(facts(static_cast<Code>(code)).sqlstate.size(), 5U) << code;
}

TEST(Error, JoinsMessageDetailAndHint) {
  Error error(Code::kNotFound, "model \"m\" does not exist", "Did you mean n?");
  error.detail = "It was dropped.";
  EXPECT_EQ(error.to_string(), "model \"m\" does not exist. It was dropped. Did you mean n?");
}

Result<int> half(int x) {
  if (x % 2 != 0) return Error(Code::kInvalidArgument, "odd");
  return x / 2;
}

Result<int> quarter(int x) {
  TRY(const int h, half(x));
  return half(h);
}

TEST(Result, TryPassesValuesAndErrorsOn) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().message, "odd");
}

TEST(Queue, GivesItemsInOrderAndEndsWhenClosed) {
  Queue<int> queue(2);
  auto producer = run_thread("producer", [&](std::stop_token) {
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(queue.push(i));
    queue.close();
  });
  for (int i = 0; i < 100; ++i) EXPECT_EQ(queue.pop(), i);
  EXPECT_EQ(queue.pop(), std::nullopt);
  EXPECT_FALSE(queue.push(1));
}

TEST(Queue, IsWantedWhenATakerWaitsAndNothingIsThere) {
  Queue<int> queue(1);
  std::atomic<int> made = 0;
  auto producer = run_thread("producer", [&](std::stop_token) {
    while (queue.wait_until_wanted()) EXPECT_TRUE(queue.push(++made));
  });
  for (int i = 1; i <= 100; ++i) {
    EXPECT_EQ(queue.pop(), i);
    EXPECT_EQ(made, i) << "made before it was wanted";
  }
  queue.close();
}

TEST(Fault, RefusesAPointThatDoesNotExist) {
  const auto status = arm_faults("store.comit.before:kill@1");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().hint, "Did you mean store.commit.before?");
}

TEST(Fault, FailsAtTheGivenPassageOnly) {
  ASSERT_TRUE(arm_faults("engine.replay.batch:error@2"));
  EXPECT_TRUE(fault::pass("engine.replay.batch"));
  EXPECT_FALSE(fault::pass("engine.replay.batch"));
  EXPECT_TRUE(fault::pass("engine.replay.batch"));
}

}  // namespace
}  // namespace millrace
