#include "store/store_fixture_test.h"

namespace millrace::store {
namespace {

class ShaperTest : public StoreTest {
 protected:
  std::unique_ptr<Shaper> shaper(std::vector<Assignment> columns, std::string where = {}) {
    ShapeSpec spec{input_, std::move(columns), std::move(where), {}};
    auto opened = store().open_shaper(spec);
    EXPECT_TRUE(opened) << opened.error().to_string();
    return std::move(*opened);
  }

  std::shared_ptr<const Schema> input_ =
      schema({{"k", {Kind::kInt64}}, {"v", {Kind::kVarchar}}, {"@age", {Kind::kVarchar}}});
};

TEST_F(ShaperTest, ColumnsAreAddedAndReplaced) {
  const auto one = shaper({{"grown", "CAST(\"@age\" AS INTEGER) + 1"},
                           {"K", "\"k\" * 0.5"},
                           {"long", "\"v\" || ' and some more text'"}},
                          "\"k\" <> 2");
  const auto& made = *one->schema();
  ASSERT_EQ(made.size(), 5U);
  EXPECT_EQ(made[0].name, "k");
  EXPECT_EQ(made[0].type, DataType{Kind::kDouble});
  EXPECT_EQ(made[3].type, DataType{Kind::kInt32});
  auto in = batch_of(input_, {{int64_t{1}, "a", "30"},
                              {int64_t{2}, "b", "40"},
                              {int64_t{3}, Value(), "50"},
                              {Value(), "d", "60"},
                              {int64_t{5}, "e", Value()}});
  for (size_t i = 0; i < 5; ++i) in.message_of_row()[i] = static_cast<uint32_t>(10 + i);
  Batch out(one->schema());
  std::vector<RowFailure> failures;
  ASSERT_TRUE(one->shape(in, out, failures));
  EXPECT_TRUE(failures.empty());
  ASSERT_EQ(out.rows(), 3U);
  EXPECT_EQ(out.message_of_row()[1], 12U);
  EXPECT_EQ(out.column(0).values<double>()[1], 1.5);
  EXPECT_EQ(out.column(1).values<std::string_view>()[2], "e");
  EXPECT_FALSE(out.column(1).is_valid(1));
  EXPECT_EQ(out.column(3).values<int32_t>()[0], 31);
  EXPECT_FALSE(out.column(3).is_valid(2));
  EXPECT_EQ(out.find("long")->values<std::string_view>()[0], "a and some more text");
  EXPECT_FALSE(out.find("long")->is_valid(1));
}

TEST_F(ShaperTest, WhatGivesOtherValuesAnotherTimeIsNamed) {
  sql("CREATE SCHEMA s");
  sql("CREATE TABLE s.t (c BIGINT)");
  sql("CREATE MACRO s.twice(a) AS a * 2");
  sql("CREATE MACRO s.shaken(a) AS s.twice(a) + random()");
  const auto part = [&](const std::string& expression, const std::string& where = {}) {
    const auto opened = store().open_shaper({input_, {{"n", expression}}, where, "s"});
    EXPECT_TRUE(opened) << opened.error().to_string();
    return (*opened)->changing_part();
  };
  EXPECT_EQ(part("upper(\"v\") || CAST(twice(\"k\") AS VARCHAR)", "\"k\" > 2"), "");
  EXPECT_EQ(part("CASE WHEN \"k\" > 1 THEN random() END"), "random()");
  EXPECT_EQ(part("1", "\"k\" > epoch_ms(now())"), "now()");
  EXPECT_EQ(part("current_date"), "current_date()");
  EXPECT_EQ(part("shaken(\"k\")"), "random()");
  EXPECT_EQ(part("1", "\"k\" > (SELECT max(c) FROM t)"), "a query");
  EXPECT_EQ(part("\"k\" IN (FROM t)"), "a query");
}

TEST_F(ShaperTest, ShapedTextOutlivesItsInput) {
  const auto one = shaper({{"twice", "\"v\" || \"v\""}}, "\"k\" > 0");
  Batch out(one->schema());
  std::vector<RowFailure> failures;
  {
    const auto in = batch_of(
        input_, {{int64_t{0}, "x", "1"}, {int64_t{1}, "a text of more than twelve bytes", "1"}});
    ASSERT_TRUE(one->shape(in, out, failures));
  }
  EXPECT_EQ(out.column(1).values<std::string_view>()[0], "a text of more than twelve bytes");
  EXPECT_EQ(out.column(3).values<std::string_view>()[0],
            "a text of more than twelve bytesa text of more than twelve bytes");
}

TEST_F(ShaperTest, RowsThatFailAreListedAndTheOthersGoOn) {
  const auto one = shaper({{"n", "CAST(\"@age\" AS INTEGER)"}}, "\"k\" >= 0");
  std::vector<std::vector<Value>> rows;
  for (int64_t i = 0; i < 10000; ++i)
    rows.push_back({i % 10 == 9 ? -i : i, "v", i % 1000 == 500 ? "?" : std::to_string(i)});
  const auto in = batch_of(input_, std::move(rows));
  Batch out(one->schema());
  std::vector<RowFailure> failures;
  ASSERT_TRUE(one->shape(in, out, failures));
  ASSERT_EQ(failures.size(), 10U);
  EXPECT_EQ(failures[3].row, 3500U);
  EXPECT_EQ(failures[3].reason, RejectReason::kExpression);
  EXPECT_NE(failures[3].detail.find("'?'"), std::string::npos);
  EXPECT_EQ(failures[3].detail.rfind("column \"n\": ", 0), 0U) << failures[3].detail;
  ASSERT_EQ(out.rows(), 8990U);
  for (size_t i = 0; i < out.rows(); ++i)
    ASSERT_EQ(static_cast<uint32_t>(out.column(3).values<int32_t>()[i]), out.message_of_row()[i]);
}

TEST_F(ShaperTest, AFailureSaysWhichExpressionItIsOf) {
  const std::string number = "CAST(\"@age\" AS INTEGER)";
  const auto one =
      shaper({{"one", "1"}, {"small", number + "::TINYINT"}, {"half", number + " / 2"}},
             number + " >= CASE WHEN \"v\" = 'bad' THEN CAST(\"v\" AS INTEGER) ELSE 0 END");
  const auto in = batch_of(input_, {{int64_t{0}, "", "700"},
                                    {int64_t{1}, "", "7"},
                                    {int64_t{2}, "", "x"},
                                    {int64_t{3}, "bad", "5"}});
  Batch out(one->schema());
  std::vector<RowFailure> failures;
  ASSERT_TRUE(one->shape(in, out, failures));
  std::vector<std::string> parts;
  for (const auto& failure : failures)
    parts.push_back(failure.detail.substr(0, failure.detail.find(':')));
  EXPECT_EQ(parts, (std::vector<std::string>{"column \"small\"", "column \"small\"", "WHERE"}));
}

TEST_F(ShaperTest, AShaperIsUsedAgain) {
  const auto one = shaper({{"n", "\"k\" + 1"}});
  Batch out(one->schema());
  std::vector<RowFailure> failures;
  for (const size_t count : {5000U, 0U, 1U, 3000U}) {
    const auto in =
        batch_of(input_, std::vector<std::vector<Value>>(count, {int64_t{41}, "text", Value()}));
    ASSERT_TRUE(one->shape(in, out, failures));
    ASSERT_EQ(out.rows(), count);
    for (size_t i = 0; i < count; ++i) ASSERT_EQ(out.column(3).values<int64_t>()[i], 42);
  }
}

TEST_F(ShaperTest, WhatCannotTravelIsCast) {
  const auto one =
      shaper({{"dec", "CAST(1.25 AS DECIMAL(10,2))"},
              {"huge", "CAST(5 AS HUGEINT)"},
              {"tz", "CAST('1970-01-02 00:00:00+00' AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"},
              {"time", "CAST('10:00:00' AS TIME)"},
              {"s", "{'a': \"k\"}"},
              {"list", "[1.5, 2.5, NULL]"},
              {"texts", "string_split(\"v\", ' ')"},
              {"fixed", "CAST([1, 2] AS FLOAT[2])"}});
  const auto& made = *one->schema();
  Batch out(one->schema());
  std::vector<RowFailure> failures;
  std::vector<std::vector<Value>> rows(3000,
                                       {int64_t{7}, "one two-and-more-than-twelve-bytes", "1"});
  ASSERT_TRUE(one->shape(batch_of(input_, std::move(rows)), out, failures));
  EXPECT_EQ(made[3].type, DataType{Kind::kDouble});
  EXPECT_EQ(out.column(3).values<double>()[0], 1.25);
  EXPECT_EQ(out.column(4).values<double>()[0], 5.0);
  EXPECT_EQ(out.column(5).values<int64_t>()[0], 86'400'000'000);
  EXPECT_EQ(out.column(6).values<std::string_view>()[0], "10:00:00");
  EXPECT_EQ(out.column(7).values<std::string_view>()[0], "{'a': 7}");
  EXPECT_EQ(made[8].type, (DataType{Kind::kDouble, true}));
  EXPECT_EQ(out.column(8).list_offsets()[3000], 6000U);
  EXPECT_EQ(out.column(8).values<double>()[5999], 2.5);
  EXPECT_EQ(out.column(9).values<std::string_view>()[5999], "two-and-more-than-twelve-bytes");
  EXPECT_EQ(made[10].type, (DataType{Kind::kFloat, true}));
  EXPECT_EQ(out.column(10).values<float>()[5999], 2.0F);
}

TEST_F(ShaperTest, EveryTypeComesThroughAsItWent) {
  std::vector<Field> fields{{"row", {Kind::kInt64}}};
  std::vector<Assignment> columns;
  for (int kind = 0; kind <= static_cast<int>(Kind::kBlob); ++kind) {
    for (const bool list : {false, true}) {
      const std::string name = "c" + std::to_string(fields.size());
      fields.push_back({name, {static_cast<Kind>(kind), list}});
      columns.push_back({"out_" + name, "\"" + name + "\""});
    }
  }
  input_ = schema(fields);
  const auto one = shaper(columns, "\"row\" % 3 <> 1");
  constexpr size_t kRows = 5000;
  Batch in(input_);
  in.reset(kRows);
  const std::string text = "some text that is longer than twelve bytes";
  for (size_t i = 0; i < in.column_count(); ++i) {
    auto& column = in.column(i);
    if (column.type().list) {
      std::vector<uint32_t> offsets(kRows + 1, 0);
      for (size_t row = 0; row < kRows; ++row)
        offsets[row + 1] = offsets[row] + static_cast<uint32_t>(row % 4);
      column.set_list_offsets(offsets);
    }
    for (size_t row = 0; row < kRows; ++row)
      if (i == 0 || row % 5 != 2) column.set_valid(row);
  }
  for (size_t row = 0; row < kRows; ++row)
    in.column(0).values<int64_t>()[row] = static_cast<int64_t>(row);
  for (size_t row = 0; row < kRows; ++row)
    in.column(27).values<std::string_view>()[row] = std::string_view(text).substr(0, row % 40);
  for (auto& value : in.column(28).values<std::string_view>()) value = text;
  for (size_t row = 0; row < kRows; ++row)
    in.column(21).values<double>()[row] = 0.1 * static_cast<double>(row);
  size_t number = 0;
  for (auto& value : in.column(22).values<double>()) value = static_cast<double>(number++);
  Batch out(one->schema());
  std::vector<RowFailure> failures;
  const auto shaped = one->shape(in, out, failures);
  ASSERT_TRUE(shaped) << shaped.error().to_string();
  ASSERT_EQ(out.rows(), 3333U);
  for (size_t i = 1; i < in.column_count(); ++i) {
    const auto& from = out.column(i);  // gathered
    const auto& made = *out.find("out_" + in.schema()[i].name);
    ASSERT_EQ(made.type(), from.type());
    for (size_t row = 0; row < out.rows(); ++row) ASSERT_EQ(made.is_valid(row), from.is_valid(row));
  }
  const auto& gathered = out.column(27).values<std::string_view>();
  const auto& made = out.find("out_c27")->values<std::string_view>();
  for (size_t row = 0; row < out.rows(); ++row)
    ASSERT_EQ(made[row], out.column(27).is_valid(row) ? gathered[row] : std::string_view());
  const auto& doubles = out.find("out_c21")->values<double>();
  for (size_t row = 0; row < out.rows(); ++row) {
    if (out.column(21).is_valid(row)) {
      ASSERT_EQ(doubles[row], out.column(21).values<double>()[row]);
    }
  }
  const auto& lists = *out.find("out_c22");
  for (size_t row = 0; row < out.rows(); ++row) {
    if (!lists.is_valid(row)) continue;
    const auto in_row = static_cast<size_t>(out.column(0).values<int64_t>()[row]);
    ASSERT_EQ(lists.list_offsets()[row + 1] - lists.list_offsets()[row], in_row % 4);
    for (size_t k = 0; k < in_row % 4; ++k)
      ASSERT_EQ(lists.values<double>()[lists.list_offsets()[row] + k],
                in.column(22).values<double>()[in.column(22).list_offsets()[in_row] + k]);
  }
}

TEST_F(ShaperTest, OrderHoldsThroughASubquery) {
  sql("CREATE TABLE __millrace.main.lookup AS SELECT 50000 - range AS k, range AS n "
      "FROM range(50000)");
  const auto one = shaper({{"n", "(SELECT n FROM lookup WHERE lookup.k = batch.k)"}});
  std::vector<std::vector<Value>> rows;
  for (int64_t i = 0; i < 20000; ++i) rows.push_back({i % 40000 + 1, "v", "1"});
  Batch out(one->schema());
  std::vector<RowFailure> failures;
  ASSERT_TRUE(one->shape(batch_of(input_, std::move(rows)), out, failures));
  ASSERT_EQ(out.rows(), 20000U);
  for (size_t i = 0; i < out.rows(); ++i) {
    ASSERT_EQ(out.message_of_row()[i], i);
    ASSERT_EQ(out.column(3).values<int64_t>()[i], 49999 - static_cast<int64_t>(i));
  }
}

TEST_F(ShaperTest, ASubqueryReadsWhatIsThereWhenItRuns) {
  sql("CREATE TABLE __millrace.main.seen AS SELECT 1::BIGINT AS a");
  const auto one = shaper({{"newest", "(SELECT max(a) FROM seen)"},
                           {"late", "(SELECT count(*) FROM seen WHERE a > 1)"}});
  const auto in = batch_of(input_, {{int64_t{1}, "v", "1"}});
  Batch out(one->schema());
  std::vector<RowFailure> failures;
  for (int64_t newest = 1; newest < 4; ++newest) {
    ASSERT_TRUE(one->shape(in, out, failures));
    EXPECT_EQ(out.find("newest")->values<int64_t>()[0], newest);
    EXPECT_EQ(out.find("late")->values<int64_t>()[0], newest - 1);
    sql("INSERT INTO __millrace.main.seen VALUES (" + std::to_string(newest + 1) + ")");
  }
}

TEST_F(ShaperTest, WhatMakesNoSenseIsAnErrorAtOnce) {
  const auto code = [&](const std::string& expression) {
    return store().open_shaper({input_, {{"n", expression}}, "", {}}).error().code;
  };
  EXPECT_EQ(code("\"nope\""), Code::kUnknownColumn);
  EXPECT_EQ(code("1 +"), Code::kSyntax);
  EXPECT_FALSE(store().open_shaper({input_, {}, "\"k\" =", {}}));
}

}  // namespace
}  // namespace millrace::store
