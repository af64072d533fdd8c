#include <gtest/gtest.h>

#include <cmath>

#include "decode/decoded_test.h"

namespace millrace::decode {
namespace {

InputField with_default(InputField field, Literal literal) {
  field.default_value = std::move(literal);
  return field;
}

InputField not_null(InputField field) {
  field.nullable = false;
  return field;
}

const DataType kReal{Kind::kDouble};

struct DecodedJson : Decoded {
  DecodedJson(std::vector<InputField> fields, const std::vector<std::string>& payloads,
              const DecodeLimits& limits = {})
      : Decoded(make_json_decoder(std::move(fields), limits), payloads) {}
};

std::string reason_of(const std::string& document, InputField field = at({"a"}, kWhole)) {
  const DecodedJson d({std::move(field)}, {document});
  EXPECT_EQ(d.rejects.size() + d.rows.rows(), 1U) << document;
  return d.rejects.empty() ? "" : std::string(name_of(d.rejects[0].reason));
}

TEST(JsonDecoder, FollowsPathsInAnyOrderOfKeys) {
  const DecodedJson d(
      {at({"id"}, kWhole), at({"who", "name"}, kText), at({"who", "at", "x"}, kReal)},
      {R"({"id": 7, "who": {"name": "ann", "at": {"x": 1.5, "y": [1, {"z": 2}]}}})",
       R"({"other": [1,2,[3]], "who": {"at": {"x": -2e3}, "name": "bo"}, "id": 8})"});
  ASSERT_EQ(d.rows.rows(), 2U);
  EXPECT_TRUE(d.rejects.empty());
  EXPECT_EQ(d.number(0, 0), 7);
  EXPECT_EQ(d.text(1, 0), "ann");
  EXPECT_EQ(d.number(2, 0), 1.5);
  EXPECT_EQ(d.number(0, 1), 8);
  EXPECT_EQ(d.text(1, 1), "bo");
  EXPECT_EQ(d.number(2, 1), -2000);
  EXPECT_EQ(d.rows.message_of_row()[1], 1U);
}

TEST(JsonDecoder, ADocumentThatIsNoObjectIsRejectedWhereOnlyItsPartsAreRead) {
  const std::vector<std::string> documents = {R"([{"id": 1}, {"id": 2}])", "7", R"("text")",
                                              " null ", "[]"};
  const DecodedJson parts({at({"id"}, kWhole)}, documents);
  EXPECT_EQ(parts.rows.rows(), 0U);
  ASSERT_EQ(parts.rejects.size(), documents.size());
  for (const auto& reject : parts.rejects) EXPECT_EQ(reject.reason, RejectReason::kWrongType);
  const DecodedJson whole({at({"id"}, kWhole), at({}, kText)}, documents);
  EXPECT_EQ(whole.rows.rows(), documents.size());
  // Of several in a message each is by itself, and broken ones are told as such.
  const DecodedJson lines({at({"id"}, kWhole)}, {"{\"id\": 1}\n[1]\n{\"id\": 2}\n[1", "[1,"});
  EXPECT_EQ(lines.rows.rows(), 2U);
  ASSERT_EQ(lines.rejects.size(), 3U);
  EXPECT_EQ(lines.rejects[0].reason, RejectReason::kWrongType);
  EXPECT_EQ(lines.rejects[1].reason, RejectReason::kBadDocument);
  EXPECT_EQ(lines.rejects[2].reason, RejectReason::kBadDocument);
}

TEST(JsonDecoder, WholeNumbersOf64BitsAreExact) {
  const DecodedJson d(
      {at({"i"}, kWhole), at({"u"}, {Kind::kUInt64}), at({"d"}, kText)},
      {R"({"i":-9223372036854775808,"u":18446744073709551615,"d":1234567890.123456789})",
       R"({"i":9007199254740993,"u":0,"d":-0.10e+2})"});
  ASSERT_EQ(d.rows.rows(), 2U);
  EXPECT_EQ(d.rows.column(0).values<int64_t>()[0], INT64_MIN);
  EXPECT_EQ(d.rows.column(0).values<int64_t>()[1], 9007199254740993);
  EXPECT_EQ(d.rows.column(1).values<uint64_t>()[0], UINT64_MAX);
  EXPECT_EQ(d.text(2, 0), "1234567890.123456789");
  EXPECT_EQ(d.text(2, 1), "-0.10e+2");
}

TEST(JsonDecoder, WhatIsMissingIsTheDefaultOrNull) {
  const DecodedJson d(
      {at({"a"}, kWhole), with_default(at({"b"}, kWhole), {Literal::Form::kNumber, "5"}),
       with_default(at({"c", "d"}, kText), {Literal::Form::kText, "none"})},
      {R"({})", R"({"a":null,"b":null,"c":null})", R"({"c":{"d":""}})", R"({"c":3})"});
  ASSERT_EQ(d.rows.rows(), 4U);
  for (size_t row = 0; row < 4; ++row) EXPECT_TRUE(d.null(0, row));
  EXPECT_EQ(d.number(1, 0), 5);
  EXPECT_TRUE(d.null(1, 1)) << "null is a value: NULL";
  EXPECT_EQ(d.text(2, 0), "none");
  EXPECT_EQ(d.text(2, 1), "none") << "the path ends before it leads to anything";
  EXPECT_EQ(d.text(2, 2), "");
  EXPECT_EQ(d.text(2, 3), "none");
}

TEST(JsonDecoder, TheWholeAndObjectsAreTextAsTheyStand) {
  const DecodedJson d(
      {at({}, kText), at({"a"}, kText), at({"a", "b"}, kWhole)},
      {"  {\"a\" : {\"b\": 1 }  , \"c\":2} \n", R"({"a":[1, "x"]})", R"("text")", "12.50"});
  ASSERT_EQ(d.rows.rows(), 4U);
  EXPECT_EQ(d.text(0, 0), R"({"a" : {"b": 1 }  , "c":2})");
  EXPECT_EQ(d.text(1, 0), R"({"b": 1 })");
  EXPECT_EQ(d.number(2, 0), 1);
  EXPECT_EQ(d.text(1, 1), R"([1, "x"])");
  EXPECT_EQ(d.text(0, 2), "text");
  EXPECT_EQ(d.text(0, 3), "12.50");
}

TEST(JsonDecoder, TextStaysTextInAColumnOfJson) {
  auto scalar = at({"a"}, kText);
  auto list = at({"l"}, {Kind::kVarchar, true});
  auto fallback = at({"gone"}, kText);
  scalar.json = list.json = fallback.json = true;
  fallback.default_value = Literal{Literal::Form::kText, "{}"};
  const DecodedJson d({scalar, list, fallback, at({"b"}, kText)},
                      {R"({"a":"5","l":["1",2,[3]],"b":"5"})", R"({"a":"\u0022\n","b":7})",
                       R"({"a":5})", R"({"a":{"x" : "y"}})", R"({"a":true})", R"({"a":null})"});
  ASSERT_EQ(d.rows.rows(), 6U);
  EXPECT_EQ(d.text(0, 0), R"("5")");
  EXPECT_EQ(d.text(0, 1), R"("\"\n")");
  EXPECT_EQ(d.text(0, 2), "5");
  EXPECT_EQ(d.text(0, 3), R"({"x" : "y"})");
  EXPECT_EQ(d.text(0, 4), "true");
  EXPECT_TRUE(d.null(0, 5));
  EXPECT_EQ(d.list<std::string_view>(1), (std::vector<std::string_view>{R"("1")", "2", "[3]"}));
  EXPECT_EQ(d.text(2), "{}") << "a default is SQL's, and read as JSON";
  EXPECT_EQ(d.text(3), "5");
}

TEST(JsonDecoder, AByteOrderMarkBeforeADocumentIsPassed) {
  const std::string mark = "\xEF\xBB\xBF";
  const DecodedJson d({at({"a"}, kWhole)}, {mark + R"({"a":1})", mark + " {\"a\":2}\n{\"a\":3}\n",
                                            mark, mark + mark + "{}"});
  ASSERT_EQ(d.rows.rows(), 3U);
  EXPECT_EQ(d.number(0, 0), 1);
  EXPECT_EQ(d.number(0, 2), 3);
  ASSERT_EQ(d.rejects.size(), 2U);
  EXPECT_EQ(d.rejects[0].detail, "the message is empty");
  EXPECT_EQ(d.rejects[1].reason, RejectReason::kBadDocument);
}

TEST(JsonDecoder, ArraysFillLists) {
  const DecodedJson d({at({"n"}, {Kind::kInt32, true}), at({"t"}, {Kind::kVarchar, true})},
                      {R"({"n":[1,2,3],"t":["a","\u00e4",{"b":1}]})", R"({"n":[],"t":null})",
                       R"({"n":[1,"x"]})", R"({"n":[7]})", R"({"n":4})", R"({"n":[1,null]})"});
  ASSERT_EQ(d.rows.rows(), 3U);
  EXPECT_EQ(d.list<int32_t>(0, 0), (std::vector<int32_t>{1, 2, 3}));
  EXPECT_EQ(d.list<std::string_view>(1, 0),
            (std::vector<std::string_view>{"a", "\xC3\xA4", R"({"b":1})"}));
  EXPECT_FALSE(d.null(0, 1));
  EXPECT_TRUE(d.list<int32_t>(0, 1).empty());
  EXPECT_TRUE(d.null(1, 1));
  EXPECT_EQ(d.list<int32_t>(0, 2), (std::vector<int32_t>{7}));
  ASSERT_EQ(d.rejects.size(), 3U);
  EXPECT_EQ(d.rejects[0].reason, RejectReason::kBadNumber);
  EXPECT_EQ(d.rejects[1].reason, RejectReason::kWrongType);
  EXPECT_EQ(d.rejects[2].reason, RejectReason::kNullNotAllowed);
}

TEST(JsonDecoder, ARejectKnowsItsLine) {
  const DecodedJson d({at({"a"}, kWhole)},
                      {"{\"a\":1}\n\n{\"a\":\"x\"}\n{\"a\":2}\n{\n", "{\n\"a\":\n\"x\"}"});
  ASSERT_EQ(d.rejects.size(), 3U);
  EXPECT_EQ(d.rejects[0].line, 3);
  EXPECT_EQ(d.rejects[1].line, 5);
  EXPECT_EQ(d.rejects[2].line, 1);
}

TEST(JsonDecoder, EscapesAreResolved) {
  const DecodedJson d({at({"a\"b"}, kText), at({"k\xC3\xA9y"}, kWhole)},
                      {R"({"a\"b":"\"\\\/\b\f\n\r\t\u0041\ud83d\ude00","k\u00e9y":3})"});
  ASSERT_EQ(d.rows.rows(), 1U);
  EXPECT_EQ(d.text(0), "\"\\/\b\f\n\r\tA\xF0\x9F\x98\x80");
  EXPECT_EQ(d.number(1), 3);
}

TEST(JsonDecoder, OfEqualKeysTheLastCounts) {
  const DecodedJson d({at({"a"}, kWhole), at({"l"}, {Kind::kInt8, true})},
                      {R"({"a":1,"l":[1,2],"a":2,"l":[3]})"});
  ASSERT_EQ(d.rows.rows(), 1U);
  EXPECT_EQ(d.number(0), 2);
  EXPECT_EQ(d.list<int8_t>(1), (std::vector<int8_t>{3}));
}

TEST(JsonDecoder, ValuesBecomeWhatTheirColumnHolds) {
  const std::string row =
      R"({"a":true,"b":"12","c":3.0,"d":"2024-02-29","e":"2024-02-29T12:00:00Z","f":false})";
  const DecodedJson d({at({"a"}, {Kind::kInt8}), at({"b"}, {Kind::kInt16}),
                       at({"c"}, {Kind::kInt32}), at({"d"}, {Kind::kDate}),
                       at({"e"}, {Kind::kTimestamp}), at({"f"}, kText), at({"c"}, {Kind::kFloat})},
                      {row});
  ASSERT_EQ(d.rows.rows(), 1U);
  EXPECT_EQ(d.number(0), 1);
  EXPECT_EQ(d.number(1), 12);
  EXPECT_EQ(d.number(2), 3);
  EXPECT_EQ(d.rows.column(3).values<int32_t>()[0], 19782);
  EXPECT_EQ(d.rows.column(4).values<int64_t>()[0], 1709208000000000);
  EXPECT_EQ(d.text(5), "false");
  EXPECT_EQ(d.number(6), 3);
}

TEST(JsonDecoder, ValuesThatDoNotFitAreRejects) {
  EXPECT_EQ(reason_of(R"({"a":1.5})"), "bad-number");
  EXPECT_EQ(reason_of(R"({"a":"x"})"), "bad-number");
  EXPECT_EQ(reason_of(R"({"a":9223372036854775808})"), "out-of-range");
  EXPECT_EQ(reason_of(R"({"a":300})", at({"a"}, {Kind::kInt8})), "out-of-range");
  EXPECT_EQ(reason_of(R"({"a":{}})"), "wrong-type");
  EXPECT_EQ(reason_of(R"({"a":[1]})"), "wrong-type");
  EXPECT_EQ(reason_of(R"({"a":5})", at({"a"}, {Kind::kDate})), "wrong-type");
  EXPECT_EQ(reason_of(R"({"a":"x"})", at({"a"}, {Kind::kDate})), "bad-date");
  EXPECT_EQ(reason_of(R"({})", not_null(at({"a"}, kWhole))), "null-not-allowed");
  EXPECT_EQ(reason_of(R"({"a":null})", not_null(at({"a"}, kWhole))), "null-not-allowed");
}

TEST(JsonDecoder, MalformedDocumentsAreRejectsWhateverIsReadOfThem) {
  for (const std::string document : {"{",
                                     "}",
                                     "[",
                                     "{\"a\"",
                                     "{\"a\":",
                                     "{\"a\":1",
                                     "{\"a\":1,}",
                                     "{\"a\":1 \"b\":2}",
                                     "{\"b\":tru}",
                                     "{\"b\":nul}",
                                     "{\"b\":falsey}",
                                     "{\"b\":01}",
                                     "{\"b\":+1}",
                                     "{\"b\":.5}",
                                     "{\"b\":1.}",
                                     "{\"b\":1e}",
                                     "{\"b\":-}",
                                     "{\"b\":NaN}",
                                     "{\"b\":'x'}",
                                     "{b:1}",
                                     "{\"b\":\"\\x\"}",
                                     "{\"b\":\"\\u12g4\"}",
                                     "{\"b\":\"\t\"}",
                                     "{\"b\":\"x}",
                                     "{\"b\":[1,2}",
                                     "{\"b\":[1 2]}",
                                     "{\"b\":[1,]}",
                                     "{\"b\":{\"c\":1]}",
                                     "{\"b\":1}}",
                                     "{\"b\":1} x",
                                     "{\"a\":1}{\"a\":2}",
                                     "{\"\\x\":1}",
                                     "x",
                                     "1 2",
                                     "\"a\" \"b\"",
                                     " ",
                                     "{\"a\":1}\n{\"a\":",
                                     "{\"b\":[[1],[2]}"}) {
    const DecodedJson d({at({"a"}, kWhole)}, {document});
    ASSERT_EQ(d.rejects.size(), 1U) << document;
    EXPECT_EQ(d.rejects[0].reason, RejectReason::kBadDocument) << document;
    EXPECT_EQ(d.rows.rows(), document.starts_with("{\"a\":1}\n") ? 1U : 0U) << document;
  }
  EXPECT_EQ(reason_of("{\"b\":\"\xFF\"}"), "bad-utf8");
  EXPECT_EQ(reason_of(std::string(600, '[') + std::string(600, ']')), "bad-document");
  EXPECT_EQ(reason_of("{\"b\":" + std::string(500, '[') + std::string(500, ']') + "}"), "");
}

TEST(JsonDecoder, ABadRowDisturbsNoOther) {
  const DecodedJson d(
      {at({"a"}, kWhole), at({"l"}, {Kind::kInt16, true})},
      {R"({"a":1,"l":[1]})", R"({"a":2,"l":[2,3],"x":})", R"({"l":[4]})", "", R"({"a":3})"});
  ASSERT_EQ(d.rows.rows(), 3U);
  EXPECT_EQ(d.list<int16_t>(1, 0), (std::vector<int16_t>{1}));
  EXPECT_TRUE(d.null(0, 1)) << "the rejected row's value is not left behind";
  EXPECT_EQ(d.list<int16_t>(1, 1), (std::vector<int16_t>{4}));
  EXPECT_TRUE(d.null(1, 2));
  ASSERT_EQ(d.rejects.size(), 2U);
  EXPECT_EQ(d.rejects[0].offset, 101);
  EXPECT_EQ(d.rejects[0].partition, 3);
  EXPECT_EQ(d.rejects[0].bytes, R"({"a":2,"l":[2,3],"x":})");
  EXPECT_EQ(d.rejects[1].reason, RejectReason::kTooFewFields);
}

TEST(JsonDecoder, LinesOfAMessageAreRows) {
  std::string lines;
  for (int i = 0; i < 500; ++i) lines += "{\"a\":" + std::to_string(i) + "}\r\n\n";
  DecodedJson d({at({"a"}, kWhole)}, {lines, R"({"a":1000})", "{\"a\":1}\n{\"a\":x}\n[]\n7\n"});
  ASSERT_EQ(d.rows.rows(), 502U);
  EXPECT_EQ(d.number(0, 499), 499);
  EXPECT_EQ(d.number(0, 500), 1000);
  EXPECT_EQ(d.rows.message_of_row()[499], 0U);
  EXPECT_EQ(d.rows.message_of_row()[501], 2U);
  ASSERT_EQ(d.rejects.size(), 3U);
  EXPECT_EQ(d.rejects[0].bytes, "{\"a\":x}");
  EXPECT_EQ(d.rejects[1].bytes, "[]");
  EXPECT_EQ(d.rejects[2].bytes, "7");
  EXPECT_TRUE(d.decode({"{\n  \"a\": 5,\n  \"b\": [\n 1 ]\n}\n"}));
  ASSERT_EQ(d.rows.rows(), 1U) << "a document of several lines is one";
  EXPECT_EQ(d.number(0, 0), 5);
}

TEST(JsonDecoder, TextKeepsItsMemoryWithTheBatch) {
  DecodedJson d({at({"a"}, kText)}, {R"({"a":"plain"})", R"({"a":"esc\u0061ped"})"});
  const Batch kept = d.rows;
  EXPECT_TRUE(d.decode({R"({"a":"\u0062other"})"}));
  EXPECT_EQ(kept.column(0).values<std::string_view>()[0], "plain");
  EXPECT_EQ(kept.column(0).values<std::string_view>()[1], "escaped");
}

TEST(JsonDecoder, OversizedTextIsARejectAndADefaultMustFit) {
  DecodeLimits limits;
  limits.field_bytes_max = 4;
  const DecodedJson d({at({"a"}, kText)}, {R"({"a":"12345"})", R"({"b":"12345"})"}, limits);
  ASSERT_EQ(d.rejects.size(), 1U);
  EXPECT_EQ(d.rejects[0].reason, RejectReason::kOversizedField);
  const auto bad = make_json_decoder({with_default(at({"a"}, kWhole), {Literal::Form::kText, "x"})},
                                     DecodeLimits{});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, Code::kInvalidArgument);
  EXPECT_FALSE(make_json_decoder({}, DecodeLimits{}));
}

TEST(JsonDecoder, AnEmptyMessageIsNotBlamedForTheOneBefore) {
  const DecodedJson decoded({not_null(at({"a"}, kWhole))},
                            {R"({"a": null})", "", R"({"a": 1})", ""});
  ASSERT_EQ(decoded.rejects.size(), 3U);
  EXPECT_EQ(decoded.rejects[0].reason, RejectReason::kNullNotAllowed);
  EXPECT_EQ(decoded.rejects[1].reason, RejectReason::kTooFewFields);
  EXPECT_EQ(decoded.rejects[2].reason, RejectReason::kTooFewFields);
}

}  // namespace
}  // namespace millrace::decode
