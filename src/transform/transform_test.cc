// Programs that run as pipelines run them: real processes, and ends of every kind.
#include "transform/transform.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "base/thread.h"
#include "transform/program.h"

namespace millrace::transform {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Input = TransformOptions::Input;

/// Messages of two partitions, and a program of the shell's.
class TransformTest : public testing::Test {
 protected:
  TransformTest() { signal(SIGPIPE, SIG_IGN); }

  void add(int32_t partition, int64_t offset, std::string payload) {
    if (batch_.ranges.empty() || batch_.ranges.back().partition != partition)
      batch_.ranges.push_back({partition, offset, offset, 0, -1});
    batch_.ranges.back().end_offset = offset + 1;
    ++batch_.ranges.back().messages;
    texts_.push_back(std::make_unique<std::string>(std::move(payload)));
    batch_.messages.push_back({*texts_.back(), {}, partition, offset, -1});
  }

  Result<Transformed> run(const std::string& script) {
    options_.name = "test.sh";
    options_.command = {{"/bin/sh", "-c", script}, "/tmp"};
    return Transform(options_).run(batch_, stop_.get_token());
  }

  static std::vector<std::string> records(const Transformed& made) {
    std::vector<std::string> lines;
    for (const auto& message : made.batch.messages)
      lines.push_back(std::to_string(message.partition) + "@" + std::to_string(message.offset) +
                      ":" + std::string(message.payload));
    return lines;
  }

  /// Begins the number of seconds that a program sleeps: too many to end by itself, and those of no
  /// other process of the machine.
  const std::string ages_ = "98765" + std::to_string(::getpid()) + ".";
  TransformOptions options_;
  MessageBatch batch_;
  std::vector<std::unique_ptr<std::string>> texts_;
  std::stop_source stop_;
};

/// Whether a process other than a zombie has `word` among its arguments.
bool runs(const std::string& word) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline");
    std::ostringstream line;
    line << file.rdbuf();  // which is a state, and no exception, when the process has just ended
    if (line.str().find(word) != std::string::npos) return true;
  }
  return false;
}

TEST_F(TransformTest, GivesEachMessageBehindItsLength) {
  add(0, 5, "ab");
  add(0, 6, "");
  add(0, 9, "cde");
  const auto made = run("od -An -v -tx1 | tr -d ' \\n'");
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_THAT(records(*made), ElementsAre("0@5:02000000000000006162"
                                          "0000000000000000"
                                          "0300000000000000636465"));
}

TEST_F(TransformTest, RunsOncePerPartitionAndKeepsTheirOrder) {
  options_.runs_max = 2;
  add(0, 5, "a");
  add(0, 6, "b");
  add(3, 40, "c");
  // The first partition's program is the slower one.
  const auto made =
      run("n=$(wc -c); [ $n = 18 ] && for i in 1 2 3 4 5 6 7 8 9; do ls / >&-; done;"
          "echo first $n; echo second");
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_THAT(records(*made),
              ElementsAre("0@5:first 18", "0@5:second", "3@40:first 9", "3@40:second"));
  EXPECT_EQ(made->batch.ranges, batch_.ranges);
  ASSERT_EQ(made->batch.transformed.size(), 2U);
  EXPECT_EQ(made->batch.transformed[0].bytes_in, 2);
  EXPECT_EQ(made->batch.transformed[0].bytes_out, 16);
}

TEST_F(TransformTest, GivesFilesAsTheyAreOneARun) {
  options_.input = Input::kRaw;
  options_.ignored_lines = 1;
  add(0, 1 << 20, "h\n1,2\n3,4\n");
  add(0, 2 << 20, "h\n5,6");
  batch_.file = [](size_t i) { return i == 0 ? "one.csv" : "two.csv"; };
  const auto made = run("cat");
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_THAT(records(*made), ElementsAre("0@1048576:1,2", "0@1048576:3,4", "0@2097152:5,6"));
  EXPECT_EQ(made->batch.file(0), "one.csv");
  EXPECT_EQ(made->batch.file(2), "two.csv");
}

TEST_F(TransformTest, ARangeWithoutMessagesRunsNothing) {
  batch_.ranges.push_back({0, 5, 7, 0, -1});
  const auto made = run("echo nobody asked");
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->batch.messages.empty());
  EXPECT_EQ(made->batch.ranges, batch_.ranges);
}

