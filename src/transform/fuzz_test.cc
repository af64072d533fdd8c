// A program's pipes, used as nobody would: its output comes whole or not at all, and nothing hangs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "base/fuzz_test.h"
#include "transform/transform.h"

namespace millrace::transform {
namespace {

using testing::HasSubstr;

constexpr int64_t kRounds = 60;  // each is a process

/// What a program may do with its three pipes, in any order and of any bytes; then its end. The
/// program is Python's, told by an argument what to do.
class PipeFuzz : public testing::Test {
 protected:
  PipeFuzz() { signal(SIGPIPE, SIG_IGN); }

  static constexpr const char* kProgram = R"py(
import os, sys
for what in sys.argv[1].split(" "):
    kind, _, rest = what.partition(":")
    if kind == "out":
        os.write(1, bytes.fromhex(rest))
    elif kind == "big":
        block = b"x" * int(rest)
        while block:
            block = block[os.write(1, block):]
    elif kind == "say":
        os.write(2, bytes.fromhex(rest))
    elif kind == "read":
        os.read(0, int(rest))
    elif kind == "drain":
        while os.read(0, 1 << 16): pass
    elif kind == "close":
        os.close(int(rest))
    elif kind == "exit":
        os._exit(int(rest))
)py";

  static std::string hex(std::string_view bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
      text += kDigits[static_cast<uint8_t>(c) >> 4];
      text += kDigits[static_cast<uint8_t>(c) & 15];
    }
    return text;
  }

  /// A plan, and beside it what comes of it: the output and the status.
  struct Plan {
    std::string words;
    std::string output;
    int status = 0;
  };
  static Plan make_plan(Random& random) {
    Plan plan;
    bool open[3] = {true, true, true};
    const auto add = [&](const std::string& word) {
      plan.words += (plan.words.empty() ? "" : " ") + word;
    };
    for (size_t steps = random() % 8; steps > 0; --steps) {
      switch (random() % 6) {
        case 0:
        case 1: {  // half lines, empty ones, NULs, anything
          std::string bytes(random() % 40, '\0');
          for (auto& byte : bytes)
            byte = random() % 3 == 0 ? '\n' : static_cast<char>(random() % 5 == 0 ? 0 : random());
          if (!open[1] || bytes.empty()) break;
          add("out:" + hex(bytes));
          plan.output += bytes;
          break;
        }
        case 2: {  // more than a pipe holds
          if (!open[1]) break;
          const size_t size = random() % 300'000;
          add("big:" + std::to_string(size));
          plan.output.append(size, 'x');
          break;
        }
        case 3:
          if (open[2])
            add("say:" + hex(std::string(1 + random() % 50, static_cast<char>(random()))));
          break;
        case 4:
          if (open[0])
            add(random() % 2 == 0 ? "read:" + std::to_string(1 + random() % 5000) : "drain");
          break;
        default: {  // early, and perhaps all three
          const size_t which = random() % 3;
          if (std::exchange(open[which], false)) add("close:" + std::to_string(which));
        }
      }
    }
    plan.status = random() % 5 == 0 ? static_cast<int>(1 + random() % 100) : 0;
    add("exit:" + std::to_string(plan.status));
    return plan;
  }

  /// The plain way: every line, without its end and unless it is empty.
  static std::vector<std::string> lines_of(const std::string& output) {
    std::vector<std::string> lines;
    std::string line;
    for (size_t i = 0; i <= output.size(); ++i) {
      if (i < output.size() && output[i] != '\n') {
        line += output[i];
        continue;
      }
      if (i < output.size() && line.ends_with('\r')) line.pop_back();
      if (!line.empty()) lines.push_back(line);
      line.clear();
    }
    return lines;
  }
};

TEST_F(PipeFuzz, WhateverAProgramDoesItsOutputIsWholeOrNothing) {
  Random random(20261126);
  size_t well = 0;
  FuzzRounds rounds(kRounds);
  for (; rounds.go_on() && !HasFailure(); rounds.count()) {
    const std::string payload(random() % 20'000, 'm');
    MessageBatch batch;
    const auto count = static_cast<int64_t>(1 + random() % 20);
    batch.ranges.push_back({0, 0, count, count, -1});
    for (int64_t i = 0; i < count; ++i) batch.messages.push_back({payload, {}, 0, i, -1});
    const Plan plan = make_plan(random);
    TransformOptions options;
    options.name = "plan.py";
    options.command = {{"/usr/bin/python3", "-I", "-S", "-c", kProgram, plan.words}, "/tmp"};
    const auto made = Transform(options).run(batch, {});
    ASSERT_EQ(bool(made), plan.status == 0) << plan.words;
    if (!made) {
      EXPECT_EQ(made.error().code, Code::kTransform);
      EXPECT_THAT(made.error().message, HasSubstr("status " + std::to_string(plan.status)));
      continue;
    }
    ++well;
    std::vector<std::string> found;
    for (const auto& message : made->batch.messages) found.emplace_back(message.payload);
    EXPECT_TRUE(found == lines_of(plan.output)) << plan.words;
    EXPECT_EQ(made->batch.ranges, batch.ranges);
  }
  EXPECT_GT(well, static_cast<size_t>(rounds.done()) / 2);
}

}  // namespace
}  // namespace millrace::transform
