#include "decode/number_lanes.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace millrace::decode {
namespace {

struct Field {
  uint32_t from;
  uint32_t to;
};

/// A line of one to four random fields of up to ten bytes, most of them digits.
std::string make_line(std::mt19937& random, std::vector<Field>& fields) {
  std::string line;
  fields.clear();
  for (size_t count = 1 + random() % 4; count > 0; --count) {
    const auto from = static_cast<uint32_t>(line.size());
    const bool odd = random() % 4 == 0;
    const auto point = random() % 16;
    for (size_t size = random() % 11, i = 0; i < size; ++i) {
      const char* bytes = odd ? "0123456789.-/: +e\xB0" : "0123456789";
      line += i == point ? '.' : bytes[random() % (odd ? 18 : 10)];
    }
    fields.push_back({from, static_cast<uint32_t>(line.size())});
    if (count > 1) line += ',';
  }
  return line;
}

/// The plain way: a digit after another.
struct Plain {
  bool taken = false;
  uint32_t value = 0;
  uint32_t decimals = 0;
};

Plain read_plainly(const std::string& text, bool points, uint32_t value_max) {
  Plain plain;
  size_t digits = 0;
  bool behind = false;
  for (const char c : text) {
    if (c == '.' && points && !behind) {
      behind = true;
    } else if (c >= '0' && c <= '9') {
      plain.value = plain.value * 10 + static_cast<uint32_t>(c - '0');
      plain.decimals += behind;
      ++digits;
    } else {
      return plain;
    }
  }
  plain.taken = digits > 0 && text.size() <= 8 && plain.value <= value_max;
  return plain;
}

TEST(NumberLanes, TakeWhatThePlainWayTakesAndNothingElse) {
  std::mt19937 random(11);
  size_t taken = 0;
  for (int round = 0; round < 4000; ++round) {
    const size_t count = random() % (LaneRows::kMax + 1);
    const auto value_max = static_cast<uint32_t>(round % 3 == 0 ? 99'999'999 : random() % 1000);
    LaneRows rows;
    std::vector<std::vector<char>> lines;  // no byte before or behind them may be read
    std::vector<std::string> texts;
    std::vector<uint32_t> from;
    std::vector<uint32_t> next;
    for (size_t i = 0; i < count; ++i) {
      std::vector<Field> fields;
      const std::string line = make_line(random, fields);
      const Field& field = fields[random() % fields.size()];
      lines.emplace_back(line.begin(), line.end());
      rows.set(i, lines.back().data(), lines.back().size());
      texts.push_back(line.substr(field.from, field.to - field.from));
      from.push_back(field.from);
      next.push_back(field.to + 1);
    }
    const bool points = round % 2 == 1;
    LaneNumbers numbers;
    const LaneField field{from.data(), next.data(), 1};
    const uint64_t left = points ? read_decimals(rows, field, count, value_max, numbers)
                                 : read_whole_numbers(rows, field, count, value_max, numbers);
    for (size_t i = 0; i < count; ++i) {
      const Plain plain = read_plainly(texts[i], points, value_max);
      const bool is_taken = (left >> i & 1) == 0;
      // The last few of a column are left, and all are where the machine has no such vectors.
      const bool must = has_number_lanes() && i < count / 4 * 4;
      ASSERT_EQ(is_taken, plain.taken && must) << '"' << texts[i] << '"';
      if (!is_taken) continue;
      ++taken;
      ASSERT_EQ(numbers.values[i], plain.value) << texts[i];
      if (!points) continue;
      ASSERT_EQ(numbers.decimals[i], plain.decimals) << texts[i];
      ASSERT_TRUE(numbers.has_decimals || plain.decimals == 0) << texts[i];
    }
  }
  EXPECT_TRUE(!has_number_lanes() || taken > 30'000) << taken;
}

TEST(NumberLanes, LeaveARowThatHasNoPlace) {
  LaneRows rows;
  const std::vector<uint32_t> none(LaneRows::kMax, 3);
  LaneNumbers numbers;
  const LaneField field{none.data(), none.data(), 3};
  EXPECT_EQ(read_whole_numbers(rows, field, LaneRows::kMax, 9, numbers), ~uint64_t{0});
  EXPECT_EQ(read_decimals(rows, field, LaneRows::kMax, 9, numbers), ~uint64_t{0});
}

}  // namespace
}  // namespace millrace::decode
