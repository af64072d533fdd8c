// Who tries passwords is slowed, and nobody else is locked out: with a clock of the test's own.
#include "serve/login_guard.h"

#include <gtest/gtest.h>

namespace millrace::serve {
namespace {

constexpr Milliseconds kLoginPatience{10'000};
constexpr int64_t kSecond = 1'000'000;

class LoginGuardTest : public testing::Test {
 protected:
  /// Milliseconds to wait; -1: sent away.
  int64_t turn(const std::string& user, const std::string& address, bool local = false,
               Milliseconds patience = kLoginPatience) {
    const auto wait = guard_.turn({user, address, local}, patience, now_);
    if (wait) return wait->count();
    EXPECT_EQ(wait.error().code, Code::kLimit);
    return -1;
  }
  void fail(const std::string& user, const std::string& address, int times = 1,
            bool local = false) {
    for (int i = 0; i < times; ++i) guard_.note({user, address, local}, false, now_);
  }

  LoginGuard guard_{100};
  int64_t now_ = 1'700'000'000 * kSecond;
};

TEST_F(LoginGuardTest, SomeFailuresAreFree) {
  fail("root", "192.0.2.1", 4);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(turn("root", "192.0.2.1"), 0);
}

TEST_F(LoginGuardTest, HoweverManyComeAtOnceGetTurns) {
  fail("root", "192.0.2.1", 40);
  int64_t admitted = 0;
  int64_t last = -1;
  for (int i = 0; i < 1000; ++i) {
    const int64_t wait = turn("root", "192.0.2.1");
    if (wait < 0) continue;
    EXPECT_GT(wait, last);
    last = wait;
    ++admitted;
  }
  EXPECT_LE(admitted, 4);
  EXPECT_EQ(turn("other", "192.0.2.1", false, Milliseconds(0)), -1);  // of the address, too
  EXPECT_EQ(turn("other", "192.0.2.2"), 0);
}

TEST_F(LoginGuardTest, AnAccountIsGuardedAgainstManyAddresses) {
  for (int i = 0; i < 60; ++i) fail("ann", "198.51.100." + std::to_string(i));
  int64_t admitted = 0;
  for (int i = 0; i < 1000; ++i)
    admitted += turn("ann", "203.0.113." + std::to_string(i)) >= 0 ? 1 : 0;
  EXPECT_LE(admitted, 11);
  EXPECT_EQ(turn("bob", "203.0.113.1"), 0);
}

TEST_F(LoginGuardTest, ThisMachineGetsInWhateverOthersDo) {
  fail("root", "192.0.2.1", 1000);
  while (turn("root", "192.0.2.1") >= 0) {
  }
  EXPECT_EQ(turn("root", "127.0.0.1", true), 0);
  fail("root", "127.0.0.1", 1000, true);
  for (int i = 0; i < 1000; ++i) {
    const int64_t wait = turn("root", "127.0.0.1", true, Milliseconds(0));
    EXPECT_TRUE(wait > 0 && wait <= 1000) << wait;
  }
  EXPECT_EQ(turn("other", "127.0.0.1", true), 0);
}

TEST_F(LoginGuardTest, FailuresAreForgottenWithTime) {
  fail("root", "192.0.2.1", 1000);
  while (turn("root", "192.0.2.1") >= 0) {
  }
  now_ += 700 * kSecond;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(turn("root", "192.0.2.1"), 0);
}

TEST_F(LoginGuardTest, ALoginForgivesTheAccountAndNotTheAddress) {
  fail("ann", "192.0.2.1", 40);
  guard_.note({"ann", "192.0.2.9", false}, true, now_);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(turn("ann", "192.0.2.9"), 0);
  EXPECT_EQ(turn("ann", "192.0.2.1"), 0);
  EXPECT_GT(turn("ann", "192.0.2.1"), 0);
}

TEST_F(LoginGuardTest, ItRemembersSoManyAndTheWorst) {
  fail("root", "192.0.2.1", 50);
  for (int i = 0; i < 10'000; ++i) {
    fail("user" + std::to_string(i), "address" + std::to_string(i));
    now_ += 1000;
  }
  EXPECT_LE(guard_.keys(), 100U);
  while (turn("root", "192.0.2.1") >= 0) {
  }
  EXPECT_EQ(turn("root", "192.0.2.1"), -1);
}

TEST_F(LoginGuardTest, AStopEndsTheWait) {
  fail("root", "192.0.2.1", 50);
  guard_.stop();
  EXPECT_EQ(guard_.pass({"root", "192.0.2.1", false}, kLoginPatience).error().code,
            Code::kCancelled);
}

}  // namespace
}  // namespace millrace::serve
