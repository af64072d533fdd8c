#include "serve/compressed_stream.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "serve/byte_loop_test.h"
#include "serve/wire.h"

namespace millrace::serve {
namespace {

std::string read_all(ByteStream& stream) {
  std::string all;
  std::string part(777, '\0');
  while (true) {
    const auto got = stream.read_some(part.data(), part.size(), kPatience);
    EXPECT_TRUE(got);
    if (!got || *got == 0) return all;
    all += part.substr(0, *got);
  }
}

TEST(CompressedStream, WhatIsWrittenIsRead) {
  Loop loop;
  CompressedStream stream(loop, "");
  std::mt19937 random(20260103);
  std::string all;
  for (const size_t size : std::vector<size_t>{1, 49, 50, 1000, 100'000, 17'000'000}) {
    std::string text(size, 'x');
    if (size == 1000) {  // what deflate cannot shorten
      for (char& c : text) c = static_cast<char>(random());
    }
    ASSERT_TRUE(stream.write_all(text, kPatience));
    all += text;
  }
  EXPECT_LT(loop.bytes.size(), 200'000U);
  EXPECT_EQ(read_all(stream), all);
}

TEST(CompressedStream, ShortPiecesGoAsTheyAreAndFramesAreCounted) {
  Loop loop;
  CompressedStream stream(loop, "");
  ASSERT_TRUE(stream.write_all("abc", kPatience));
  ASSERT_TRUE(stream.write_all("d", kPatience));
  stream.reset_sequence();
  ASSERT_TRUE(stream.write_all("e", kPatience));
  EXPECT_EQ(loop.bytes, std::string("\3\0\0\0\0\0\0abc\1\0\0\1\0\0\0d\1\0\0\0\0\0\0e", 26));
}

TEST(CompressedStream, WhatWasReadAheadComesFirst) {
  Loop loop;
  loop.bytes = std::string("\0\0c", 3);
  CompressedStream stream(loop, std::string("\2\0\0\0\0\0\0ab\1\0\0\1\0", 14));
  EXPECT_EQ(read_all(stream), "abc");
}

TEST(CompressedStream, DamagedFramesAreErrors) {
  std::string part(100, '\0');
  for (const std::string& bytes :
       {std::string("\3\0\0\0\5\0\0abc", 10),  // not deflated at all
        std::string("\x0b\0\0\0\4\0\0x\x9cK\xce\4\0\0\x62\0\x62\0", 18)}) {
    Loop loop;
    loop.bytes = bytes;
    CompressedStream stream(loop, "");
    const auto got = stream.read_some(part.data(), part.size(), kPatience);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, Code::kInvalidArgument);
  }
}

}  // namespace
}  // namespace millrace::serve
