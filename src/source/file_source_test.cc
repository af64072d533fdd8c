#include "source/file_source.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

namespace millrace::source {
namespace {

namespace fs = std::filesystem;

/// A folder of its own, and a ledger that outlives sources, as the store's does.
class FileSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "millrace-files-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// A file that has been there for a while.
  void put(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name, std::ios::binary) << content;
    fs::last_write_time(folder_ / name, fs::file_time_type::clock::now() - std::chrono::hours(1));
  }

  FileOptions options() {
    FileOptions made;
    made.path = folder_.string();
    made.ledger.read = [this]() -> Result<std::vector<SourceFile>> { return ledger_; };
    made.ledger.append = [this](const std::vector<SourceFile>& files) -> Status {
      ledger_.insert(ledger_.end(), files.begin(), files.end());
      return {};
    };
    return made;
  }

  static std::unique_ptr<Source> open_at(FileOptions options, int64_t offset) {
    auto source = open_files(std::move(options));
    EXPECT_TRUE(source->partitions());
    EXPECT_TRUE(source->seek({{0, offset}}));
    return source;
  }

  /// All lines from the source's place on, in batches of so many, with the offset behind each
  /// batch.
  static std::vector<std::string> read_all(Source& source, int64_t lines_max,
                                           std::vector<OffsetRange>* ranges = nullptr) {
    std::vector<std::string> lines;
    TakeLimits limits;
    limits.offsets_per_partition_max = lines_max;
    limits.wait_max = std::chrono::milliseconds(0);
    while (true) {
      auto batch = source.take(limits, {});
      if (!batch) {
        lines.push_back("error: " + batch.error().message);
        return lines;
      }
      if (batch->ranges.empty()) return lines;
      for (const auto& message : batch->messages) lines.emplace_back(message.payload);
      EXPECT_EQ(batch->ranges[0].messages, static_cast<int64_t>(batch->messages.size()));
      if (ranges != nullptr) ranges->push_back(batch->ranges[0]);
    }
  }

  fs::path folder_;
  std::vector<SourceFile> ledger_;
};

using Lines = std::vector<std::string>;

std::vector<int64_t> first_lines(Source& source) {
  std::vector<int64_t> numbers;
  TakeLimits limits;
  limits.wait_max = std::chrono::milliseconds(0);
  const auto batch = source.take(limits, {});
  EXPECT_TRUE(batch) << batch.error().message;
  for (const auto& message : batch->messages) numbers.push_back(message.first_line);
  return numbers;
}

TEST_F(FileSourceTest, GivesTheLinesOfEachFileOnceInTheOrderTheyWereFound) {
  put("b", "3\r\n4\n\n5");
  put("a", "1\n2\n");
  put(".hidden", "no");
  auto source = open_at(options(), 0);
  EXPECT_EQ(read_all(*source, 2), (Lines{"1", "2", "3", "4", "5"}));
  put("0", "6\n");
  put("c", "7");
  EXPECT_EQ(read_all(*source, 100), (Lines{"6", "7"}));
  ASSERT_EQ(ledger_.size(), 4U);
  EXPECT_EQ(ledger_[2].name, (folder_ / "0").string());
  EXPECT_EQ(read_all(*open_at(options(), file_offset(1, 0)), 100),
            (Lines{"3", "4", "5", "6", "7"}));
}

TEST_F(FileSourceTest, AnotherFileOfTheNameIsNotGoneOnWith) {
  put("a", "1\n2\n3\n");
  TakeLimits limits;
  limits.offsets_per_partition_max = 1;
  const auto first = open_at(options(), 0)->take(limits, {});
  ASSERT_TRUE(first);
  const int64_t next = first->ranges[0].end_offset;
  put("a", "11\n12\n13\n");
  const std::string name = "file \"" + (folder_ / "a").string() + "\": ";
  EXPECT_EQ(read_all(*open_at(options(), next), 10),
            Lines{"error: " + name +
                  "it has changed since its begin was read: it has 9 bytes, and had 6 when it was "
                  "found"});
  put("a", "1\n2\n3\n");
  EXPECT_EQ(read_all(*open_at(options(), next), 10), (Lines{"2", "3"}));
}