TEST_F(TransformTest, AMegabyteEachWayDoesNotBlock) {
  for (int i = 0; i < 300; ++i) add(0, i, std::string(10'000, static_cast<char>('a' + i % 26)));
  options_.lines.terminator = "";
  const auto made = run("cat");
  ASSERT_TRUE(made) << made.error().to_string();
  ASSERT_EQ(made->batch.messages.size(), 1U);
  EXPECT_EQ(made->batch.messages[0].payload.size(), 300U * 10'008);
  EXPECT_EQ(made->batch.messages[0].payload.substr(299 * 10'008 + 8, 5), "nnnnn");
}

/// Messages of any size and any bytes, through pipes that take a part at a time.
TEST_F(TransformTest, FramesHoldWhateverTheMessagesAre) {
  std::mt19937 random(3);
  options_.lines.terminator = "";
  for (int round = 0; round < 12; ++round) {
    batch_ = {};
    std::string expected;
    for (size_t i = 0, count = 1 + random() % 700; i < count; ++i) {
      const size_t size = random() % 50 == 0 ? random() % 200'000 : random() % 40;
      std::string payload(size, '\0');
      for (auto& byte : payload) byte = static_cast<char>(random());
      for (size_t at = 0; at < 8; ++at) expected += static_cast<char>(size >> (8 * at));
      expected += payload;
      add(0, static_cast<int64_t>(i), std::move(payload));
    }
    const auto made = run("cat");
    ASSERT_TRUE(made) << made.error().to_string();
    ASSERT_EQ(made->batch.messages.size(), 1U);
    EXPECT_TRUE(made->batch.messages[0].payload == expected) << "round " << round;
  }
}

TEST_F(TransformTest, AProgramThatReadsNothingIsNoError) {
  for (int i = 0; i < 300; ++i) add(0, i, std::string(10'000, 'x'));
  const auto made = run("exec <&-; echo enough");
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_THAT(records(*made), ElementsAre("0@0:enough"));
}

TEST_F(TransformTest, AnotherStatusThanZeroFailsTheBatchWithItsStderr) {
  add(2, 7, "a");
  const auto made = run("echo half; echo it is bad >&2; exit 3");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kTransform);
  EXPECT_EQ(made.error().message,
            "transform \"test.sh\" ended with status 3 at partition 2, offsets 7 to 8");
  EXPECT_EQ(made.error().output, "it is bad\n");
}

TEST_F(TransformTest, ASignalFailsTheBatch) {
  add(0, 0, "a");
  const auto made = run("kill -9 $$");
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("was killed by signal 9"));
}

TEST_F(TransformTest, WhatCannotBeRunSaysWhy) {
  add(0, 0, "a");
  options_.name = "none";
  options_.command = {{"/nowhere/none"}, "/tmp"};
  const auto made = Transform(options_).run(batch_, {});
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("ended with status 127"));
  EXPECT_THAT(made.error().output, HasSubstr("does not exist"));
}

TEST_F(TransformTest, StderrOfAProgramThatWorkedIsGivenAndBounded) {
  add(0, 0, "a");
  const auto made = run("yes nonsense | head -c 1000000 >&2; echo the end >&2");
  ASSERT_TRUE(made);
  EXPECT_LE(made->said.size(), kSaidBytesMax);
  EXPECT_TRUE(made->said.ends_with("the end\n"));
}

TEST_F(TransformTest, AHungProgramIsKilledWithAllItStarted) {
  add(0, 0, "a");
  options_.idle_max = std::chrono::milliseconds(200);
  // A child in its group, and a daemon that left it.
  const auto made =
      run("sleep " + ages_ + "1 & setsid sleep " + ages_ + "2 & sleep " + ages_ + "3");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kTransform);
  EXPECT_THAT(made.error().message, HasSubstr("neither read nor wrote"));
  EXPECT_FALSE(runs(ages_));
}

TEST_F(TransformTest, WhatAProgramLeavesBehindEndsWithIt) {
  add(0, 0, "a");
  const auto made = run("setsid sleep " + ages_ + "1 & sleep " + ages_ + "2 & echo done");
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_THAT(records(*made), ElementsAre("0@0:done"));
  EXPECT_FALSE(runs(ages_));
}

TEST_F(TransformTest, TooMuchOutputFailsTheBatch) {
  add(0, 0, "a");
  options_.output_bytes_max = 1 << 20;
  const auto made = run("yes");
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("wrote more than 1 MiB"));
}

TEST_F(TransformTest, AStopEndsARunAtOnce) {
  add(0, 0, "a");
  const auto stopper = run_thread("stopper", [this](const std::stop_token&) {
    while (!runs(ages_)) std::this_thread::yield();
    stop_.request_stop();
  });
  const auto made = run("exec sleep " + ages_ + "1");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kCancelled);
  EXPECT_FALSE(runs(ages_));
}

TEST_F(TransformTest, SeesNoDescriptorOfOurs) {
  add(0, 0, "a");
  const int mine = ::dup(STDERR_FILENO);  // one that is not closed on exec
  const auto made = run("ls /proc/self/fd | tr '\\n' ' '");
  ::close(mine);
  ASSERT_TRUE(made);
  EXPECT_THAT(records(*made), ElementsAre("0@0:0 1 2 3 "));  // 3 is that of ls
}

/// The process dies as by kill -9: the keeper notices, and nothing goes on.
TEST_F(TransformTest, NothingOutlivesAProcessThatIsKilled) {
  add(0, 0, "a");
  const pid_t child = ::fork();
  if (child == 0) {
    (void)run("sleep " + ages_ + "1 & setsid sleep " + ages_ + "2 & cat >&-; sleep " + ages_ + "3");
    ::_exit(0);
  }
  const auto sleeps = [&](char last) {
    return runs("sleep" + std::string(1, '\0') + ages_ + last);
  };
  while (!sleeps('1') || !sleeps('2') || !sleeps('3')) std::this_thread::yield();
  ::kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  while (runs(ages_)) std::this_thread::yield();
}

TEST(SplitArguments, AsAShellQuotes) {
  EXPECT_THAT(*split_arguments("  -a  b "), ElementsAre("-a", "b"));
  EXPECT_THAT(*split_arguments(R"(-r "[.a, .b] | @tsv" 'it''s' a\ b "x\"y" '')"),
              ElementsAre("-r", "[.a, .b] | @tsv", "its", "a b", "x\"y", ""));
  EXPECT_TRUE(split_arguments("")->empty());
  EXPECT_FALSE(split_arguments("'open"));
}

class ProgramTest : public TransformTest {
 protected:
  ProgramTest() {
    char pattern[] = "/tmp/millrace-program-XXXXXX";
    directory_ = ::mkdtemp(pattern);
  }
  ~ProgramTest() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((directory_ / name).parent_path());
    std::ofstream(directory_ / name) << text;
    return "file://" + (directory_ / name).string();
  }
  Result<Transformed> run_of(const ProgramSource& source) {
    TRY(const auto bytes, fetch(source));
    options_.name = source.uri;
    TRY(options_.command, lay_out(source, bytes, (directory_ / "laid-out").string()));
    return Transform(options_).run(batch_, {});
  }

  std::filesystem::path directory_;
};

