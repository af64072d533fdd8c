#include "store/duckdb_text.h"

#include <gtest/gtest.h>

#include <utility>

#include "store/duckdb_database_test.h"

namespace millrace::store {
namespace {

struct Case {
  const char* sql;
  const char* text;
};

class Text : public ::testing::Test {
 protected:
  std::string text(const std::string& expression) {
    return ask(*session_, "SELECT " + expression).text();
  }
  void expect(std::initializer_list<Case> cases) {
    for (const auto& one : cases) EXPECT_EQ(text(one.sql), one.text) << one.sql;
  }

  TestDatabase database_;
  std::unique_ptr<Session> session_ = database_.session();
};

TEST_F(Text, WholeNumbersOfEveryWidth) {
  expect({
      {"true", "1"},
      {"false", "0"},
      {"(-128)::TINYINT", "-128"},
      {"255::UTINYINT", "255"},
      {"(-32768)::SMALLINT", "-32768"},
      {"65535::USMALLINT", "65535"},
      {"(-2147483648)::INTEGER", "-2147483648"},
      {"4294967295::UINTEGER", "4294967295"},
      {"(-9223372036854775808)::BIGINT", "-9223372036854775808"},
      {"18446744073709551615::UBIGINT", "18446744073709551615"},
      {"0::HUGEINT", "0"},
      {"10000000000000000000::HUGEINT", "10000000000000000000"},
      {"100000000000000000000000000000000000000::HUGEINT",
       "100000000000000000000000000000000000000"},
      {"'-170141183460469231731687303715884105728'::HUGEINT",
       "-170141183460469231731687303715884105728"},
      {"170141183460469231731687303715884105727::HUGEINT",
       "170141183460469231731687303715884105727"},
      {"'340282366920938463463374607431768211455'::UHUGEINT",
       "340282366920938463463374607431768211455"},
      {"'-123456789012345678901234567890'::BIGNUM", "-123456789012345678901234567890"},
      {"'340282366920938463463374607431768211456000000001'::BIGNUM",
       "340282366920938463463374607431768211456000000001"},
      {"0::BIGNUM", "0"},
      {"'-256'::BIGNUM", "-256"},
  });
}

TEST_F(Text, DecimalsOfEveryWidth) {
  expect({
      {"1.5::DECIMAL(4,1)", "1.5"},
      {"(-0.05)::DECIMAL(4,2)", "-0.05"},
      {"0::DECIMAL(4,4)", "0.0000"},
      {"12345.6789::DECIMAL(9,4)", "12345.6789"},
      {"(-123456789012.345)::DECIMAL(18,3)", "-123456789012.345"},
      {"'99999999999999999999999999999999999999'::DECIMAL(38,0)",
       "99999999999999999999999999999999999999"},
      {"'-0.00000000000000000000000000000000000001'::DECIMAL(38,38)",
       "-0.00000000000000000000000000000000000001"},
      {"'1234567890123456789.0123456789'::DECIMAL(30,10)", "1234567890123456789.0123456789"},
  });
  const auto answer = ask(*session_, "SELECT 1.50::DECIMAL(12,2) AS price");
  ASSERT_EQ(answer.columns.size(), 1U);
  EXPECT_EQ(answer.columns[0].name, "price");
  EXPECT_EQ(answer.columns[0].type, SqlType::kDecimal);
  EXPECT_EQ(answer.columns[0].width, 12);
  EXPECT_EQ(answer.columns[0].scale, 2);
}

TEST_F(Text, RealNumbersInTheFewestDigitsThatReadBack) {
  expect({
      {"0.1::DOUBLE", "0.1"},
      {"'-0'::DOUBLE", "-0"},
      {"1::DOUBLE", "1"},
      {"100000::DOUBLE", "100000"},
      {"123456.789::DOUBLE", "123456.789"},
      {"1e14::DOUBLE", "100000000000000"},
      {"1e15::DOUBLE", "1e15"},
      {"1e20::DOUBLE", "1e20"},
      {"(-1.5e300)::DOUBLE", "-1.5e300"},
      {"0.00001::DOUBLE", "0.00001"},
      {"0.000001::DOUBLE", "1e-6"},
      {"5e-324::DOUBLE", "5e-324"},
      {"1.7976931348623157e308::DOUBLE", "1.7976931348623157e308"},
      {"0.30000000000000004::DOUBLE", "0.30000000000000004"},
      {"0.1::FLOAT", "0.1"},
      {"16777216::FLOAT", "16777216"},
      {"3.4028235e38::FLOAT", "3.4028235e38"},
      {"'nan'::DOUBLE", "NaN"},
      {"'-inf'::DOUBLE", "-Infinity"},
      {"'inf'::FLOAT", "Infinity"},
  });
}

TEST_F(Text, DatesAndTimes) {
  expect({
      {"DATE '2026-11-23'", "2026-11-23"},
      {"DATE '1969-12-31'", "1969-12-31"},
      {"DATE '2024-02-29'", "2024-02-29"},
      {"DATE '0001-01-01'", "0001-01-01"},
      {"DATE '0044-03-15 (BC)'", "0044-03-15 (BC)"},
      {"DATE '0001-12-31 (BC)'", "0001-12-31 (BC)"},
      {"DATE '5881580-07-10'", "5881580-07-10"},
      {"DATE '5877642-06-25 (BC)'", "5877642-06-25 (BC)"},
      {"'infinity'::DATE", "infinity"},
      {"'-infinity'::DATE", "-infinity"},
      {"TIME '10:00:00'", "10:00:00"},
      {"TIME '23:59:59.5'", "23:59:59.500000"},
      {"TIME '24:00:00'", "24:00:00"},
      {"'01:02:03.123456789'::TIME_NS", "01:02:03.123456789"},
      {"'10:00:00+02'::TIMETZ", "10:00:00+02"},
      {"'10:00:00.25-03:30'::TIMETZ", "10:00:00.250000-03:30"},
      {"'10:00:00+02:30:15'::TIMETZ", "10:00:00+02:30:15"},
  });
}

TEST_F(Text, MomentsInEveryUnit) {
  expect({
      {"TIMESTAMP '2026-11-23 10:00:00'", "2026-11-23 10:00:00"},
      {"TIMESTAMP '2026-11-23 10:00:00.000001'", "2026-11-23 10:00:00.000001"},
      {"TIMESTAMP '1969-12-31 23:59:59.75'", "1969-12-31 23:59:59.750000"},
      {"TIMESTAMP '0044-03-15 (BC) 10:00:00'", "0044-03-15 (BC) 10:00:00"},
      {"TIMESTAMP '294247-01-10 04:00:54.775806'", "294247-01-10 04:00:54.775806"},
      {"TIMESTAMP '290309-12-22 (BC) 00:00:00'", "290309-12-22 (BC) 00:00:00"},
      {"'infinity'::TIMESTAMP", "infinity"},
      {"'-infinity'::TIMESTAMP", "-infinity"},
      {"'2026-11-23 10:00:00'::TIMESTAMP_S", "2026-11-23 10:00:00"},
      {"'1900-01-01 00:00:01'::TIMESTAMP_S", "1900-01-01 00:00:01"},
      {"'2026-11-23 10:00:00.125'::TIMESTAMP_MS", "2026-11-23 10:00:00.125000"},
      {"'2026-11-23 10:00:00.123456'::TIMESTAMP_NS", "2026-11-23 10:00:00.123456"},
      {"'1969-12-31 23:59:59.123456789'::TIMESTAMP_NS", "1969-12-31 23:59:59.123456789"},
      {"'infinity'::TIMESTAMP_NS", "infinity"},
      {"TIMESTAMPTZ '2026-11-23 10:00:00+02'", "2026-11-23 08:00:00+00"},
      {"'-infinity'::TIMESTAMPTZ", "-infinity"},
  });
}

TEST_F(Text, Intervals) {
  expect({
      {"INTERVAL '0 seconds'", "00:00:00"},
      {"INTERVAL '1 day'", "1 day"},
      {"INTERVAL '-1 day'", "-1 day"},
      {"INTERVAL '14 months 3 days 04:05:06'", "1 year 2 months 3 days 04:05:06"},
      {"INTERVAL '-14 months'", "-1 year -2 months"},
      {"INTERVAL '-500 milliseconds'", "-00:00:00.500000"},
      {"INTERVAL '100 hours'", "100:00:00"},
  });
}

TEST_F(Text, TextBytesAndBits) {
  expect({
      {"'it''s \"fine\"'", "it's \"fine\""},
      {"''", ""},
      {"'longer than twelve bytes'", "longer than twelve bytes"},
      {"'101'::BIT", "101"},
      {"'1010101010101'::BIT", "1010101010101"},
      {"'00000000'::BIT", "00000000"},
      {"'eeccb8c5-9943-b2bb-bb5e-222f4e14b687'::UUID", "eeccb8c5-9943-b2bb-bb5e-222f4e14b687"},
      {"'00000000-0000-0000-0000-000000000000'::UUID", "00000000-0000-0000-0000-000000000000"},
      {"'b'::ENUM('a', 'b')", "b"},
      {"NULL", "NULL"},
      {"NULL::ENUM('a', 'b')", "NULL"},
      {"'{\"a\": 1}'::JSON", "{\"a\": 1}"},
  });
  EXPECT_EQ(text("'\\x00\\xFFa'::BLOB"), std::string("\0\xff", 2) + "a");
}

TEST_F(Text, NestedValuesAreJson) {
  expect({
      {"[1, NULL, 3]", "[1, null, 3]"},
      {"[]::INTEGER[]", "[]"},
      {"[[1], NULL, []]", "[[1], null, []]"},
      {"[1, 2, 3]::INTEGER[3]", "[1, 2, 3]"},
      {"{'a': 1, 'b': 'x\"y\\', 'c': NULL}", R"({"a": 1, "b": "x\"y\\", "c": null})"},
      {"{'e\"f': true, 'g': 1.50, 'h': 0.1::DOUBLE}", R"({"e\"f": true, "g": 1.50, "h": 0.1})"},
      {"['nan'::DOUBLE, 'inf'::DOUBLE, 1e20]", R"(["NaN", "Infinity", 1e20])"},
      {"[DATE '2026-11-23']", R"(["2026-11-23"])"},
      {"[TIMESTAMP '2026-11-23 10:00:00']", R"(["2026-11-23 10:00:00"])"},
      {"['a' || chr(10) || chr(1) || chr(9)]", R"(["a\n\u0001\t"])"},
      {"['\\x00\\xFFa'::BLOB, 'ab'::BLOB, 'a'::BLOB, ''::BLOB]", R"(["AP9h", "YWI=", "YQ==", ""])"},
      {"MAP {'a': 1, 'b': NULL}", R"({"a": 1, "b": null})"},
      {"MAP {1: [true], 2: NULL}", R"({"1": [true], "2": null})"},
      {"MAP {}", "{}"},
      {"MAP {['a']: 1}", R"({"[\"a\"]": 1})"},
      {"union_value(k := 1)", "1"},
      {"'x'::UNION(num INTEGER, str VARCHAR)", R"("x")"},
      {"[7::UNION(num INTEGER, str VARCHAR), 'seven'::UNION(num INTEGER, str VARCHAR)]",
       R"([7, "seven"])"},
      {"row(1, 'a')", R"([1, "a"])"},
      {"['b'::ENUM('a', 'b')]", R"(["b"])"},
      {"['{\"a\":[1]}'::JSON]", R"([{"a":[1]}])"},
      {"[170141183460469231731687303715884105727::HUGEINT]",
       "[170141183460469231731687303715884105727]"},
      {"[INTERVAL '1 day', NULL]", R"(["1 day", null])"},
      {"['101'::BIT]", R"(["101"])"},
      {"['eeccb8c5-9943-b2bb-bb5e-222f4e14b687'::UUID]",
       R"(["eeccb8c5-9943-b2bb-bb5e-222f4e14b687"])"},
  });
}