TEST_F(FileSourceTest, AFileIsDoneWithItsLastLine) {
  put("a", "1\n2\n");
  put("b", "3");
  std::vector<OffsetRange> ranges;
  EXPECT_EQ(read_all(*open_at(options(), 0), 2, &ranges), (Lines{"1", "2", "3"}));
  ASSERT_EQ(ranges.size(), 2U);
  EXPECT_EQ(ranges[0].end_offset, file_offset(1, 0));
  EXPECT_EQ(ranges[1].end_offset, file_offset(2, 0));
}

TEST_F(FileSourceTest, ALineThatIsTooLongIsNotTriedForEver) {
  put("a", "1\n" + std::string(9 << 20, 'x') + "\n3\n");
  auto made = options();
  made.line_bytes_max = 2 << 20;
  auto source = open_at(made, 0);
  EXPECT_EQ(read_all(*source, 1)[0], "1");
  const auto wrong = source->take({}, {});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message,
            "file \"" + (folder_ / "a").string() + "\": a line has more than 2 MiB");
  EXPECT_FALSE(facts(wrong.error().code).retryable);
}

TEST_F(FileSourceTest, AFileThatChangesNowIsLeftForLater) {
  std::ofstream(folder_ / "new") << "1\n";
  auto source = open_files(options());
  EXPECT_TRUE(source->seek({{0, 0}}));
  EXPECT_TRUE(read_all(*source, 10).empty());
  EXPECT_TRUE(ledger_.empty());
  fs::last_write_time(folder_ / "new", fs::file_time_type::clock::now() - std::chrono::hours(1));
  EXPECT_EQ(read_all(*source, 10), Lines{"1"});
}

TEST_F(FileSourceTest, WhoAsksForTheEndIsToldOfAFileThatWasJustWritten) {
  std::ofstream(folder_ / "new") << "1\n";
  auto soon = options();
  soon.settled_for = std::chrono::milliseconds(50);
  // Its time may be another clock's.
  fs::last_write_time(folder_ / "new", fs::file_time_type::clock::now() + std::chrono::hours(1));
  const auto bounds = open_files(soon)->partitions();
  ASSERT_TRUE(bounds);
  EXPECT_EQ((*bounds)[0].latest_offset, file_offset(1, 0));
}

TEST_F(FileSourceTest, AFolderMayHaveSignsOfAPatternInItsName) {
  for (const char* name : {"a[b]", "c*", "d?", "e\\f"}) {
    fs::create_directory(folder_ / name);
    put(std::string(name) + "/x", "1\n");
    auto named = options();
    named.path = (folder_ / name).string();
    EXPECT_EQ(read_all(*open_at(named, 0), 10), Lines{"1"}) << name;
    ledger_.clear();
    named.path += "/x";
    EXPECT_EQ(read_all(*open_at(named, 0), 10), Lines{"1"}) << name;
    ledger_.clear();
  }
}

TEST_F(FileSourceTest, WhereNothingCanComeIsAnError) {
  for (const char* name : {"/none", "/none/*.csv", "/a/*"}) {
    put("a", "1\n");
    auto missing = options();
    missing.path += name;
    const auto bounds = open_files(missing)->partitions();
    ASSERT_FALSE(bounds) << name;
    EXPECT_EQ(bounds.error().code, Code::kMissingTopic) << bounds.error().to_string();
  }
  auto nothing_yet = options();
  nothing_yet.path += "/*.csv";
  EXPECT_TRUE(open_files(nothing_yet)->partitions());
  put("b\xFF", "2\n");
  const auto bounds = open_files(options())->partitions();
  ASSERT_FALSE(bounds);
  EXPECT_NE(bounds.error().message.find("b\\xFF\" is no UTF-8"), std::string::npos)
      << bounds.error().message;
}

TEST_F(FileSourceTest, TheMarkOfTheByteOrderIsNoPartOfTheFirstLine) {
  put("a",
      "\xEF\xBB\xBF"
      "1\n2\n");
  put("b", "\xEF\xBB\xBF");
  put("c", "\xEF\xBB");
  EXPECT_EQ(read_all(*open_at(options(), 0), 10), (Lines{"1", "2", "\xEF\xBB"}));
  auto whole = options();
  whole.lines.terminator = "";  // a transform gets all of it
  EXPECT_EQ(read_all(*open_at(whole, 0), 10)[0],
            "\xEF\xBB\xBF"
            "1\n2\n");
}