TEST_F(ProgramTest, AScriptRunsFromItsOwnDirectoryWithItsArguments) {
  add(0, 0, "a");
  const auto uri = write("t.sh", "#!/bin/sh\necho $(basename $0) $# \"$2\" $(basename $PWD)\n");
  const auto made = run_of({uri, "", "one 'two three'"});
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_THAT(records(*made), ElementsAre("0@0:t.sh 2 two three laid-out"));
}

TEST_F(ProgramTest, RunsFromARelativeDirectoryToo) {
  add(0, 0, "a");
  const ProgramSource source{write("t.sh", "#!/bin/sh\necho here\n"), "", ""};
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(directory_);
  const auto command = lay_out(source, *fetch(source), "data/programs/t");
  options_.command = *command;
  const auto made = Transform(options_).run(batch_, {});
  std::filesystem::current_path(before);
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_THAT(records(*made), ElementsAre("0@0:here"));
}

TEST_F(ProgramTest, AnArchiveBringsWhatTheProgramNeeds) {
  add(0, 0, "a");
  write("packed/bin/t.sh", "#!/bin/sh\ncat words.txt\n");
  write("packed/words.txt", "of the archive\n");
  ASSERT_EQ(std::system(("tar -czf " + (directory_ / "t.tar.gz").string() + " -C " +
                         (directory_ / "packed").string() + " .")
                            .c_str()),
            0);
  const std::string uri = "file://localhost" + (directory_ / "t.tar.gz").string();
  const auto made = run_of({uri, "bin/t.sh", ""});
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_THAT(records(*made), ElementsAre("0@0:of the archive"));

  const auto other = lay_out({uri, "bin/u.sh", ""}, *fetch({uri, "bin/u.sh", ""}),
                             (directory_ / "other").string());
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("lacks program \"bin/u.sh\""));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "other"));
}

TEST_F(ProgramTest, WhatIsNoProgramIsSaid) {
  const auto message = [](const ProgramSource& source) {
    const auto fetched = fetch(source);
    return fetched ? "none" : fetched.error().message;
  };
  EXPECT_THAT(message({"/t.py", "", ""}), HasSubstr("is no URI of a program"));
  EXPECT_THAT(message({"file:///nowhere/t.py", "", ""}), HasSubstr("is not a file"));
  EXPECT_THAT(message({write("t.txt", "hello"), "", ""}), HasSubstr("is no program"));
  EXPECT_THAT(message({write("empty", ""), "", ""}), HasSubstr("is no program"));
  EXPECT_THAT(message({write("t.tgz", "hello"), "a", ""}), HasSubstr("is no gzip archive"));
  EXPECT_THAT(message({"file:///t.tar.gz", "", ""}), HasSubstr("no program of it is named"));
  EXPECT_THAT(message({"file:///t.tar.gz", "../t", ""}), HasSubstr("not in its directory"));
  EXPECT_THAT(message({"http://127.0.0.1:1/t.py", "", ""}), HasSubstr("cannot be fetched"));
}

}  // namespace
}  // namespace millrace::transform
