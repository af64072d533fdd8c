#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>

#include "decode/avro_default.h"
#include "decode/avro_schema.h"
#include "decode/avro_value.h"
#include "decode/decoded_test.h"

namespace millrace::decode {
namespace {

/// A datum, written by hand.
class Datum {
 public:
  Datum& whole(int64_t value) {
    auto bits = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
    for (; bits >= 0x80; bits >>= 7) bytes_ += static_cast<char>(bits | 0x80);
    bytes_ += static_cast<char>(bits);
    return *this;
  }
  Datum& text(std::string_view value) {
    whole(static_cast<int64_t>(value.size()));
    return raw(value);
  }
  Datum& raw(std::string_view value) {
    bytes_ += value;
    return *this;
  }
  template <class T>
  Datum& real(T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    return raw({bytes, sizeof(T)});
  }
  operator std::string() const { return bytes_; }  // NOLINT: a datum is its bytes

 private:
  std::string bytes_;
};

std::string with_id(int32_t id, const std::string& datum) {
  std::string bytes(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(id >> shift);
  return bytes + datum;
}

struct DecodedAvro : Decoded {
  DecodedAvro(const AvroFormat& format, std::vector<InputField> fields,
              const std::vector<std::string>& payloads)
      : Decoded(make_avro_decoder(format, std::move(fields), {}), payloads) {}
};

AvroFormat schema(std::string json) {
  AvroFormat format;
  format.schema = std::move(json);
  return format;
}

std::string record(const std::string& fields, const std::string& name = "r") {
  return R"({"type":"record","name":")" + name + R"(","fields":[)" + fields + "]}";
}

std::string field(const std::string& name, const std::string& type, const std::string& more = "") {
  return R"({"name":")" + name + R"(","type":)" + type + more + "}";
}

/// A registry in memory; -1 is away.
AvroFormat registry(std::map<int32_t, std::string> schemas, std::string reader = "") {
  AvroFormat format;
  format.schema = std::move(reader);
  format.find_schema = [schemas](int32_t id) -> Result<RegisteredSchema> {
    if (id == -1) return Error(Code::kUnavailable, "away");
    const auto found = schemas.find(id);
    if (found == schemas.end()) return Error(Code::kNotFound, "no such schema");
    return RegisteredSchema{found->second, {}};
  };
  return format;
}

TEST(AvroDecoder, ReadsEveryPrimitiveThroughRecords) {
  const auto schema_text =
      record(field("n", "\"null\"") + "," + field("b", "\"boolean\"") + "," +
             field("i", "\"int\"") + "," + field("l", "\"long\"") + "," + field("f", "\"float\"") +
             "," + field("d", "\"double\"") + "," + field("y", "\"bytes\"") + "," +
             field("s", "\"string\"") + "," + field("in", record(field("x", "\"long\""), "inner")));
  const std::string datum = Datum()
                                .raw("\1")
                                .whole(-7)
                                .whole(INT64_MIN)
                                .real(0.1F)
                                .real(-2.5)
                                .text(std::string("\0\xFF", 2))
                                .text("\xC3\xA4")
                                .whole(5);
  const DecodedAvro d(
      schema(schema_text),
      {at({"n"}, kText), at({"b"}, {Kind::kBool}), at({"i"}, {Kind::kInt16}), at({"l"}, kWhole),
       at({"f"}, {Kind::kFloat}), at({"d"}, {Kind::kDouble}), at({"y"}, {Kind::kBlob}),
       at({"s"}, kText), at({"in", "x"}, {Kind::kUInt8}), at({"f"}, kText), at({"none"}, kWhole)},
      {datum});
  ASSERT_EQ(d.rows.rows(), 1U) << d.rejects.at(0).detail;
  EXPECT_TRUE(d.null(0));
  EXPECT_EQ(d.number(1), 1);
  EXPECT_EQ(d.number(2), -7);
  EXPECT_EQ(d.rows.column(3).values<int64_t>()[0], INT64_MIN);
  EXPECT_EQ(d.rows.column(4).values<float>()[0], 0.1F);
  EXPECT_EQ(d.number(5), -2.5);
  EXPECT_EQ(d.text(6), std::string("\0\xFF", 2));
  EXPECT_EQ(d.text(7), "\xC3\xA4");
  EXPECT_EQ(d.number(8), 5);
  EXPECT_EQ(d.text(9), "0.1");
  EXPECT_TRUE(d.null(10));
}

/// The bytes of a column's value, or why there is none.
std::string outcome(const DecodedAvro& d) {
  if (d.rows.rows() == 0) return d.rejects.at(0).detail.substr(d.rejects.at(0).detail.find(':'));
  const auto& column = d.rows.column(0);
  const size_t width = width_of(column.type().kind);
  if (width == 4) return std::to_string(column.values<uint32_t>()[0]);
  if (width == 8) return std::to_string(column.values<uint64_t>()[0]);
  return std::to_string(d.number(0));
}

/// Two fields of one path are put one by one; a single one is read in place where that is quick.
TEST(AvroDecoder, NumbersThatAreReadInPlaceAreWhatTheyAreOtherwise) {
  std::vector<std::pair<std::string, std::string>> data;  // type, datum
  for (const int64_t edge :
       {int64_t{0}, int64_t{INT8_MAX}, int64_t{INT32_MAX}, int64_t{1} << 53, INT64_MAX}) {
    for (const int64_t more : {-1, 0, 1}) {
      const auto value =
          static_cast<int64_t>(static_cast<uint64_t>(edge) + static_cast<uint64_t>(more));
      for (const char* type : {"\"int\"", "\"long\""}) {
        data.emplace_back(type, Datum().whole(value));
        data.emplace_back(type, Datum().whole(value == INT64_MIN ? value : -value));
      }
    }
  }
  for (const double value : {0.1, -0.0, 3.0, 1e39, 1e-310, 16777217.0, -1e308 * 10, std::nan("")}) {
    data.emplace_back("\"double\"", Datum().real(value));
    data.emplace_back("\"float\"", Datum().real(static_cast<float>(value)));
  }
  data.emplace_back("\"long\"", "\xFF");
  data.emplace_back("\"double\"", "1234567");
  for (const Kind kind : {Kind::kInt8, Kind::kInt32, Kind::kInt64, Kind::kUInt32, Kind::kUInt64,
                          Kind::kFloat, Kind::kDouble}) {
    for (const auto& [type, datum] : data) {
      const auto format = schema(record(field("a", type)));
      const DecodedAvro quick(format, {at({"a"}, {kind})}, {datum});
      const DecodedAvro careful(format, {at({"a"}, {kind}), at({"a"}, {kind})}, {datum});
      EXPECT_EQ(outcome(quick), outcome(careful)) << type << " as " << name_of(DataType{kind});
    }
  }
}

TEST(AvroDecoder, UnionsAreWhatTheyHoldAndABranchMayBeMeant) {
  const auto text = record(field("u", R"(["null","string","long"])"));
  const DecodedAvro d(
      schema(text), {at({"u"}, kText), at({"u", "long"}, kWhole), at({"u", "string"}, kText)},
      {Datum().whole(0), Datum().whole(1).text("x"), Datum().whole(2).whole(9), Datum().whole(3)});
  ASSERT_EQ(d.rows.rows(), 3U);
  EXPECT_EQ(d.text(0, 0) + d.text(0, 1) + d.text(0, 2), "NULLx9");
  EXPECT_TRUE(d.null(1, 1));
  EXPECT_EQ(d.number(1, 2), 9);
  EXPECT_EQ(d.text(2, 1), "x");
  EXPECT_TRUE(d.null(2, 2));
  EXPECT_EQ(d.rejects.size(), 1U);
}

TEST(AvroDecoder, ArraysMapsAndRecordsGoIntoListsAndJson) {
  const auto text = record(field("a", R"({"type":"array","items":"int"})") + "," +
                           field("m", R"({"type":"map","values":["null","double"]})") + "," +
                           field("e", R"({"type":"enum","name":"e","symbols":["A","B"]})") + "," +
                           field("n", R"({"type":"array","items":["null","string"]})"));
  const std::string datum = Datum()
                                .whole(2)
                                .whole(1)
                                .whole(2)
                                .whole(-1)
                                .whole(1)
                                .whole(3)
                                .whole(0)
                                .whole(2)
                                .text("k\"")
                                .whole(1)
                                .real(1.5)
                                .text("z")
                                .whole(0)
                                .whole(0)
                                .whole(1)
                                .whole(1)
                                .whole(1)
                                .text("q")
                                .whole(0);
  const DecodedAvro d(
      schema(text),
      {at({"a"}, {Kind::kInt32, true}), at({"a"}, kText), at({"m", "k\""}, kText), at({"m"}, kText),
       at({"e"}, kText), at({"n"}, {Kind::kVarchar, true}), at({}, kText)},
      {datum});
  ASSERT_EQ(d.rows.rows(), 1U) << d.rejects.at(0).detail;
  EXPECT_EQ(d.rows.column(0).list_offsets()[1], 3U);
  EXPECT_EQ(d.rows.column(0).values<int32_t>()[2], 3);
  EXPECT_EQ(d.text(1), "[1,2,3]");
  EXPECT_EQ(d.text(2), "1.5");
  EXPECT_EQ(d.text(3), R"({"k\"":1.5,"z":null})");
  EXPECT_EQ(d.text(4), "B");
  EXPECT_EQ(d.rows.column(5).values<std::string_view>()[0], "q");
  EXPECT_EQ(d.text(6), R"({"a":[1,2,3],"m":{"k\"":1.5,"z":null},"e":"B","n":["q"]})");
}

