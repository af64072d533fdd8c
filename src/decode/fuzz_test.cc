// Decoders against bytes that nobody meant: seeds that are spoiled by a generator of their own
// seed, the same at every run. Nothing may crash or read beyond a message (a sanitizer watches),
// each message gives rows or rejects, and JSON's quick reader decides as the careful one does.
#include <gtest/gtest.h>

#include "base/fuzz_test.h"
#include "decode/decoder.h"
#include "decode/text_arena.h"

namespace millrace::decode {
namespace {

constexpr int64_t kRounds = 200'000;

const std::vector<std::string>& json_seeds() {
  static const std::vector<std::string> seeds{
      R"({"a": 1, "b": "two", "c": 3.5, "d": [1, 2, 3], "e": {"f": "x", "g": null}})",
      R"({"a":-0,"b":"é€😀","c":1e3,"d":[],"e":{"f":"","g":12345678901234567890}})",
      R"( {"b" : "a longer text, of more than sixteen bytes" , "a" : 123456789 , "z":[[{}],"y"]} )",
      R"({"a": true, "b": 12.50, "c": -12345678, "d": [1.5, -2], "e": [1, {"f": 2}]})",
      R"({"a": 99999999, "a": 100000000, "b": "\"\\\u00e9\n", "c": null, "d": [null]})",
      R"({"e": {"f": {"f": "deep"}, "g": 0}, "d": ["x"], "c": "1.25", "b": 18446744073709551616})",
      R"({"a key that is longer than sixteen bytes": 7, "a": 00, "c": 1.})",
      "{\"a\": 1}\n{\"a\": 2, \"b\": \"next\"}\n",
  };
  return seeds;
}

/// One of the material's texts, with up to three changes.
std::string spoiled(Random& random, const FuzzMaterial& material) {
  std::string bytes = material.others[below(random, material.others.size())];
  for (size_t changes = below(random, 4); changes > 0; --changes)
    change_bytes(random, bytes, material);
  return bytes;
}

/// Each byte of the text for itself.
std::vector<std::string> bytes_of(std::string_view text) {
  std::vector<std::string> bytes;
  for (const char c : text) bytes.emplace_back(1, c);
  return bytes;
}

/// What a decoder makes of one message, as text.
class Subject {
 public:
  explicit Subject(Result<std::unique_ptr<Decoder>> made) : decoder_(std::move(*made)) {}

  /// Rows and rejects of the last message.
  size_t found() const { return found_; }

  std::string decode(const std::string& payload) {
    // Bytes of exactly this size, so that a sanitizer sees any that is read beyond.
    const auto bytes = std::make_shared<std::vector<char>>(payload.begin(), payload.end());
    MessageBatch messages;
    messages.messages.push_back({{bytes->data(), bytes->size()}, {}, 0, 7, -1});
    messages.owner = bytes;
    Batch rows(decoder_->schema());
    std::vector<Reject> rejects;
    EXPECT_TRUE(decoder_->decode(messages, rows, rejects));
    found_ = rows.rows() + rejects.size();
    std::string shown;
    for (size_t row = 0; row < rows.rows(); ++row) {
      for (size_t i = 0; i < rows.column_count(); ++i) shown += value(rows.column(i), row) + "|";
      shown += "\n";
    }
    for (const auto& reject : rejects) shown += std::string(name_of(reject.reason)) + "\n";
    return shown;
  }

 private:
  static std::string value(const Column& column, size_t row) {
    if (!column.is_valid(row)) return "NULL";
    if (column.type().list) {
      std::string list = "[";
      for (size_t i = column.list_offsets()[row]; i < column.list_offsets()[row + 1]; ++i)
        list += std::to_string(column.values<double>()[i]) + ",";
      return list;
    }
    if (is_text(column.type().kind)) return std::string(column.values<std::string_view>()[row]);
    return std::to_string(number_at(column, row));
  }

  std::unique_ptr<Decoder> decoder_;
  size_t found_ = 0;
};

InputField field(std::string name, DataType type, std::vector<std::string> path) {
  InputField made{std::move(name), type};
  made.path = std::move(path);
  return made;
}

