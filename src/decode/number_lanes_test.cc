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

/// A line of random fields of up to ten bytes, most of them digits.
std::string make_line(std::mt19937& random, std::vector<Field>& fields) {
  std::string line;
  fields.clear();
  while (fields.size() < NumberLanes::kMax) {
    const auto from = static_cast<uint32_t>(line.size());
    const bool odd = random() % 4 == 0;
    const auto point = random() % 16;
    for (size_t size = random() % 11, i = 0; i < size; ++i) {
      const char* bytes = odd ? "0123456789.-/: +e\xB0" : "0123456789";
      line += i == point ? '.' : bytes[random() % (odd ? 18 : 10)];
    }
    fields.push_back({from, static_cast<uint32_t>(line.size())});
    line += ',';
  }
  return line;
}

/// The plain way: a digit after another.
struct Plain {
  bool taken = false;
  uint32_t value = 0;
  uint32_t decimals = 0;
};

Plain read_plainly(const std::string& line, const Field& field, bool points) {
  const std::string text = line.substr(field.from, field.to - field.from);
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
  plain.taken = digits > 0 && text.size() <= 8 && field.to >= 8;
  return plain;
}

TEST(NumberLanes, TakeWhatThePlainWayTakesAndNothingElse) {
  std::mt19937 random(11);
  size_t taken = 0;
  for (int round = 0; round < 4000; ++round) {
    std::vector<Field> fields;
    const std::string line = make_line(random, fields);
    fields.resize(random() % (NumberLanes::kMax + 1));
    NumberLanes lanes;
    for (const auto& field : fields) lanes.add(line.data(), field.from, field.to);
    const bool points = round % 2 == 1;
    const uint64_t left = points ? read_decimals(lanes) : read_whole_numbers(lanes);
    for (size_t i = 0; i < fields.size(); ++i) {
      const Plain plain = read_plainly(line, fields[i], points);
      const std::string text = line.substr(fields[i].from, fields[i].to - fields[i].from);
      const bool is_taken = (left >> i & 1) == 0;
      // The last few of a column are left, and all are where the machine has no such vectors.
      const bool must = has_number_lanes() && i < fields.size() / 4 * 4;
      ASSERT_EQ(is_taken, plain.taken && must) << '"' << text << '"';
      if (!is_taken) continue;
      ++taken;
      ASSERT_EQ(lanes.values[i], plain.value) << text;
      if (!points) continue;
      ASSERT_EQ(lanes.decimals[i], plain.decimals) << text;
    }
  }
  EXPECT_TRUE(!has_number_lanes() || taken > 50'000) << taken;
}

}  // namespace
}  // namespace millrace::decode
