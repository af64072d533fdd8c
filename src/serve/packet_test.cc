#include "serve/packet.h"

#include <gtest/gtest.h>


#include "serve/byte_loop_test.h"
#include "serve/wire.h"

namespace millrace::serve {
namespace {

std::string frame(uint8_t sequence, std::string_view payload) {
  std::string out;
  append_u24(out, static_cast<uint32_t>(payload.size()));
  append_u8(out, sequence);
  return out += payload;
}

TEST(Wire, LengthEncodedIntegersComeBackAtEveryWidth) {
  for (const uint64_t value : {0ULL, 250ULL, 251ULL, 65535ULL, 65536ULL, 16777215ULL, 16777216ULL,
                               0xffffffffffffffffULL}) {
    std::string bytes;
    append_lenenc(bytes, value);
    WireReader reader(bytes);
    EXPECT_EQ(reader.lenenc(), value);
    EXPECT_TRUE(reader.ok());
    EXPECT_EQ(reader.left(), 0U);
  }
}

TEST(Wire, LengthEncodedIntegersAreAsShortAsTheProtocolSays) {
  const auto size = [](uint64_t value) {
    std::string bytes;
    append_lenenc(bytes, value);
    return bytes.size();
  };
  EXPECT_EQ(size(250), 1U);
  EXPECT_EQ(size(251), 3U);
  EXPECT_EQ(size(65536), 4U);
  EXPECT_EQ(size(16777216), 9U);
}

TEST(Wire, AReadPastTheEndFailsAndStaysFailed) {
  WireReader reader(std::string_view("\x05xy", 3));
  EXPECT_EQ(reader.lenenc_string(), "");
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_FALSE(reader.ok());
}

TEST(Wire, ALengthThatOverflowsIsNotBelieved) {
  std::string bytes;
  append_lenenc(bytes, 0xffffffffffffffffULL);
  bytes += "short";
  WireReader reader(bytes);
  EXPECT_EQ(reader.lenenc_string(), "");
  EXPECT_FALSE(reader.ok());
}

TEST(Wire, ATextWithoutItsNulFailsUnlessItMayBeTheLast) {
  WireReader strict("abc");
  EXPECT_EQ(strict.nul_string(), "");
  EXPECT_FALSE(strict.ok());
  WireReader lenient("abc");
  EXPECT_EQ(lenient.nul_or_rest(), "abc");
  EXPECT_TRUE(lenient.ok());
}

TEST(Packet, PayloadsComeBackAtTheEdgesOfAFrame) {
  for (const size_t size :
       {size_t{0}, size_t{1}, kFrameMax - 1, kFrameMax, kFrameMax + 1, 2 * kFrameMax}) {
    Loop loop;
    loop.piece_max = 1 << 20;
    PacketChannel out(loop, {.payload_bytes_max = size_t{1} << 26});
    const std::string payload(size, 'p');
    ASSERT_TRUE(out.write(payload));
    ASSERT_TRUE(out.flush());
    PacketChannel in(loop, {.payload_bytes_max = size_t{1} << 26});
    std::string got;
    ASSERT_TRUE(in.read(got, kPatience));
    EXPECT_EQ(got.size(), size);
    EXPECT_EQ(got, payload);
  }
}

TEST(Packet, AFullFrameIsFollowedByOneMore) {
  Loop loop;
  PacketChannel out(loop, {});
  ASSERT_TRUE(out.write(std::string(kFrameMax, 'p')));
  ASSERT_TRUE(out.flush());
  EXPECT_EQ(loop.bytes.size(), 4 + kFrameMax + 4);
  EXPECT_EQ(loop.bytes.substr(4 + kFrameMax), std::string_view("\0\0\0\1", 4));
}

TEST(Packet, SmallPacketsGoOutTogether) {
  Loop loop;
  PacketChannel out(loop, {});
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(out.write("row"));
  EXPECT_EQ(loop.writes, 0U);
  ASSERT_TRUE(out.flush());
  EXPECT_EQ(loop.writes, 1U);
}

TEST(Packet, TheBufferOfAResultIsBounded) {
  Loop loop;
  PacketChannel out(loop, {.buffer_bytes_max = 1000});
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(out.write("0123456789"));
  EXPECT_GE(loop.bytes.size(), 1000U * 14 - 1000 - 14);
}

TEST(Packet, SequenceNumbersWrapAfter255) {
  Loop loop;
  PacketChannel out(loop, {});
  PacketChannel in(loop, {});
  std::string got;
  for (int i = 0; i < 600; ++i) {
    ASSERT_TRUE(out.write("x"));
    ASSERT_TRUE(out.flush());
    ASSERT_TRUE(in.read(got, kPatience)) << i;
  }
}

TEST(Packet, AWrongSequenceNumberIsRefused) {
  Loop loop;
  loop.bytes = frame(1, "x");
  PacketChannel in(loop, {});
  std::string got;
  EXPECT_FALSE(in.read(got, kPatience));
  EXPECT_EQ(in.fault(), PacketFault::kOutOfOrder);
}

TEST(Packet, APayloadOverTheBoundIsRefusedBeforeItIsRead) {
  Loop loop;
  loop.bytes = "\xff\xff\xfe" + std::string(1, '\0');  // a promise of 16 MiB, and nothing after it
  PacketChannel in(loop, {.payload_bytes_max = 1000});
  std::string got;
  EXPECT_FALSE(in.read(got, kPatience));
  EXPECT_EQ(in.fault(), PacketFault::kTooBig);
}

TEST(Packet, ManyFramesCannotPassTheBoundTogether) {
  Loop loop;
  loop.piece_max = 1 << 20;
  for (uint8_t i = 0; i < 3; ++i) loop.bytes += frame(i, std::string(kFrameMax, 'x'));
  PacketChannel in(loop, {.payload_bytes_max = 2 * kFrameMax});
  std::string got;
  EXPECT_FALSE(in.read(got, kPatience));
  EXPECT_EQ(in.fault(), PacketFault::kTooBig);
}

TEST(Packet, APromiseThatIsNotKeptTakesNoMemory) {
  Loop loop;
  loop.bytes = std::string("\xff\xff\x0f\0", 4) + "abc";
  PacketChannel in(loop, {.payload_bytes_max = size_t{1} << 26});
  std::string got;
  EXPECT_FALSE(in.read(got, kPatience));
  EXPECT_EQ(in.fault(), PacketFault::kClosed);
  EXPECT_LT(got.capacity(), size_t{1} << 16);
}

}  // namespace
}  // namespace millrace::serve
