// Which statements are answered without the store, and with what; tests/clients compares the
// answers with the store's own.
#include "sql/plain_select.h"

#include <gtest/gtest.h>

#include "sql/fake_world_test.h"

namespace millrace::sql {
namespace {

using Values = std::vector<store::BoundValue>;

/// "name type value" of each column, or "the store".
std::string answer(std::string_view text, const Values& values = {}, std::string_view db = "db") {
  FakePredictor predictor;
  const auto tokens = lex(text, {});
  if (!tokens) return "no tokens";
  const auto rows = answer_plainly(text, *tokens, {{}, db, values, predictor});
  if (!rows) return "the store";
  std::string said;
  for (size_t i = 0; i < rows->columns.size(); ++i) {
    said += said.empty() ? "" : ", ";
    said += rows->columns[i].name + " " + std::to_string(static_cast<int>(rows->columns[i].type)) +
            " " + rows->rows[0][i].value_or("NULL");
  }
  return said;
}

std::string type(store::SqlType type) {
  return std::to_string(static_cast<int>(type));
}

TEST(PlainSelect, LiteralsHaveTheNamesAndTypesOfTheStore) {
  const std::string integer = type(store::SqlType::kInteger);
  const std::string bigint = type(store::SqlType::kBigint);
  const std::string text = type(store::SqlType::kVarchar);
  EXPECT_EQ(answer("SELECT 1"), "1 " + integer + " 1");
  EXPECT_EQ(answer("/* ping */ select 007 as n"), "n " + integer + " 7");
  EXPECT_EQ(answer("SELECT 2147483647, 2147483648"),
            "2147483647 " + integer + " 2147483647, 2147483648 " + bigint + " 2147483648");
  EXPECT_EQ(answer("SELECT 'it''s', 2 AS `a b`"), "it's " + text + " it's, a b " + integer + " 2");
}

TEST(PlainSelect, WhatIsNotOfTheFormIsTheStores) {
  for (const std::string_view text :
       {"SELECT",
        "SELECT 1 + 1",
        "SELECT -1",
        "SELECT 1.5",
        "SELECT 1e3",
        "SELECT NULL",
        "SELECT 9223372036854775808",
        "SELECT 1 one",
        "SELECT 1 FROM t",
        "SELECT 1 FROM dual",
        "SELECT 1 LIMIT 0",
        "SELECT 1 UNION SELECT 2",
        "SELECT \"x\"",
        "SELECT ''",
        "SELECT 'a' 'b'",
        "SELECT a",
        "SELECT @a",
        "SELECT ?",
        "SELECT 1,",
        "SELECT DISTINCT 1",
        "SELECT x'41'",
        "SELECT predict('m', r).class_id",
        "SELECT predict('m', {'a': 1}).class_id",
        "SELECT predict('m', r) FROM (SELECT 1 AS a) r",
        "SELECT predict('m', r).logits FROM (SELECT 1 AS a) r",
        "SELECT predict('m', r).Class FROM (SELECT 1 AS a) r",
        "SELECT predict('m', r).what FROM (SELECT 1 AS a) r",
        "SELECT predict('m', r, version => 1).class_id FROM (SELECT 1 AS a) r",
        "SELECT predict('other', r).class_id FROM (SELECT 1 AS a) r",
        "SELECT predict('m', r).class_id FROM (SELECT 1 AS a) s",
        "SELECT predict('m', r).class_id FROM (SELECT 1 AS r) r",
        "SELECT predict('m', r).class_id FROM (SELECT 1 AS a, 2 AS A) r",
        "SELECT predict('m', r).class_id FROM (SELECT 1 a) r",
        "SELECT predict('m''n', r).class_id FROM (SELECT 1 AS a) r",
        "SELECT predict('m', r).class_id FROM (SELECT a FROM t) r",
        "SELECT predict('m', r).class_id FROM (SELECT 1 AS a UNION ALL SELECT 2) r",
        "SELECT predict('m', r).class_id FROM (SELECT 1 AS a) r, t",
        "SELECT predict('m', r).class_id FROM (SELECT 1 AS a) r WHERE 1 = 0",
        "SELECT predict('m', r).class_id FROM (SELECT NULL AS a) r",
        "SELECT predict('m', r).class_id FROM (SELECT ? AS a) r"}) {
    EXPECT_EQ(answer(text), "the store") << text;
  }
}

TEST(PlainSelect, ARowThatIsWrittenOutIsPredicted) {
  const std::string text = type(store::SqlType::kVarchar);
  EXPECT_EQ(answer("SELECT predict('m', c).class AS said FROM "
                   "(SELECT 30 AS age, -1.5 AS x, -3000000000 AS big, 'law' AS field) AS C"),
            "said " + text + " of i30 d-1.500000 l-3000000000 law");
  EXPECT_EQ(answer("SELECT 7 AS id, predict('m', c).class_id AS k, predict('m', c).probability, "
                   "predict('m', c).prediction FROM (SELECT 1 AS a) c"),
            "id " + type(store::SqlType::kInteger) + " 7, k " + type(store::SqlType::kBigint) +
                " 1, predict('m', c).probability " + type(store::SqlType::kDouble) +
                " 0.25, predict('m', c).prediction " + type(store::SqlType::kDouble) + " NULL");
  EXPECT_EQ(answer("SELECT predict('m', c).class_id FROM (SELECT 1 AS a) c", {}, "elsewhere"),
            "the store");
}

TEST(PlainSelect, ValuesStandForTheMarksInTheirOrder) {
  const Values values{int64_t{30}, 0.5, std::string_view("law")};
  EXPECT_EQ(
      answer("SELECT predict('m', c).class AS c FROM (SELECT ? AS a, ? AS b, ? AS d) c", values),
      "c " + type(store::SqlType::kVarchar) + " of l30 d0.500000 law");
  EXPECT_EQ(answer("SELECT predict('m', c).class_id FROM (SELECT ? AS a) c",
                   {store::BoundValue(std::monostate{})}),
            "the store");
}

}  // namespace
}  // namespace millrace::sql