TEST(AvroDecoder, TextAndDatesAreStringsInAColumnOfJson) {
  const auto text = record(
      field("s", "\"string\"") + "," + field("d", R"({"type":"int","logicalType":"date"})") + "," +
      field("n", "\"double\"") + "," + field("l", R"({"type":"array","items":"string"})"));
  std::vector<InputField> fields{at({"s"}, kText), at({"d"}, kText), at({"n"}, kText),
                                 at({"l"}, kText)};
  for (auto& one : fields) one.json = true;
  const DecodedAvro d(schema(text), fields,
                      {Datum().text("5").whole(1).real(2.5).whole(1).text("6").whole(0)});
  ASSERT_EQ(d.rows.rows(), 1U) << d.rejects.at(0).detail;
  EXPECT_EQ(d.text(0), R"("5")");
  EXPECT_EQ(d.text(1), R"("1970-01-02")");
  EXPECT_EQ(d.text(2), "2.5");
  EXPECT_EQ(d.text(3), R"(["6"])");
}

TEST(AvroDecoder, LogicalTypesKeepTheirMeaning) {
  const auto logical = [](const std::string& type, const std::string& name,
                          const std::string& more = "") {
    return R"({"type":")" + type + R"(","logicalType":")" + name + "\"" + more + "}";
  };
  const auto text =
      record(field("day", logical("int", "date")) + "," +
             field("ms", logical("long", "timestamp-millis")) + "," +
             field("us", logical("long", "local-timestamp-micros")) + "," +
             field("time", logical("int", "time-millis")) + "," +
             field("price", logical("bytes", "decimal", R"(,"precision":30,"scale":2)")) + "," +
             field("id", R"({"type":"fixed","name":"u","size":16,"logicalType":"uuid"})") + "," +
             field("gap", R"({"type":"fixed","name":"d","size":12,"logicalType":"duration"})"));
  const std::string datum =
      Datum()
          .whole(19782)
          .whole(-1500)
          .whole(1709208000000001)
          .whole(45296789)
          .text("\xFF\x38")
          .raw("\x12\x34\x56\x78\x9a\xbc\xde\xf0\x12\x34\x56\x78\x9a\xbc\xde\xf0")
          .raw(std::string("\1\0\0\0\2\0\0\0\3\0\0\0", 12));
  const DecodedAvro d(schema(text),
                      {at({"day"}, {Kind::kDate}), at({"day"}, kText), at({"day"}, kWhole),
                       at({"ms"}, {Kind::kTimestamp}), at({"ms"}, kText), at({"ms"}, kWhole),
                       at({"us"}, kText), at({"time"}, kText), at({"time"}, kWhole),
                       at({"price"}, kText), at({"price"}, {Kind::kDouble}), at({"id"}, kText),
                       at({"gap"}, kText), at({"day"}, {Kind::kTimestamp})},
                      {datum});
  ASSERT_EQ(d.rows.rows(), 1U) << d.rejects.at(0).detail;
  EXPECT_EQ(d.rows.column(0).values<int32_t>()[0], 19782);
  EXPECT_EQ(d.text(1), "2024-02-29");
  EXPECT_EQ(d.number(2), 19782);
  EXPECT_EQ(d.rows.column(3).values<int64_t>()[0], -1500000);
  EXPECT_EQ(d.text(4), "1969-12-31 23:59:58.500000");
  EXPECT_EQ(d.number(5), -1500);
  EXPECT_EQ(d.text(6), "2024-02-29 12:00:00.000001");
  EXPECT_EQ(d.text(7), "12:34:56.789000");
  EXPECT_EQ(d.number(8), 45296789);
  EXPECT_EQ(d.text(9), "-2.00");
  EXPECT_EQ(d.number(10), -2);
  EXPECT_EQ(d.text(11), "12345678-9abc-def0-1234-56789abcdef0");
  EXPECT_EQ(d.text(12), "1 months 2 days 3 milliseconds");
  EXPECT_EQ(d.rows.column(13).values<int64_t>()[0], int64_t{19782} * 86'400'000'000);
}