Subject json_subject() {
  return Subject(make_json_decoder(
      {field("a", {Kind::kInt32}, {"a"}), field("b", {Kind::kVarchar}, {"b"}),
       field("c", {Kind::kDouble}, {"c"}), field("d", {Kind::kDouble, true}, {"d"}),
       field("f", {Kind::kVarchar}, {"e", "f"}),
       field("long", {Kind::kInt64}, {"a key that is longer than sixteen bytes"})},
      {}));
}

/// The same document with one key more, which has an escape: the quick reader leaves those to the
/// careful one. Empty when that cannot be said without understanding it.
std::string for_the_careful(const std::string& document) {
  const size_t end = document.find_last_not_of(" \n\t\r");
  if (end == std::string::npos || document[end] != '}') return {};
  const size_t before =
      end == 0 ? std::string::npos : document.find_last_not_of(" \n\t\r", end - 1);
  if (before == std::string::npos || document[before] == '{' || document[before] == '\\') return {};
  return document.substr(0, end) + R"(,"\u005f":0)" + document.substr(end);
}

/// Without rejects: the quick reader makes none, and one key more may be wrong in its own way.
std::string rows_of(const std::string& said) {
  const size_t last = said.rfind('|');
  return last == std::string::npos ? "" : said.substr(0, last);
}

TEST(DecoderFuzz, TheQuickReaderOfJsonDecidesAsTheCarefulOne) {
  Random random(1);
  auto quick = json_subject();
  auto careful = json_subject();
  const FuzzMaterial material{bytes_of("{}[]\",:\\0123456789.-+eE ntf\n\x1f\xc3"), json_seeds()};
  int64_t compared = 0, well = 0;
  FuzzRounds rounds(kRounds);
  for (; rounds.go_on() && !testing::Test::HasFailure(); rounds.count()) {
    const auto document = spoiled(random, material);
    const auto said = quick.decode(document);
    // A message of blanks alone may be lines of none.
    const bool blank = document.find_first_not_of(" \n\t\r") == std::string::npos;
    EXPECT_TRUE(quick.found() > 0 || (blank && !document.empty())) << document;
    const auto other = for_the_careful(document);
    if (other.empty()) continue;
    ++compared;
    well += said.find('|') != std::string::npos;
    EXPECT_EQ(rows_of(said), rows_of(careful.decode(other))) << document;
  }
  // It is no test when nothing is compared, or nothing is well formed.
  EXPECT_GT(compared, rounds.done() / 3);
  EXPECT_GT(well, rounds.done() / 10);
}

TEST(DecoderFuzz, AvroDecidesOnAnyBytes) {
  const std::string schema = R"({"type": "record", "name": "r", "fields": [
      {"name": "a", "type": ["null", "int"]}, {"name": "b", "type": "string"},
      {"name": "c", "type": {"type": "array", "items": "double"}},
      {"name": "d", "type": {"type": "map", "values": "bytes"}},
      {"name": "e", "type": {"type": "enum", "name": "s", "symbols": ["X", "Y"]}}]})";
  const std::vector<std::string> seeds{
      std::string("\x02\x0e\x06"
                  "abc\x02\0\0\0\0\0\0\xf0\x3f\0\x02\x02k\x04vv\0\x02",
                  24),
      std::string("\0\0\0\0\0", 5),
      std::string("\x02\x01\x02x\x01\x10\0\0\0\0\0\0\0\x40\0\0\0", 17)};
  const std::vector<InputField> fields{
      field("a", {Kind::kInt32}, {"a"}), field("b", {Kind::kVarchar}, {"b"}),
      field("c", {Kind::kDouble, true}, {"c"}), field("d", {Kind::kVarchar}, {"d"}),
      field("e", {Kind::kVarchar}, {"e"})};
  Random random(2);
  Subject one(make_avro_decoder({schema, nullptr}, fields, {}));
  Subject stream(make_avro_decoder({schema, nullptr, true}, fields, {}));
  const FuzzMaterial material{bytes_of({"\0\x01\x02\x7f\x80\xff", 6}), seeds};
  int64_t well = 0;
  FuzzRounds rounds(kRounds);
  for (; rounds.go_on() && !testing::Test::HasFailure(); rounds.count()) {
    const auto bytes = spoiled(random, material);
    const auto alone = one.decode(bytes);
    EXPECT_EQ(one.found(), 1U);
    if (alone.find('|') == std::string::npos) {
      (void)stream.decode(bytes.empty() ? "x" : bytes);
      continue;
    }
    // What is one datum is one of a stream, and twice it is two.
    ++well;
    EXPECT_EQ(stream.decode(bytes), alone);
    EXPECT_EQ(stream.decode(bytes + bytes), alone + alone);
  }
  EXPECT_GT(well, rounds.done() / 10);
}