TEST_F(Text, AVariantSaysWhatToDo) {
  const auto answer = ask(*session_, "SELECT 1::VARIANT AS v");
  EXPECT_EQ(answer.code(), Code::kUnsupported);
  ASSERT_TRUE(answer.error);
  EXPECT_EQ(answer.error->hint, "CAST it to JSON or VARCHAR.");
  EXPECT_EQ(text("1::VARIANT::VARCHAR"), "1");
}

TEST_F(Text, EveryColumnSaysItsType) {
  const auto answer = ask(*session_,
                          "SELECT true, 1::TINYINT, 1::SMALLINT, 1, 1::BIGINT, 1::UTINYINT, "
                          "1::USMALLINT, 1::UINTEGER, 1::UBIGINT, 1::HUGEINT, 1::UHUGEINT, "
                          "1::FLOAT, 1::DOUBLE, 1.5, DATE '2000-01-01', TIME '01:00:00', "
                          "'01:00:00+00'::TIMETZ, TIMESTAMP '2000-01-01 00:00:00', "
                          "TIMESTAMPTZ '2000-01-01 00:00:00', INTERVAL '1 day', 'a', ''::BLOB, "
                          "'1'::BIT, uuid(), 'a'::ENUM('a'), [1], [1]::INTEGER[1], {'a': 1}, "
                          "MAP {1: 1}, union_value(k := 1), NULL");
  std::vector<SqlType> expected;
  for (auto type = static_cast<int>(SqlType::kBoolean); type <= static_cast<int>(SqlType::kUnion);
       ++type)
    expected.push_back(static_cast<SqlType>(type));
  ASSERT_FALSE(answer.error) << answer.text();
  ASSERT_EQ(answer.columns.size(), expected.size() + 1);
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_EQ(answer.columns[i].type, expected[i]) << answer.columns[i].name;
}

// Values of a table come in vectors of their own kinds (compressed, filtered): all read the same.
TEST_F(Text, ValuesOfATableAfterAFilter) {
  ASSERT_FALSE(ask(*session_,
                   "CREATE TABLE t AS SELECT range AS id, CASE WHEN range % 2 = 0 THEN 'even' END "
                   "AS word, {'a': range, 'b': [range, range + 1]} AS s, 'constant' AS c "
                   "FROM range(10000)")
                   .error);
  const auto answer = ask(*session_, "SELECT id, word, s, c FROM t WHERE id % 1000 = 1 OR id = 2");
  ASSERT_EQ(answer.rows.size(), 11U);
  const auto& rows = answer.rows;  // the store keeps the order of insertion
  EXPECT_EQ(rows[1][1], "even");
  EXPECT_EQ(rows[1][2], R"({"a": 2, "b": [2, 3]})");
  EXPECT_EQ(rows[10][0], "9001");
  EXPECT_EQ(rows[10][1], std::nullopt);
  EXPECT_EQ(rows[10][2], R"({"a": 9001, "b": [9001, 9002]})");
  EXPECT_EQ(rows[10][3], "constant");
}

}  // namespace
}  // namespace millrace::store
