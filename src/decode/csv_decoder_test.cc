#include <gtest/gtest.h>

#include "decode/decoded_test.h"

namespace millrace::decode {
namespace {

const InputField kId{"id", {Kind::kInt32}};
const InputField kName{"name", {Kind::kVarchar}};
const InputField kScore{"score", {Kind::kDouble}};

CsvFormat comma() {
  CsvFormat format;
  format.fields_terminated_by = ",";
  return format;
}

CsvFormat quoted() {
  CsvFormat format = comma();
  format.enclosed_by = "\"";
  return format;
}

struct DecodedCsv : Decoded {
  DecodedCsv(const CsvFormat& format, std::vector<InputField> fields,
             const std::vector<std::string>& payloads, const DecodeLimits& limits = {})
      : Decoded(make_csv_decoder(format, std::move(fields), limits), payloads) {}
};

TEST(CsvDecoder, ReadsNumbersAndTextOfEachMessage) {
  const DecodedCsv d(comma(), {kId, kName, kScore}, {"1,ann,0.5", "-22,bob,1e3"});
  ASSERT_EQ(d.rows.rows(), 2U);
  EXPECT_TRUE(d.rejects.empty());
  EXPECT_EQ(d.number(0, 0), 1);
  EXPECT_EQ(d.number(0, 1), -22);
  EXPECT_EQ(d.text(1, 1), "bob");
  EXPECT_EQ(d.number(2, 0), 0.5);
  EXPECT_EQ(d.number(2, 1), 1000);
  EXPECT_EQ(d.rows.message_of_row()[1], 1U);
}

TEST(CsvDecoder, ReadsEveryLineOfAMessage) {
  const DecodedCsv d(comma(), {kId, kName}, {"1,a\n2,b\r\n3,c", "4,d\n"});
  ASSERT_EQ(d.rows.rows(), 4U);
  EXPECT_EQ(d.text(1, 1), "b");
  EXPECT_EQ(d.text(1, 2), "c");
  EXPECT_EQ(d.rows.message_of_row()[2], 0U);
  EXPECT_EQ(d.rows.message_of_row()[3], 1U);
}

TEST(CsvDecoder, DoesNotCopyTextThatNeedsNoChange) {
  const DecodedCsv d(quoted(), {kName, kName}, {"plain,\"in quotes\""});
  const std::string_view first = d.rows.column(0).values<std::string_view>()[0];
  const std::string_view second = d.rows.column(1).values<std::string_view>()[0];
  EXPECT_EQ(second.data() - first.data(), 7);
}

TEST(CsvDecoder, ReadsQuotedSeparatorsNewlinesAndDoubledQuotes) {
  const DecodedCsv d(quoted(), {kId, kName, kName}, {"1,\"a,b\nc\",\"say \"\"hi\"\"\"\r\n2,x,y\n"});
  ASSERT_EQ(d.rows.rows(), 2U);
  EXPECT_EQ(d.text(1, 0), "a,b\nc");
  EXPECT_EQ(d.text(2, 0), "say \"hi\"");
  EXPECT_EQ(d.text(2, 1), "y");
}

TEST(CsvDecoder, TakesAQuoteWithinAFieldAsItself) {
  // MySQL: an enclosing character ends a value only before a terminator.
  const DecodedCsv d(quoted(), {kName, kName}, {"a\"b,\"The \"BIG\" boss\""});
  ASSERT_EQ(d.rows.rows(), 1U);
  EXPECT_EQ(d.text(0, 0), "a\"b");
  EXPECT_EQ(d.text(1, 0), "The \"BIG\" boss");
}

TEST(CsvDecoder, ReadsQuotesAlikeWhereverTheyStandInALine) {
  // Lines are read 64 bytes at a time: each of these has its quotes at every place of those.
  for (size_t size = 1; size < 140; ++size) {
    SCOPED_TRACE(size);
    const std::string x(size, 'x');
    const DecodedCsv d(
        quoted(), {kName, kName, kName},
        {x + ",\"q,r\",\"\"", x + "\"q,r\",\"\"", "\"a\"," + x + "\"q,r\"", "\"" + x + "\",\"y\",1",
         "\"" + x + ",\"q\"" + x + "\",y,\",\"", x + ",\"q\"r,z"});
    ASSERT_EQ(d.rows.rows(), 5U);
    const std::vector<std::vector<std::string>> wanted = {{x, "q,r", ""},
                                                          {x + "\"q", "r\"", ""},
                                                          {"a", x + "\"q", "r\""},
                                                          {x, "y", "1"},
                                                          {x + ",\"q\"" + x, "y", ","}};
    for (size_t row = 0; row < wanted.size(); ++row) {
      for (size_t column = 0; column < 3; ++column)
        EXPECT_EQ(d.text(column, row), wanted[row][column]) << row << " " << column;
    }
    ASSERT_EQ(d.rejects.size(), 1U);
    EXPECT_EQ(d.rejects[0].reason, RejectReason::kBadQuoting);
  }
}

TEST(CsvDecoder, ResolvesMySqlsEscapes) {
  const DecodedCsv d(quoted(), {kName, kName}, {R"(a\,b\\\t\Z\0\q,"x\"y\n")"});
  ASSERT_EQ(d.rows.rows(), 1U);
  EXPECT_EQ(d.text(0, 0), std::string("a,b\\\t\x1A\0q", 8));
  EXPECT_EQ(d.text(1, 0), "x\"y\n");
}

TEST(CsvDecoder, KeepsEscapesWhenNothingEscapes) {
  CsvFormat format = comma();
  format.escaped_by = "";
  const DecodedCsv d(format, {kName, kName}, {R"(a\n,\N)"});
  EXPECT_EQ(d.text(0, 0), "a\\n");
  EXPECT_EQ(d.text(1, 0), "\\N");
}

TEST(CsvDecoder, KnowsTheFormsOfNull) {
  const DecodedCsv d(quoted(), {kId, kScore, kName}, {"\\N,,", "NULL,NULL,NULL", "1,2,\"NULL\""});
  ASSERT_EQ(d.rows.rows(), 3U) << d.rejects.at(0).detail;
  EXPECT_TRUE(d.null(0, 0));
  EXPECT_TRUE(d.null(1, 0));
  EXPECT_EQ(d.text(2, 0), "");
  EXPECT_TRUE(d.null(0, 1));
  EXPECT_TRUE(d.null(2, 1));
  EXPECT_FALSE(d.null(2, 2));
  EXPECT_EQ(d.text(2, 2), "NULL");
}

TEST(CsvDecoder, TakesTheWordNullAsTextWithoutEnclosing) {
  const DecodedCsv d(comma(), {kName}, {"NULL"});
  EXPECT_EQ(d.text(0, 0), "NULL");
}

TEST(CsvDecoder, KnowsNullDefinedBy) {
  CsvFormat format = quoted();
  format.null_defined_by = "-1";
  const std::vector<InputField> fields{kId, kName};
  const DecodedCsv bare(format, fields, {"-1,\"-1\""});
  EXPECT_TRUE(bare.null(0, 0));
  EXPECT_EQ(bare.text(1, 0), "-1");
  format.null_optionally_enclosed = true;
  const DecodedCsv either(format, fields, {"\"-1\",\"-1\""});
  EXPECT_TRUE(either.null(0, 0));
  EXPECT_TRUE(either.null(1, 0));
}

TEST(CsvDecoder, TakesEmptyTextAsNullWhenNullIsDefinedSo) {
  CsvFormat format = quoted();
  format.empty_is_null = true;
  const DecodedCsv d(format, {kName, kName}, {",\"\""});
  EXPECT_EQ(d.text(0, 0), "NULL");
  EXPECT_EQ(d.text(1, 0), "");
  format.null_optionally_enclosed = true;
  EXPECT_EQ(DecodedCsv(format, {kName, kName}, {",\"\""}).text(1, 0), "NULL");
}

TEST(CsvDecoder, SkipsFieldsNobodyWants) {
  InputField skipped = kScore;
  skipped.wanted = false;
  const DecodedCsv d(comma(), {skipped, kId, skipped}, {"junk,7,\xff\xfe"});
  ASSERT_EQ(d.rows.rows(), 1U);
  EXPECT_EQ(d.rows.column_count(), 1U);
  EXPECT_EQ(d.number(0, 0), 7);
}

TEST(CsvDecoder, RejectsABadRowAndKeepsItsNeighbours) {
  const DecodedCsv d(comma(), {kId, kName, kScore},
                     {"1,a,1\n2,b\n3,c,3,3\nx4,d,4\n5,e,5", "6,\xff,6", "7,g,7"});
  ASSERT_EQ(d.rows.rows(), 3U);
  EXPECT_EQ(d.number(0, 1), 5);
  EXPECT_EQ(d.text(1, 2), "g");
  EXPECT_EQ(d.rows.message_of_row()[1], 0U);
  EXPECT_EQ(d.rows.message_of_row()[2], 2U);
  ASSERT_EQ(d.rejects.size(), 4U);
  EXPECT_EQ(d.rejects[0].reason, RejectReason::kTooFewFields);
  EXPECT_EQ(d.rejects[0].detail, "expected 3 fields, found 2");
  EXPECT_EQ(d.rejects[0].bytes, "2,b");
  EXPECT_EQ(d.rejects[0].partition, 3);
  EXPECT_EQ(d.rejects[0].offset, 100);
  EXPECT_EQ(d.rejects[1].reason, RejectReason::kTooManyFields);
  EXPECT_EQ(d.rejects[2].reason, RejectReason::kBadNumber);
  EXPECT_EQ(d.rejects[2].detail, "field 1 \"id\": \"x4\" is not a number");
  EXPECT_EQ(d.rejects[3].reason, RejectReason::kBadUtf8);
  EXPECT_EQ(d.rejects[3].detail, "field 2 \"name\": \"\\xFF\" is not valid UTF-8");
  EXPECT_EQ(d.rejects[3].offset, 101);
}

TEST(CsvDecoder, KeepsNullsBesideTheirRowsWhenOthersAreRejected) {
  std::vector<std::string> payloads;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = i % 5 == 0 ? "" : std::to_string(i);
    payloads.push_back(id + "," + (i % 7 == 0 ? "bad" : std::to_string(i)));
  }
  const DecodedCsv d(comma(), {kId, kScore}, payloads);
  size_t row = 0;
  for (int i = 0; i < 1000; ++i) {
    if (i % 7 == 0) continue;
    ASSERT_EQ(d.null(0, row), i % 5 == 0) << i;
    if (i % 5 != 0) {
      ASSERT_EQ(d.number(0, row), i);
    }
    ASSERT_EQ(d.number(1, row), i);
    ASSERT_EQ(d.rows.message_of_row()[row], static_cast<uint32_t>(i));
    ++row;
  }
  EXPECT_EQ(d.rows.rows(), row);
  EXPECT_EQ(d.rejects.size(), 1000 - row);
}

TEST(CsvDecoder, RejectsAnEmptyMessage) {
  const DecodedCsv d(comma(), {kName}, {"", "a"});
  EXPECT_EQ(d.rows.rows(), 1U);
  ASSERT_EQ(d.rejects.size(), 1U);
  EXPECT_EQ(d.rejects[0].reason, RejectReason::kTooFewFields);
  EXPECT_EQ(d.rejects[0].detail, "the message is empty");
}

TEST(CsvDecoder, RejectsAnOversizedField) {
  DecodeLimits limits;
  limits.field_bytes_max = 10;
  const DecodedCsv d(comma(), {kId, kName}, {"1,0123456789", "2,01234567890"}, limits);
  EXPECT_EQ(d.rows.rows(), 1U);
  ASSERT_EQ(d.rejects.size(), 1U);
  EXPECT_EQ(d.rejects[0].reason, RejectReason::kOversizedField);
  EXPECT_EQ(d.rejects[0].detail, "field 2 \"name\" has 11 bytes, more than 10");
}

TEST(CsvDecoder, RejectsNullWhereTheColumnHasNone) {
  InputField id = kId;
  id.nullable = false;
  const DecodedCsv d(comma(), {id, kName}, {",a", "1,b"});
  EXPECT_EQ(d.rows.rows(), 1U);
  ASSERT_EQ(d.rejects.size(), 1U);
  EXPECT_EQ(d.rejects[0].reason, RejectReason::kNullNotAllowed);
  EXPECT_EQ(d.rejects[0].detail, "field 1 \"id\" is NULL, which its column does not allow");
}

TEST(CsvDecoder, LosesOneLineToAQuoteThatIsNotClosed) {
  const DecodedCsv d(quoted(), {kId, kName}, {"1,\"open\n2,b\n3,\"c\n4,d\n"});
  ASSERT_EQ(d.rows.rows(), 2U);
  EXPECT_EQ(d.number(0, 0), 2);
  EXPECT_EQ(d.number(0, 1), 4);
  ASSERT_EQ(d.rejects.size(), 2U);
  EXPECT_EQ(d.rejects[0].reason, RejectReason::kBadQuoting);
  EXPECT_EQ(d.rejects[0].bytes, "1,\"open");
}

TEST(CsvDecoder, IgnoresExtraFieldsWhenTold) {
  DecodeLimits limits;
  limits.extra_fields_rejected = false;
  const DecodedCsv d(quoted(), {kId, kName}, {"1,a,x,y\n2,\"b\",z"}, limits);
  ASSERT_EQ(d.rows.rows(), 2U);
  EXPECT_EQ(d.text(1, 0), "a");
  EXPECT_EQ(d.text(1, 1), "b");
}

TEST(CsvDecoder, TellsARangeFromABadNumber) {
  const DecodedCsv d(comma(), {{"tiny", {Kind::kInt8}}, {"count", {Kind::kUInt64}}},
                     {"127,18446744073709551615", "128,0", "-129,0", "0,18446744073709551616",
                      "0,-1", "1.5,0", "-128,12.0"});
  EXPECT_EQ(d.rows.rows(), 2U);
  ASSERT_EQ(d.rejects.size(), 5U);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(d.rejects[i].reason, RejectReason::kOutOfRange) << i;
  EXPECT_EQ(d.rejects[0].detail, "field 1 \"tiny\": \"128\" is out of range for TINYINT");
  EXPECT_EQ(d.rejects[4].detail, "field 1 \"tiny\": \"1.5\" is not a whole number");
  EXPECT_EQ(d.rows.column(1).values<uint64_t>()[0], 18446744073709551615U);
  EXPECT_EQ(d.number(0, 1), -128);
}

TEST(CsvDecoder, ReadsBooleansDatesAndTimestamps) {
  const DecodedCsv d(
      comma(), {{"b", {Kind::kBool}}, {"d", {Kind::kDate}}, {"t", {Kind::kTimestamp}}},
      {"TRUE,1970-01-02,1970-01-01 00:00:01.5", "0,2024-02-29,1970-01-01T02:00:00+02:00",
       "2,1970-01-01,1970-01-01", "1,2023-02-29,1970-01-01"});
  ASSERT_EQ(d.rows.rows(), 2U);
  EXPECT_EQ(d.rows.column(1).values<int32_t>()[0], 1);
  EXPECT_EQ(d.rows.column(1).values<int32_t>()[1], 19782);
  EXPECT_EQ(d.rows.column(2).values<int64_t>()[0], 1'500'000);
  EXPECT_EQ(d.rows.column(2).values<int64_t>()[1], 0);
  ASSERT_EQ(d.rejects.size(), 2U);
  EXPECT_EQ(d.rejects[0].detail, "field 1 \"b\": \"2\" is not a boolean");
  EXPECT_EQ(d.rejects[1].reason, RejectReason::kBadDate);
  EXPECT_EQ(d.rejects[1].detail, "field 2 \"d\": \"2023-02-29\" is not a date");
}

TEST(CsvDecoder, SkipsTheFirstLinesOfEachMessageWhenTold) {
  CsvFormat format = comma();
  format.ignore_lines = 1;
  const DecodedCsv d(format, {kId}, {"header\n1\n2", "header\n3"});
  ASSERT_EQ(d.rows.rows(), 3U);
  EXPECT_EQ(d.number(0, 2), 3);
}

std::vector<int64_t> lines_of(const DecodedCsv& d) {
  std::vector<int64_t> lines;
  for (const auto& reject : d.rejects) lines.push_back(reject.line);
  return lines;
}

TEST(CsvDecoder, ARejectKnowsItsLine) {
  auto format = comma();
  format.ignore_lines = 1;
  format.enclosed_by = "\"";
  const std::string good = "1,a\n";
  std::string many = "head\n";
  for (int i = 0; i < 200; ++i) many += good;
  const DecodedCsv d(format, {kId, kName},
                     {"head\n1,\"a\nb\"\nx,c\n2,d\nbad", many + "y,z\n" + good + "bad\n", ""});
  EXPECT_EQ(lines_of(d), (std::vector<int64_t>{4, 6, 202, 204, 1}));
  EXPECT_EQ(d.rejects[0].bytes, "x,c");
  format.lines_terminated_by = "";
  EXPECT_EQ(lines_of(DecodedCsv(format, {kId, kName}, {"a\nb"})), (std::vector<int64_t>{}));
  format.ignore_lines = 0;
  EXPECT_EQ(lines_of(DecodedCsv(format, {kId, kName}, {"a\nb"})), (std::vector<int64_t>{1}));
}

TEST(CsvDecoder, LinesOfAMessageThatBeginsWithinAFileAreThoseOfTheFile) {
  DecodedCsv d(comma(), {kId, kName}, {});
  MessageBatch messages;
  messages.messages.push_back({"bad", {}, 0, 0, -1, 17});
  messages.messages.push_back({"1,x\nbad", {}, 0, 1, -1, 0});
  EXPECT_TRUE(d.decoder->decode(messages, d.rows, d.rejects));
  EXPECT_EQ(lines_of(d), (std::vector<int64_t>{17, 0}));
}

TEST(CsvDecoder, TakesWhatFollowsTheLinePrefix) {
  CsvFormat format = comma();
  format.lines_starting_by = ">>";
  const DecodedCsv d(format, {kId, kName}, {"noise>>1,a\nnothing\n>>2,b"});
  ASSERT_EQ(d.rows.rows(), 2U);
  EXPECT_EQ(d.text(1, 0), "a");
  EXPECT_EQ(d.number(0, 1), 2);
}

TEST(CsvDecoder, ReadsTerminatorsOfSeveralBytes) {
  CsvFormat format = quoted();
  format.fields_terminated_by = "||";
  format.lines_terminated_by = "<eol>";
  const DecodedCsv d(format, {kId, kName}, {"1||a|b<eol>2||\"c||d\"<eol>"});
  ASSERT_EQ(d.rows.rows(), 2U);
  EXPECT_EQ(d.text(1, 0), "a|b");
  EXPECT_EQ(d.text(1, 1), "c||d");
}

TEST(CsvDecoder, ReadsLatin1WithTerminatorsOfItsOwn) {
  CsvFormat format;
  format.fields_terminated_by = "\u00A7";
  format.enclosed_by = "'";
  format.null_defined_by = "\u20AC";
  format.latin1 = true;
  auto bytes = kName;
  bytes.type = {Kind::kBlob};
  const DecodedCsv d(format, {kId, kName, bytes},
                     {"1\xA7'\xFC\xA7\x80'\xA7\xFC", "x\xE4\xA7y\xA7z", "2\xA7\x80\xA7plain"});
  ASSERT_EQ(d.rows.rows(), 2U);
  EXPECT_EQ(d.text(1, 0), "\u00FC\u00A7\u20AC");
  EXPECT_EQ(d.text(2, 0), "\xFC") << "bytes are left as they are";
  EXPECT_TRUE(d.null(1, 1));
  ASSERT_EQ(d.rejects.size(), 1U);
  EXPECT_EQ(d.rejects[0].reason, RejectReason::kBadNumber);
  EXPECT_EQ(d.rejects[0].bytes, "x\xE4\xA7y\xA7z");
  const DecodedCsv both(format, {kId, kName}, {"3\xA7\xC3\xA4", "4\xA7y"});
  ASSERT_EQ(both.rows.rows(), 2U);
  EXPECT_EQ(both.text(1, 0), "\u00C3\u00A4") << "though it would be UTF-8, too";
  EXPECT_EQ(both.text(1, 1), "y");
  format.fields_terminated_by = "\u0416";
  const auto made = make_csv_decoder(format, {kId}, {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message,
            "cannot read CSV: character set latin1 does not have all of \"\u0416\"");
}

TEST(CsvDecoder, TakesAMessageAsOneLineWithoutALineTerminator) {
  CsvFormat format = comma();
  format.lines_terminated_by = "";
  const DecodedCsv d(format, {kId, kName}, {"1,a\nb"});
  ASSERT_EQ(d.rows.rows(), 1U);
  EXPECT_EQ(d.text(1, 0), "a\nb");
}

TEST(CsvDecoder, ReadsLinesLongerThanABlock) {
  std::string payload;
  std::vector<InputField> fields;
  for (int i = 0; i < 200; ++i) {
    payload += (i ? "," : "") + std::to_string(i);
    fields.push_back({"f" + std::to_string(i), {Kind::kInt16}});
  }
  const DecodedCsv d(comma(), fields, {payload});
  ASSERT_EQ(d.rows.rows(), 1U);
  for (size_t i = 0; i < 200; ++i) EXPECT_EQ(d.number(i, 0), static_cast<double>(i));
}

TEST(CsvDecoder, KeepsEscapedTextOfABatchThatIsKeptWhileItDecodesTheNext) {
  DecodedCsv d(comma(), {kName}, {R"(one\,two)"});
  const Batch kept = d.rows;
  EXPECT_TRUE(d.decode({R"(xxx\,yyy)"}));
  EXPECT_EQ(kept.column(0).values<std::string_view>()[0], "one,two");
  EXPECT_EQ(d.text(0, 0), "xxx,yyy");
}

TEST(CsvDecoder, NeedsNoMemoryForHostileBlankLines) {
  std::vector<InputField> fields(100, kName);
  const DecodedCsv d(comma(), fields, {std::string(10'000, '\n')});
  EXPECT_EQ(d.rows.rows(), 0U);
  EXPECT_EQ(d.rejects.size(), 10'000U);
}

TEST(MakeCsvDecoder, RefusesAFormatThatCannotWork) {
  const auto refused = [](CsvFormat format) {
    const auto made = make_csv_decoder(format, {kId}, {});
    return made ? std::string("made") : made.error().message;
  };
  CsvFormat format = comma();
  format.enclosed_by = "''";
  EXPECT_EQ(refused(format), "cannot read CSV: ENCLOSED BY \"''\" has more than one byte");
  format = comma();
  format.enclosed_by = ",";
  EXPECT_EQ(refused(format),
            "cannot read CSV: a terminator begins with the character of ENCLOSED BY \",\"");
  format = comma();
  format.fields_terminated_by = "";
  EXPECT_EQ(refused(format), "cannot read CSV: FIELDS TERMINATED BY is empty");
  format = comma();
  format.lines_terminated_by = ",";
  EXPECT_NE(refused(format), "made");
}

TEST(MakeCsvDecoder, RefusesLists) {
  const auto made = make_csv_decoder(comma(), {{"tags", {Kind::kVarchar, true}}}, {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kUnsupported);
}

}  // namespace
}  // namespace millrace::decode
