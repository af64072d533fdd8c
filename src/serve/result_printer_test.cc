#include "serve/result_printer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "serve/column_type.h"

namespace millrace::serve {
namespace {

std::vector<ColumnDefinition> columns() {
  ColumnDefinition number;
  number.name = "n";
  number.flags = kNumberFlag;
  ColumnDefinition text;
  text.name = "name";
  return {number, text};
}

std::string printed(ResultPrinter::Form form,
                    const std::vector<std::vector<std::optional<std::string_view>>>& rows) {
  std::string out;
  ResultPrinter printer(form, [&out](std::string_view text) { out += text; });
  printer.on_columns(columns());
  for (const auto& row : rows) printer.on_row(row);
  printer.on_end({});
  return out;
}

TEST(ResultPrinter, ATableAlignsNumbersRightAndTextLeft) {
  EXPECT_EQ(printed(ResultPrinter::Form::kTable, {{"7", "Ann"}, {"12345", std::nullopt}}),
            "+-------+------+\n"
            "| n     | name |\n"
            "+-------+------+\n"
            "|     7 | Ann  |\n"
            "| 12345 | NULL |\n"
            "+-------+------+\n"
            "2 rows\n");
}

TEST(ResultPrinter, WidthsCountCharactersAndNotBytes) {
  EXPECT_EQ(
      printed(ResultPrinter::Form::kTable, {{"1", "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"}}),
      "+---+-------+\n"
      "| n | name  |\n"
      "+---+-------+\n"
      "| 1 | \xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 |\n"
      "+---+-------+\n"
      "1 row\n");
}

TEST(ResultPrinter, TabsAreEscapedSoThatALineIsARow) {
  EXPECT_EQ(printed(ResultPrinter::Form::kTabs, {{"1", "a\tb\nc\\d\x1b[31m"}}),
            "n\tname\n1\ta\\tb\\nc\\\\d\\x1b[31m\n");
}

TEST(ResultPrinter, ALongTableIsShownWhileItArrives) {
  std::string out;
  ResultPrinter printer(ResultPrinter::Form::kTable, [&](std::string_view text) { out += text; });
  printer.on_columns(columns());
  for (int i = 0; i < 1500; ++i) printer.on_row({"1", "x"});
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 3 + 1500);
}

TEST(ResultPrinter, AStatementWithoutRowsIsToldInATableOnly) {
  for (const auto form : {ResultPrinter::Form::kTable, ResultPrinter::Form::kTabs}) {
    std::string out;
    ResultPrinter printer(form, [&](std::string_view text) { out += text; });
    Ok ok;
    ok.rows_changed = 3;
    printer.on_end(ok);
    EXPECT_EQ(out, form == ResultPrinter::Form::kTable ? "OK, 3 rows changed\n" : "");
  }
}

}  // namespace
}  // namespace millrace::serve