TEST(AvroDecoder, DecimalsAreExact) {
  TextArena arena;
  const auto text = [&](std::string_view bytes, int32_t scale) {
    return std::string(decimal_text(bytes, scale, arena));
  };
  using namespace std::string_view_literals;
  EXPECT_EQ(text(""sv, 0), "0");
  EXPECT_EQ(text("\0"sv, 3), "0.000");
  EXPECT_EQ(text("\x80"sv, 0), "-128");
  EXPECT_EQ(text("\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"sv, 1), "922337203685477580.7");
  EXPECT_EQ(text("\x80\0\0\0\0\0\0\0"sv, 0), "-9223372036854775808");
  EXPECT_EQ(text("\x01\0\0\0\0\0\0\0\0\0\0\0\0"sv, 5), "792281625142643375935439.50336")
      << "2^96 is 79228162514264337593543950336";
  EXPECT_EQ(text("\xFF"sv, 2), "-0.01");
  EXPECT_EQ(text("\x3B\x9A\xCA\x00"sv, 0), "1000000000");
}

TEST(AvroDecoder, SchemasEvolve) {
  const auto writer = record(field("old", "\"int\"") + "," + field("gone", "\"string\"") + "," +
                             field("e", R"({"type":"enum","name":"e","symbols":["A","B"]})") + "," +
                             field("u", R"(["string","int"])"));
  const auto reader = record(
      field("new", "\"double\"", R"(,"aliases":["old"])") + "," +
          field("e", R"({"type":"enum","name":"e","symbols":["A","X"],"default":"X"})") + "," +
          field("u", R"(["null","long","bytes"])") + "," +
          field("more", R"({"type":"record","name":"in","fields":[{"name":"t","type":"string"}]})",
                R"(,"default":{"t":"d"})") +
          "," + field("day", R"({"type":"int","logicalType":"date"})", R"(,"default":1)"),
      "ns.r");
  const DecodedAvro d(registry({{7, writer}}, reader),
                      {at({"new"}, {Kind::kDouble}), at({"e"}, kText), at({"u"}, kText),
                       at({"more", "t"}, kText), at({"day"}, {Kind::kDate}), at({"gone"}, kText)},
                      {with_id(7, Datum().whole(3).text("g").whole(1).whole(0).text("s")),
                       with_id(7, Datum().whole(4).text("g").whole(0).whole(1).whole(8))});
  ASSERT_EQ(d.rows.rows(), 2U) << d.rejects.at(0).detail;
  EXPECT_EQ(d.number(0, 0), 3);
  EXPECT_EQ(d.text(1, 0), "X");
  EXPECT_EQ(d.text(1, 1), "A");
  EXPECT_EQ(d.text(2, 0), "s");
  EXPECT_EQ(d.text(2, 1), "8");
  EXPECT_EQ(d.text(3, 0), "d");
  EXPECT_EQ(d.rows.column(4).values<int32_t>()[1], 1);
  EXPECT_TRUE(d.null(5, 0)) << "the reader's schema has no such field";
}

