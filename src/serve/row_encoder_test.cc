#include "serve/row_encoder.h"

#include <gtest/gtest.h>

#include "serve/fake_backend_test.h"

namespace millrace::serve {
namespace {

using store::SqlType;

/// The bytes of one value in a row of its own, behind the row's header.
Result<std::string> binary(SqlType type, std::optional<std::string> text) {
  const std::vector<store::ResultColumn> columns{{"c", type, 0, 0}};
  FakeChunk chunk;
  chunk.cells.push_back({std::move(text)});
  std::string out;
  TRY_OK(RowEncoder(columns, RowForm::kAsBinary).append(chunk, 0, out));
  return out.substr(1);
}

std::string bytes(std::initializer_list<int> values) {
  std::string out(1, '\0');  // nothing is NULL
  for (const int value : values) out += static_cast<char>(value);
  return out;
}

TEST(RowEncoder, NumbersAreAsWideAsTheirType) {
  EXPECT_EQ(*binary(SqlType::kBoolean, "1"), bytes({1}));
  EXPECT_EQ(*binary(SqlType::kTinyint, "-2"), bytes({0xfe}));
  EXPECT_EQ(*binary(SqlType::kUTinyint, "255"), bytes({0xff}));
  EXPECT_EQ(*binary(SqlType::kSmallint, "-2"), bytes({0xfe, 0xff}));
  EXPECT_EQ(*binary(SqlType::kInteger, "258"), bytes({2, 1, 0, 0}));
  EXPECT_EQ(*binary(SqlType::kBigint, "-1"), bytes({255, 255, 255, 255, 255, 255, 255, 255}));
  EXPECT_EQ(*binary(SqlType::kUBigint, "18446744073709551614"),
            bytes({254, 255, 255, 255, 255, 255, 255, 255}));
  EXPECT_EQ(*binary(SqlType::kFloat, "1.5"), bytes({0, 0, 0xc0, 0x3f}));
  EXPECT_EQ(*binary(SqlType::kDouble, "1.5"), bytes({0, 0, 0, 0, 0, 0, 0xf8, 0x3f}));
}

TEST(RowEncoder, WhatHasNoWidthIsText) {
  for (const auto type :
       {SqlType::kHugeint, SqlType::kDecimal, SqlType::kVarchar, SqlType::kBlob, SqlType::kUuid,
        SqlType::kEnum, SqlType::kInterval, SqlType::kList, SqlType::kTimestampTz}) {
    EXPECT_EQ(*binary(type, "12"), bytes({2, '1', '2'}));
  }
  EXPECT_EQ(binary(SqlType::kVarchar, std::string(300, 'x'))->substr(1, 3), "\xfc\x2c\x01");
}

TEST(RowEncoder, DatesAndTimesAreAsLongAsTheyNeed) {
  EXPECT_EQ(*binary(SqlType::kDate, "2026-11-23"), bytes({4, 0xea, 7, 11, 23}));
  EXPECT_EQ(*binary(SqlType::kDate, "0000-01-01"), bytes({4, 0, 0, 1, 1}));
  EXPECT_EQ(*binary(SqlType::kTimestamp, "1969-12-31 00:00:00"), bytes({4, 0xb1, 7, 12, 31}));
  EXPECT_EQ(*binary(SqlType::kTimestamp, "2026-11-23 10:00:01"),
            bytes({7, 0xea, 7, 11, 23, 10, 0, 1}));
  EXPECT_EQ(*binary(SqlType::kTimestamp, "1969-12-31 23:59:59.500000"),
            bytes({11, 0xb1, 7, 12, 31, 23, 59, 59, 0x20, 0xa1, 7, 0}));
  EXPECT_EQ(*binary(SqlType::kTime, "00:00:00"), bytes({0}));
  EXPECT_EQ(*binary(SqlType::kTime, "10:20:30"), bytes({8, 0, 0, 0, 0, 0, 10, 20, 30}));
  EXPECT_EQ(*binary(SqlType::kTime, "24:00:00"), bytes({8, 0, 1, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(*binary(SqlType::kTime, "00:00:00.000001"),
            bytes({12, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0}));
}

TEST(RowEncoder, ADateBeyondTheCalendarIsAnErrorAndNotAnotherDate) {
  const auto wrong = binary(SqlType::kDate, "infinity");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::kInvalidArgument);
  EXPECT_NE(wrong.error().message.find("infinity"), std::string::npos);
}

TEST(RowEncoder, NullsAreBitsBehindTheFirstTwo) {
  const std::vector<store::ResultColumn> columns(7, {"c", SqlType::kTinyint, 0, 0});
  FakeChunk chunk;
  chunk.cells.push_back({std::nullopt, "1", "2", "3", "4", "5", std::nullopt});
  std::string out;
  ASSERT_TRUE(RowEncoder(columns, RowForm::kAsBinary).append(chunk, 0, out));
  EXPECT_EQ(out, std::string("\0\4\1\1\2\3\4\5", 8));
  out.clear();
  ASSERT_TRUE(RowEncoder(columns, RowForm::kAsText).append(chunk, 0, out));
  EXPECT_EQ(out,
            "\xfb\x01"
            "1\x01"
            "2\x01"
            "3\x01"
            "4\x01"
            "5\xfb");
}

}  // namespace
}  // namespace millrace::serve
