#include "serve/parameter_reader.h"

#include <gtest/gtest.h>

#include <bit>

#include "serve/column_type.h"

namespace millrace::serve {
namespace {

using store::BoundValue;

/// One parameter of that type, with these bytes as its value.
Result<BoundValue> read_one(WireType type, std::string_view bytes, bool is_unsigned = false) {
  std::string packet;
  append_u8(packet, 0);  // not NULL
  append_u8(packet, 1);  // types follow
  append_u8(packet, static_cast<uint8_t>(type));
  append_u8(packet, is_unsigned ? 0x80 : 0);
  packet += bytes;
  WireReader reader(packet);
  std::vector<ParameterType> types;
  // The values borrow the packet's bytes: texts are copied here.
  static std::string kept;
  TRY(auto values, read_parameters(reader, 1, types, {}));
  if (auto* text = std::get_if<std::string_view>(&values[0])) {
    kept = *text;
    return BoundValue(std::string_view(kept));
  }
  if (auto* blob = std::get_if<store::BlobValue>(&values[0])) {
    kept = blob->bytes;
    return BoundValue(store::BlobValue{kept});
  }
  return values[0];
}

TEST(ParameterReader, IntegersKeepTheirSign) {
  const std::string ones(8, '\xff');
  for (const auto& [type, size] : {std::pair{WireType::kTiny, 1U},
                                   {WireType::kShort, 2U},
                                   {WireType::kLong, 4U},
                                   {WireType::kInt24, 4U},
                                   {WireType::kLongLong, 8U}}) {
    const auto bytes = std::string_view(ones).substr(0, size);
    EXPECT_EQ(std::get<int64_t>(*read_one(type, bytes)), -1);
    EXPECT_EQ(std::get<uint64_t>(*read_one(type, bytes, true)),
              size == 8 ? ~uint64_t{0} : (uint64_t{1} << 8 * size) - 1);
  }
  EXPECT_EQ(std::get<int64_t>(*read_one(WireType::kShort, std::string("\x00\x80", 2))), -32768);
}

TEST(ParameterReader, RealNumbersAreTheirBits) {
  std::string bytes;
  append_u32(bytes, std::bit_cast<uint32_t>(1.5F));
  EXPECT_EQ(std::get<float>(*read_one(WireType::kFloat, bytes)), 1.5F);
  bytes.clear();
  append_u64(bytes, std::bit_cast<uint64_t>(-0.1));
  EXPECT_EQ(std::get<double>(*read_one(WireType::kDouble, bytes)), -0.1);
}

TEST(ParameterReader, TextsBytesAndDecimalsAreToldApart) {
  EXPECT_EQ(std::get<std::string_view>(*read_one(WireType::kVarString, "\2hi")), "hi");
  EXPECT_EQ(std::get<store::BlobValue>(*read_one(WireType::kBlob, "\2hi")).bytes, "hi");
  EXPECT_TRUE(std::holds_alternative<store::DecimalValue>(*read_one(WireType::kNewDecimal,
                                                                    "\3"
                                                                    "1.5")));
}

TEST(ParameterReader, DatesAndTimes) {
  const std::string day("\x04\xea\x07\x0b\x17", 5);  // 2026-11-23
  EXPECT_EQ(std::get<store::DateValue>(*read_one(WireType::kDate, day)).days, 20780);
  EXPECT_EQ(std::get<store::TimestampValue>(*read_one(WireType::kDateTime, day)).micros,
            20780 * 86'400'000'000);
  const std::string moment("\x0b\xea\x07\x0b\x17\x0a\x00\x01\x07\x00\x00\x00", 12);
  EXPECT_EQ(std::get<store::TimestampValue>(*read_one(WireType::kTimestamp, moment)).micros,
            20780 * 86'400'000'000 + 36'001'000'007);
  const std::string time("\x08\x01\x02\x00\x00\x00\x03\x04\x05", 9);  // -2 days 03:04:05
  EXPECT_EQ(std::get<store::TimeValue>(*read_one(WireType::kTime, time)).micros,
            -(2 * 86400 + 3 * 3600 + 4 * 60 + 5) * int64_t{1'000'000});
  EXPECT_EQ(std::get<store::TimeValue>(*read_one(WireType::kTime, std::string(1, '\0'))).micros, 0);
}

TEST(ParameterReader, WhatIsNoDateOrTimeIsRefused) {
  for (const std::string& bytes :
       {std::string(1, '\0'), std::string("\x04\xea\x07\x0d\x01", 5),  // month 13
        std::string("\x04\xea\x07\x02\x1e", 5),                        // 30 February
        std::string("\x07\xea\x07\x0b\x17\x18\x00\x00", 8),            // 24 o'clock
        std::string("\x05\xea\x07\x0b\x17\x00", 6), std::string("\x04\xea", 2)}) {
    EXPECT_FALSE(read_one(WireType::kDateTime, bytes));
  }
  EXPECT_FALSE(read_one(WireType::kTime, std::string("\x08\x00\xff\xff\xff\xff\x00\x00\x00", 9)));
}

TEST(ParameterReader, AnUnknownTypeIsRefused) {
  EXPECT_EQ(read_one(static_cast<WireType>(200), "\1x").error().code, Code::kUnsupported);
}

TEST(ParameterReader, NullsAreInTheBitmapAndTypesHold) {
  std::vector<ParameterType> types(9, ParameterType{static_cast<uint8_t>(WireType::kTiny), false});
  std::string packet("\xfe\x00", 2);  // all NULL but the first and the last
  append_u8(packet, 0);
  packet += "\x05\x06";
  WireReader reader(packet);
  const auto values = read_parameters(reader, 9, types, {});
  ASSERT_TRUE(values);
  EXPECT_EQ(std::get<int64_t>((*values)[0]), 5);
  EXPECT_TRUE(std::holds_alternative<std::monostate>((*values)[7]));
  EXPECT_EQ(std::get<int64_t>((*values)[8]), 6);
}

}  // namespace
}  // namespace millrace::serve