TEST(AvroDecoder, WhatDoesNotResolveIsARejectThatSaysWhy) {
  const auto wrong = [](const std::string& writer, const std::string& reader,
                        const std::string& datum) {
    const DecodedAvro d(registry({{1, writer}}, reader), {at({"a"}, kText)}, {with_id(1, datum)});
    return d.rejects.empty() ? "" : d.rejects[0].detail;
  };
  EXPECT_EQ(
      wrong(record(field("a", "\"long\"")), record(field("a", "\"int\"")), Datum().whole(1)),
      "schema 1: the Avro schema does not resolve: the writer's long is no int to the reader");
  EXPECT_EQ(
      wrong(record(""), record(field("a", "\"int\"")), ""),
      "schema 1: the Avro schema does not resolve: the writer's r has no field \"a\", and the "
      "reader's has no default");
  EXPECT_EQ(wrong(record(field("a", R"(["int","string"])")), record(field("a", "\"int\"")),
                  Datum().whole(1).text("x")),
            "the writer's string is no int to the reader");
  EXPECT_EQ(
      wrong(record(field("a", R"({"type":"enum","name":"e","symbols":["A"]})")),
            record(field("a", R"({"type":"enum","name":"e","symbols":["B"]})")), Datum().whole(0)),
      "the reader's enum has no symbol \"A\"");
}

