#include <gtest/gtest.h>

#include "data/batch.h"
#include "data/json_text.h"
#include "data/quoting.h"

namespace millrace {
namespace {

TEST(Column, StartsNullAndTurnsValidBySetting) {
  Column column({Kind::kInt32});
  column.reset(70);
  EXPECT_FALSE(column.is_valid(69));
  column.set<int32_t>(69, 7);
  EXPECT_TRUE(column.is_valid(69));
  EXPECT_FALSE(column.all_valid());
  EXPECT_EQ(number_at(column, 69), 7.0);
  column.set_all_valid();
  EXPECT_TRUE(column.all_valid());
}

TEST(Column, SetsARangeOfRowsValidAndNoOther) {
  Column column({Kind::kInt8});
  column.reset(300);
  column.set_valid(61, 140);
  for (size_t row = 0; row < 300; ++row)
    EXPECT_EQ(column.is_valid(row), row >= 61 && row < 201) << row;
}

TEST(Column, CompactKeepsValuesAndNullsInOrder) {
  Column column({Kind::kDouble});
  column.reset(4);
  column.set(0, 1.0);
  column.set(2, 3.0);
  const uint8_t keep[] = {0, 1, 1, 0};
  column.compact(keep);
  EXPECT_EQ(column.rows(), 2U);
  EXPECT_FALSE(column.is_valid(0));
  EXPECT_EQ(column.values<double>()[1], 3.0);
}

TEST(Column, CompactMovesWholeLists) {
  Column column({Kind::kInt64, true});
  column.reset(3);
  const uint32_t offsets[] = {0, 2, 2, 5};
  column.set_list_offsets(offsets);
  for (int64_t i = 0; i < 5; ++i) column.values<int64_t>()[static_cast<size_t>(i)] = i;
  const uint8_t keep[] = {0, 1, 1};
  column.compact(keep);
  EXPECT_EQ(column.list_offsets()[1], 0U);
  EXPECT_EQ(column.list_offsets()[2], 3U);
  EXPECT_EQ(column.values<int64_t>()[0], 2);
}

TEST(Schema, FindsNamesWithoutCase) {
  const Schema schema({{"Age", {Kind::kInt32}}, {"city", {Kind::kVarchar}}});
  EXPECT_EQ(schema.find("AGE"), 0U);
  EXPECT_EQ(schema.find("country"), std::nullopt);
}

TEST(Batch, CompactKeepsTheMessageOfEachRow) {
  Batch batch(std::make_shared<Schema>(std::vector<Field>{{"a", {Kind::kInt8}}}));
  batch.reset(3);
  for (uint32_t i = 0; i < 3; ++i) batch.message_of_row()[i] = 10 + i;
  const uint8_t keep[] = {1, 0, 1};
  batch.compact(keep);
  EXPECT_EQ(batch.rows(), 2U);
  EXPECT_EQ(batch.message_of_row()[1], 12U);
}

TEST(Batch, TruncateKeepsTheFirstRows) {
  Batch batch(std::make_shared<Schema>(
      std::vector<Field>{{"a", {Kind::kInt32}}, {"b", {Kind::kInt64, true}}}));
  batch.reset(3);
  for (size_t i = 0; i < 3; ++i) batch.column(0).set(i, static_cast<int32_t>(i));
  const uint32_t offsets[] = {0, 2, 3, 5};
  batch.column(1).set_list_offsets(offsets);
  batch.truncate(2);
  EXPECT_EQ(batch.rows(), 2U);
  EXPECT_EQ(batch.column(0).values<int32_t>().size(), 2U);
  EXPECT_EQ(batch.column(0).values<int32_t>()[1], 1);
  EXPECT_EQ(batch.column(1).values<int64_t>().size(), 3U);
  EXPECT_EQ(batch.message_of_row().size(), 2U);
}

TEST(Types, HaveSqlNames) {
  EXPECT_EQ(name_of(DataType{Kind::kInt64}), "BIGINT");
  EXPECT_EQ(name_of(DataType{Kind::kDouble, true}), "DOUBLE[]");
}

TEST(JsonText, EscapesQuotesBackslashesAndControlCharacters) {
  std::string out = "[";
  append_json_text("a\"\\\n\t\r\x1f\xc3\xa9", out);
  EXPECT_EQ(out, "[\"a\\\"\\\\\\n\\t\\r\\u001f\xc3\xa9\"");
}

TEST(Quoting, EscapesAreMySqls) {
  EXPECT_EQ(unescaped('0'), '\0');
  EXPECT_EQ(unescaped('Z'), '\x1A');
  EXPECT_EQ(unescaped('%'), '%');
}

TEST(Quoting, DoublesTheQuotesInside) {
  EXPECT_EQ(with_doubled('"', "a\"b'c"), "\"a\"\"b'c\"");
  EXPECT_EQ(with_doubled('\'', ""), "''");
}

}  // namespace
}  // namespace millrace
