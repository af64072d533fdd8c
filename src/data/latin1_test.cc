#include "data/latin1.h"

#include <gtest/gtest.h>

#include "data/utf8.h"

namespace millrace {
namespace {

TEST(Latin1, IsWindows1252) {
  std::string utf8;
  append_from_latin1("a\x80\x9F\xA0\xE4\xFF", utf8);
  EXPECT_EQ(utf8, "a\u20AC\u0178\u00A0\u00E4\u00FF");
  EXPECT_EQ(to_latin1("\u20ACa\u00E4"),
            "\x80"
            "a\xE4");
  EXPECT_FALSE(to_latin1("\u0416"));
  EXPECT_FALSE(to_latin1("\u0080")) << "0x80 is the euro";
}

TEST(Latin1, EachTextComesBack) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  std::string utf8;
  append_from_latin1(all, utf8);
  EXPECT_TRUE(is_utf8(utf8));
  EXPECT_EQ(to_latin1(utf8), all);
}

}  // namespace
}  // namespace millrace