TEST(AvroDecoder, ARegistryThatIsAwayIsAnErrorAndAnIdItHasNotARejectForNow) {
  auto format = registry({{7, "\"long\""}});
  DecodedAvro d(
      format, {at({}, kWhole)},
      {with_id(7, Datum().whole(1)), with_id(8, Datum().whole(2)), "\1\0\0\0\7\2", "x", ""});
  EXPECT_EQ(d.rows.rows(), 1U);
  ASSERT_EQ(d.rejects.size(), 4U);
  EXPECT_EQ(d.rejects[0].detail, "schema 8: no such schema");
  EXPECT_EQ(d.rejects[3].reason, RejectReason::kTooFewFields);
  const auto away = d.decode({with_id(7, Datum().whole(1)), with_id(-1, "")});
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, Code::kUnavailable);
  EXPECT_TRUE(d.decode({with_id(7, Datum().whole(5))}));
  EXPECT_EQ(d.number(0), 5);
}

TEST(AvroDecoder, BytesThatAreNotOfTheSchemaAreRejects) {
  const auto text =
      record(field("a", "\"int\"") + "," + field("b", R"({"type":"array","items":"null"})") + "," +
             field("s", "\"string\""));
  const std::string good = Datum().whole(1).whole(0).text("x");
  std::vector<std::string> payloads{good,
                                    good + "x",
                                    Datum().whole(1LL << 40).whole(0).text("x"),
                                    Datum().whole(1).whole(0).whole(-5),
                                    Datum().whole(1).whole(INT64_MAX),
                                    Datum().whole(1).whole(INT64_MIN).whole(0),
                                    Datum().whole(1).whole(0).text("\xFF"),
                                    std::string(11, '\xFF')};
  for (size_t i = 1; i < good.size(); ++i) payloads.push_back(good.substr(0, i));
  const DecodedAvro d(schema(text), {at({"a"}, kWhole), at({"s"}, kText)}, payloads);
  EXPECT_EQ(d.rows.rows(), 1U);
  EXPECT_EQ(d.rejects.size(), payloads.size() - 1);
  EXPECT_EQ(d.rejects[5].reason, RejectReason::kBadUtf8);
}

TEST(AvroDecoder, TypesThatHoldThemselvesAreReadAsFarAsAPathGoes) {
  const auto text = record(field("v", "\"int\"") + "," + field("next", R"(["null","r"])"));
  const DecodedAvro d(schema(text), {at({"next", "v"}, kWhole), at({}, kText)},
                      {Datum().whole(1).whole(1).whole(2).whole(1).whole(3).whole(0)});
  ASSERT_EQ(d.rows.rows(), 1U) << d.rejects.at(0).detail;
  EXPECT_EQ(d.number(0), 2);
  EXPECT_EQ(d.text(1), R"({"v":1,"next":{"v":2,"next":{"v":3,"next":null}}})");
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += Datum().whole(1).whole(1);
  const DecodedAvro refused(schema(text), {at({"next", "v"}, kWhole)}, {deep});
  EXPECT_EQ(refused.rejects.size(), 1U);
}