TEST_F(FileSourceTest, OffsetsMeanTheSameForEver) {
  std::mt19937 random(7);
  std::string content;
  for (int i = 0; i < 3000; ++i)
    content +=
        std::string(random() % 50, static_cast<char>('a' + i % 26)) + (i % 7 ? "\n" : "\r\n");
  put("1", content);
  put("2", "");
  put("3", "last");
  std::vector<OffsetRange> ranges;
  const auto all = read_all(*open_at(options(), 0), 17, &ranges);
  ASSERT_GT(ranges.size(), 100U);
  size_t before = 0;
  for (size_t i = 0; i < ranges.size(); ++i) {
    EXPECT_EQ(ranges[i].first_offset, i == 0 ? 0 : ranges[i - 1].end_offset);
    auto source = open_at(options(), 0);
    const auto again = source->take_again({ranges[i]}, {});
    ASSERT_TRUE(again) << again.error().message;
    ASSERT_EQ(again->messages.size(), static_cast<size_t>(ranges[i].messages));
    for (const auto& message : again->messages) EXPECT_EQ(message.payload, all[before++]);
  }
  EXPECT_EQ(before, all.size());
  const auto middle = ranges[ranges.size() / 2].end_offset;
  const auto rest = read_all(*open_at(options(), middle), 1000);
  EXPECT_TRUE(std::equal(rest.rbegin(), rest.rend(), all.rbegin()));
}

TEST_F(FileSourceTest, TerminatorsWithinQuotesAreNone) {
  put("a", "head\n1,\"x\ny\"\n2,\"\\\"\n\"\n3,\"open\n4\n");
  auto quoted = options();
  quoted.lines.quote = "\"";
  quoted.lines.escape = "\\";
  quoted.ignored_lines = 1;
  EXPECT_EQ(read_all(*open_at(quoted, 0), 10),
            (Lines{"1,\"x\ny\"", "2,\"\\\"\n\"", "3,\"open", "4"}));
  EXPECT_EQ(first_lines(*open_at(quoted, 0)), (std::vector<int64_t>{2, 4, 6, 7}));
  // What was read before is not counted.
  EXPECT_EQ(first_lines(*open_at(quoted, file_offset(0, 13))), (std::vector<int64_t>{0, 0, 0}));
  auto several = options();
  several.lines.terminator = "\n2";
  EXPECT_EQ(read_all(*open_at(several, 0), 10),
            (Lines{"head\n1,\"x\ny\"", ",\"\\\"\n\"\n3,\"open\n4\n"}));
}

TEST_F(FileSourceTest, LinesLongerThanABufferAreWhole) {
  const std::string longer(5 << 20, 'x');
  put("a", "1\n" + longer + "\n2\n" + longer);
  EXPECT_EQ(read_all(*open_at(options(), 0), 1), (Lines{"1", longer, "2", longer}));
}

TEST_F(FileSourceTest, MessagesKnowTheirFileAndOutliveTheNextBatch) {
  put("a", "1\n2\n");
  put("b", "3\n");
  auto source = open_at(options(), 0);
  TakeLimits limits;
  limits.wait_max = std::chrono::milliseconds(0);
  const auto batch = source->take(limits, {});
  ASSERT_TRUE(batch);
  put("c", std::string(3 << 20, '9'));
  ASSERT_TRUE(source->take(limits, {}));
  source.reset();
  ASSERT_EQ(batch->messages.size(), 3U);
  EXPECT_EQ(batch->messages[2].payload, "3");
  EXPECT_EQ(batch->file(1), (folder_ / "a").string());
  EXPECT_EQ(batch->file(2), (folder_ / "b").string());
  EXPECT_EQ(batch->ranges[0].latest_offset, file_offset(2, 0));
}

TEST_F(FileSourceTest, AFileThatIsGoneStopsUnlessItIsSkipped) {
  put("a", "1\n");
  put("b", "2\n");
  ASSERT_TRUE(open_files(options())->partitions());
  fs::remove(folder_ / "a");
  const auto lines = read_all(*open_at(options(), 0), 10);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("could not open"), std::string::npos) << lines[0];
  ledger_[0].skipped = true;
  EXPECT_EQ(read_all(*open_at(options(), 0), 10), Lines{"2"});
  EXPECT_FALSE(open_files(options())->seek({{0, file_offset(3, 0)}}));
}

}  // namespace
}  // namespace millrace::source
