#include "decode/number.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>

#include "data/utf8.h"
#include "decode/time_text.h"

namespace millrace::decode {
namespace {

template <class T>
bool short_decimal(const std::string& text, T& value) {
  return parse_short_decimal(text.data(), text.size(), text.data() + text.size(), value);
}

TEST(Number, ShortDecimalsAreTheNearestFloatAndDouble) {
  std::mt19937 random(5);
  int taken = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text = std::to_string(random() % 100'000'000);
    text.resize(1 + random() % text.size());
    const size_t point = random() % (text.size() + 1);
    if (text.size() < 8) text.insert(point, ".");
    if (text == ".") continue;
    if (random() % 2 == 0) text.insert(0, "-");
    float narrow = 0;
    double wide = 0;
    ASSERT_TRUE(short_decimal(text, wide)) << text;
    ASSERT_EQ(wide, std::strtod(text.c_str(), nullptr)) << text;
    if (!short_decimal(text, narrow)) continue;
    ++taken;
    ASSERT_EQ(narrow, std::strtof(text.c_str(), nullptr)) << text;
  }
  EXPECT_GT(taken, 100'000);
}

TEST(Number, LongDecimalsAreTheNearestFloatAndDouble) {
  std::mt19937_64 random(6);
  for (int i = 0; i < 50'000; ++i) {
    const std::string text = std::to_string(random() >> random() % 60) + "." +
                             std::to_string(random()) + "e" +
                             std::to_string(static_cast<int>(random() % 50) - 40);
    float narrow = 0;
    double wide = 0;
    ASSERT_EQ(parse_decimal(text, narrow), Parsed::kValue) << text;
    ASSERT_EQ(parse_decimal(text, wide), Parsed::kValue) << text;
    ASSERT_EQ(narrow, std::strtof(text.c_str(), nullptr)) << text;
    ASSERT_EQ(wide, std::strtod(text.c_str(), nullptr)) << text;
  }
}

TEST(Number, ShortWholeNumbersEqualTheirDigitsWithAndWithoutRoomBehind) {
  for (int value = -200; value <= 100'000; value += 7) {
    const std::string text = std::to_string(value);
    const std::string padded = text + ",9999999999";
    int32_t tight = 0, roomy = 0;
    ASSERT_TRUE(parse_short_whole(text.data(), text.size(), text.data() + text.size(), tight));
    ASSERT_TRUE(
        parse_short_whole(padded.data(), text.size(), padded.data() + padded.size(), roomy));
    ASSERT_EQ(tight, value);
    ASSERT_EQ(roomy, value);
  }
}

TEST(Number, ShortFormsLeaveTheRestToTheCarefulFunctions) {
  for (const std::string text : {"", "-", ".", "-.", "1.2.3", "1e3", "+1", " 1", "1 ", "1,", "/",
                                 ":", "123456789", "0x1", "\xB1"}) {
    double value = 0;
    EXPECT_FALSE(short_decimal(text, value)) << text;
    int32_t whole = 0;
    EXPECT_FALSE(parse_short_whole(text.data(), text.size(), text.data() + text.size(), whole))
        << text;
  }
}

TEST(Number, NothingButADecimalIsANumber) {
  for (const char* text : {"", " ", "-", "+", ".", "e5", "1e", "1e+", "nan", "inf", "-inf", "0x10",
                           "1_000", "1,5", "--1", "1 2", "infinity", "1f"}) {
    double value = 0;
    EXPECT_EQ(parse_decimal(text, value), Parsed::kMalformed) << text;
  }
}

TEST(Number, WhatIsTooLargeIsOutOfRangeAndWhatIsTooSmallIsZero) {
  double wide = 1;
  float narrow = 1;
  EXPECT_EQ(parse_decimal("1e999", wide), Parsed::kOutOfRange);
  EXPECT_EQ(parse_decimal("-1e39", narrow), Parsed::kOutOfRange);
  EXPECT_EQ(parse_decimal("1e-999", wide), Parsed::kValue);
  EXPECT_EQ(wide, 0);
  EXPECT_EQ(parse_decimal("-1e-60", narrow), Parsed::kValue);
  EXPECT_EQ(narrow, 0);
}

TEST(Number, ABooleanIsOneOfFourWords) {
  bool value = false;
  EXPECT_EQ(parse_bool("True", value), Parsed::kValue);
  EXPECT_TRUE(value);
  EXPECT_EQ(parse_bool(" 0 ", value), Parsed::kValue);
  EXPECT_FALSE(value);
  for (const char* text : {"", "2", "yes", "truee", "01"})
    EXPECT_EQ(parse_bool(text, value), Parsed::kMalformed) << text;
}

TEST(TimeText, DatesAreDaysOfTheGregorianCalendar) {
  const std::pair<const char*, int32_t> known[] = {{"1970-01-01", 0},       {"1969-12-31", -1},
                                                   {"2000-02-29", 11016},   {"1900-03-01", -25508},
                                                   {"0001-01-01", -719162}, {"9999-12-31", 2932896},
                                                   {" 2026-1-5 ", 20458}};
  for (const auto& [text, expected] : known) {
    int32_t days = 0;
    EXPECT_EQ(parse_date(text, days), Parsed::kValue) << text;
    EXPECT_EQ(days, expected) << text;
  }
  for (const char* text : {"", "0000-00-00", "1900-02-29", "2026-13-01", "2026-00-01", "2026-01-32",
                           "26-01-01", "2026-01-01x", "2026/01/01", "2026-01", "20260101"}) {
    int32_t days = 0;
    EXPECT_EQ(parse_date(text, days), Parsed::kMalformed) << text;
  }
}

TEST(TimeText, TimestampsAreMicrosecondsInUtc) {
  const std::pair<const char*, int64_t> known[] = {{"1970-01-01", 0},
                                                   {"1970-01-01 00:01", 60'000'000},
                                                   {"1970-01-01T00:00:01.000001", 1'000'001},
                                                   {"1970-01-01 00:00:00.1234567", 123'456},
                                                   {"1969-12-31 23:59:59.5", -500'000},
                                                   {"1970-01-01T00:00:00Z", 0},
                                                   {"1970-01-01T01:30:00+01:30", 0},
                                                   {"1970-01-01 00:00:00-08", 28'800'000'000},
                                                   {"1970-01-01 00:00:00+0530", -19'800'000'000}};
  for (const auto& [text, expected] : known) {
    int64_t micros = 0;
    EXPECT_EQ(parse_timestamp(text, micros), Parsed::kValue) << text;
    EXPECT_EQ(micros, expected) << text;
  }
  for (const char* text :
       {"1970-01-01 24:00:00", "1970-01-01 1", "1970-01-01 00:00:60", "1970-01-01 00:00:00.",
        "1970-01-01 00:00:00 x", "1970-01-01T", "1970-01-01 00:00:00+1"}) {
    int64_t micros = 0;
    EXPECT_EQ(parse_timestamp(text, micros), Parsed::kMalformed) << text;
  }
}

TEST(Utf8, KnowsWhatIsAndWhatIsNot) {
  for (const char* text : {"", "abc", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                           "12345678\xC3\xA9 tail", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(is_utf8(text)) << text;
  for (const char* text : {"\x80", "\xC3", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80",
                           "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "1234567\xC3", "\xFF"})
    EXPECT_FALSE(is_utf8(text)) << shown(text);
}

TEST(Utf8, ShowsAnythingAsPrintableUtf8) {
  EXPECT_EQ(shown("a\n\xFF\xC3\xA9"), "a\\x0A\\xFF\xC3\xA9");
  const std::string cut = shown(std::string(1000, 'x'));
  EXPECT_EQ(cut, std::string(60, 'x') + "...");
}

}  // namespace
}  // namespace millrace::decode