/// Behind their length, as Avro has it.
std::string counted(const std::string& bytes) {
  const size_t twice = bytes.size() * 2;
  std::string length(1, static_cast<char>(twice & 127));
  if (twice > 127) {
    length[0] = static_cast<char>(length[0] | 128);
    length += static_cast<char>(twice >> 7);
  }
  return length + bytes;
}

/// The bytes 02 06 "abc" 04 00 under each codec, as Python's libraries pack them.
const std::vector<std::pair<std::string, std::string>>& packed_blocks() {
  using std::string_literals::operator""s;
  static const std::vector<std::pair<std::string, std::string>> kBlocks{
      {"deflate", "\x63\x62\x4b\x4c\x4a\x66\x61\x00\x00"s},
      {"snappy", "\x07\x18\x02\x06\x61\x62\x63\x04\x00\xc7\x2a\xfc\x42"s},
      {"zstandard", "\x28\xb5\x2f\xfd\x20\x07\x39\x00\x00\x02\x06\x61\x62\x63\x04\x00"s},
      {"bzip2",
       "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x7b\x94\x37\x8a\x00\x00\x00\xc1\x00\x55\x00\x38"
       "\x00\x20\x00\x31\x0c\x00\xc4\xc2\x72\xce\x5d\xe2\xee\x48\xa7\x0a\x12\x0f\x72\x86\xf1\x40"s},
      {"xz",
       "\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x16\x00\x00\x00\x74\x2f"
       "\xe5\xa3\x01\x00\x06\x02\x06\x61\x62\x63\x04\x00\x00\x00\x9e\x6b\xfb\x44\x5d\xbd\xb0\x2a"
       "\x00\x01\x1f\x07\x16\x2e\xb8\x73\x1f\xb6\xf3\x7d\x01\x00\x00\x00\x00\x04\x59\x5a"s}};
  return kBlocks;
}

TEST(DecoderFuzz, AvroContainersDecideOnAnyBytes) {
  const std::string schema = R"({"type":"record","name":"r","fields":[{"name":"a","type":"int"},)"
                             R"({"name":"b","type":"string"}]})";
  const std::string mark = "0123456789abcdef";
  const auto header = [&](const std::string& codec) {
    return std::string("Obj\x01\x04", 5) + counted("avro.codec") + counted(codec) +
           counted("avro.schema") + counted(schema) + std::string(1, '\0') + mark;
  };
  // Two rows, then one; and the first two under each codec.
  const std::string two("\x02\x06\x61\x62\x63\x04\0", 7);
  std::vector<std::string> seeds{header("null") + "\x04" + counted(two) + mark + "\x02" +
                                 counted("\x0e\x02z") + mark};
  for (const auto& [codec, packed] : packed_blocks())
    seeds.push_back(header(codec) + "\x04" + counted(packed) + mark);
  const std::vector<InputField> fields{field("a", {Kind::kInt32}, {"a"}),
                                       field("b", {Kind::kVarchar}, {"b"})};
  Subject subject(make_avro_decoder({"", nullptr, false, true}, fields, {}));
  EXPECT_EQ(subject.decode(seeds[0]), "1.000000|abc|\n2.000000||\n7.000000|z|\n");
  for (size_t i = 1; i < seeds.size(); ++i)
    EXPECT_EQ(subject.decode(seeds[i]), "1.000000|abc|\n2.000000||\n")
        << packed_blocks()[i - 1].first;
  Random random(3);
  const FuzzMaterial material{bytes_of({"\0\x01\x02\x7f\x80\xff", 6}), seeds};
  FuzzRounds rounds(kRounds / 4);
  for (; rounds.go_on() && !testing::Test::HasFailure(); rounds.count()) {
    const auto bytes = spoiled(random, material);
    (void)subject.decode(bytes);  // it may hold nothing: a header alone, a block of no data
  }
}

}  // namespace
}  // namespace millrace::decode