TEST(AvroDecoder, APathThatLeadsNowhereInTheGivenSchemaIsRefused) {
  const auto inner =
      record(field("city", "\"string\"") + "," + field("zip", "\"int\""), "ns.place");
  auto format =
      schema(record(field("id", "\"long\"") + "," + field("at", R"(["null",)" + inner + "]") + "," +
                    field("tags", R"({"type":"map","values":["int","string"]})") + "," +
                    field("next", R"(["null","r"])")));
  format.paths_checked = true;
  const auto why = [&](std::vector<std::string> path, std::optional<Literal> literal = {}) {
    auto wanted = at(std::move(path), kText);
    wanted.default_value = std::move(literal);
    const auto made = make_avro_decoder(format, {wanted}, {});
    return made ? "" : made.error().to_string();
  };
  using Path = std::vector<std::string>;
  for (const auto& path :
       {Path{}, Path{"id"}, Path{"id", "long"}, Path{"at", "city"}, Path{"at", "place", "zip"},
        Path{"at", "ns.place", "zip"}, Path{"at", "null"}, Path{"r", "id"}, Path{"tags", "x"},
        Path{"tags", "x", "int"}, Path{"tags", "map", "x"}, Path{"next", "next", "r", "id"}})
    EXPECT_EQ(why(path), "") << path.size();
  EXPECT_EQ(
      why({"idd"}),
      "the Avro schema has no path \"idd\": record \"r\" has id, at, tags, next. Did you mean "
      "id? With DEFAULT a column has that value where there is no such field.");
  EXPECT_EQ(
      why({"at", "ctiy"}),
      "the Avro schema has no path \"at::ctiy\": record \"ns.place\" has city, zip. Did you mean "
      "city? With DEFAULT a column has that value where there is no such field.");
  EXPECT_EQ(
      why({"id", "low"}),
      "the Avro schema has no path \"id::low\": \"id\" is long. With DEFAULT a column has that "
      "value where there is no such field.");
  EXPECT_NE(why({"next", "next", "x"}), "");
  EXPECT_NE(why({"tags", "x", "city"}), "");
  EXPECT_EQ(why({"later"}, Literal{Literal::Form::kNull, ""}), "");
  format.paths_checked = false;
  EXPECT_EQ(why({"later"}), "");
}

TEST(AvroSchema, ErrorsSayWhatIsWrong) {
  const auto why = [](const std::string& json) {
    const auto parsed = AvroSchema::parse(json);
    return parsed ? "" : parsed.error().message;
  };
  const std::string begin = "the Avro schema is not valid: ";
  EXPECT_EQ(why("{"), begin + "it is no JSON");
  EXPECT_EQ(why("\"strin\""), begin + "type \"strin\" is not defined");
  EXPECT_EQ(why("[]"), begin + "a union is empty");
  EXPECT_EQ(why(R"(["int","int"])"), begin + "a union holds \"int\" twice");
  EXPECT_EQ(why(R"({"type":"record","name":"r"})"), begin + "record \"r\" has no \"fields\"");
  EXPECT_EQ(why(R"({"type":"fixed","name":"f"})"),
            begin + "fixed \"f\" has no \"size\" up to 1 MiB");
  EXPECT_EQ(why("string"), "");
  std::string deep = "\"int\"";
  for (int i = 0; i < 1000; ++i) deep = R"({"type":"array","items":)" + deep + "}";
  EXPECT_EQ(why(deep), begin + "it is nested too deep");
}

TEST(AvroSchema, NamesAreFoundInNamespacesAndReferences) {
  const auto reference = R"({"type":"enum","name":"e","namespace":"a.b","symbols":["X"]})";
  const auto text = R"({"type":"record","name":"a.b.r","fields":[{"name":"x","type":"e"},
                        {"name":"y","type":"a.b.e"},{"name":"z","type":["null","r"]}]})";
  const auto parsed = AvroSchema::parse(text, {reference});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ((*parsed)->root().fields[0].type, (*parsed)->root().fields[1].type);
  EXPECT_EQ((*parsed)->root().fields[2].type->branches[1], &(*parsed)->root());
}

TEST(AvroDefault, MustFitItsType) {
  const auto type = AvroSchema::parse(R"(["null",{"type":"map","values":"bytes"}])");
  ASSERT_TRUE(type);
  EXPECT_EQ(*encode_avro_default((*type)->root(), "null"), std::string("\0", 1));
  EXPECT_EQ(*encode_avro_default((*type)->root(), R"({"k":"\u00ff"})"),
            std::string("\2\2\2k\2\xFF\0", 7));
  EXPECT_FALSE(encode_avro_default((*type)->root(), "5"));
}

}  // namespace
}  // namespace millrace::decode
