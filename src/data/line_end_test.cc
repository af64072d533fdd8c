#include "data/line_end.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace millrace {
namespace {

using testing::ElementsAre;

std::vector<std::string> lines(std::string_view text, LineRules rules) {
  std::vector<std::string> found;
  LineEnd end(std::move(rules));
  std::string_view line;
  while (end.take(text, line)) found.emplace_back(line);
  return found;
}

TEST(LineEnd, ATerminatorEndsALineAndTheLastOneNeedsNone) {
  EXPECT_THAT(lines("a\r\n\nb", {}), ElementsAre("a", "", "b"));
  EXPECT_THAT(lines("a||b|c||", {"||", "", ""}), ElementsAre("a", "b|c"));
  EXPECT_THAT(lines("a\nb\n", {"", "", ""}), ElementsAre("a\nb\n"));
}

TEST(LineEnd, WithinQuotesOrBehindAnEscapeThereIsNoEnd) {
  EXPECT_THAT(lines("\"a\nb\",c\nd", {"\n", "\"", ""}), ElementsAre("\"a\nb\",c", "d"));
  EXPECT_THAT(lines("\"a\\\"\nb\"\nd", {"\n", "\"", "\\"}), ElementsAre("\"a\\\"\nb\"", "d"));
  EXPECT_THAT(lines("a\\\nb\nc\\\\\nd", {"\n", "", "\\"}), ElementsAre("a\\\nb", "c\\\\", "d"));
}

TEST(LineEnd, AQuoteWithinAFieldIsABytesAsOthers) {
  const LineRules rules{"\n", "\"", "\\", ","};
  EXPECT_THAT(lines("5\",h\n1,it\"s\n2,\"x\ny\"\n", rules),
              ElementsAre("5\",h", "1,it\"s", "2,\"x\ny\""));
  EXPECT_THAT(lines("\"a\"\"\nb\",\"c,\nd\"\ne", rules),
              ElementsAre("\"a\"\"\nb\",\"c,\nd\"", "e"));
  EXPECT_THAT(lines("\\,\"\na", rules), ElementsAre("\\,\"", "a"));
}

TEST(LineEnd, AQuoteThatIsNeverClosedCostsItsLine) {
  EXPECT_THAT(lines("a\n\"b\nc\nd", {"\n", "\"", ""}), ElementsAre("a", "\"b", "c", "d"));
}

TEST(LineEnd, FindsTheSameHoweverTheTextArrives) {
  const std::string text = "x\\\ny\"\n\"z\\\\||\n;";
  for (const LineRules& rules :
       {LineRules{"\n", "", ""}, LineRules{"\n", "", "\\"}, LineRules{"\n", "\"", "\\"},
        LineRules{"||", "\"", "\\"}, LineRules{"||\n", "", ""}, LineRules{"\n", "\"", "\\", "y"}}) {
    LineEnd whole(rules);
    const size_t expected = whole.find(text);
    for (size_t step = 1; step <= text.size(); ++step) {
      LineEnd in_parts(rules);
      size_t found = std::string_view::npos;
      for (size_t size = step; found == std::string_view::npos && size < text.size() + step;
           size += step)
        found = in_parts.find(std::string_view(text).substr(0, size));
      EXPECT_EQ(found, expected) << rules.terminator << " in steps of " << step;
    }
  }
}

}  // namespace
}  // namespace millrace
