// How fast the decoders are on one core: rows like the speed-dating example's (48 fields, about 124
// bytes), all fields wanted or only a few, plain or with quotes, and the same as JSON and Avro; and
// rows like those of UCI Adult (15 fields, about 110 bytes, most of them words). Rows and bytes per
// second are in the counters.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>

#include "decode/decoder.h"

namespace millrace::decode {
namespace {

constexpr size_t kFields = 48;
constexpr size_t kRows = 20'000;

enum class Want : uint8_t { kAll, kFew };

/// Every third field a decimal, the others small whole numbers; a seed of its own for each run.
std::shared_ptr<const std::vector<std::string>> make_payloads(bool with_quotes) {
  std::mt19937 random(7);
  auto payloads = std::make_shared<std::vector<std::string>>();
  for (size_t row = 0; row < kRows; ++row) {
    std::string line;
    for (size_t field = 0; field < kFields; ++field) {
      if (field > 0) line += ',';
      const uint32_t value = static_cast<uint32_t>(random());
      if (with_quotes && field == 5) {
        line += "\"a, b\"";
      } else if (field % 12 == 0) {
        line += std::to_string(value % 100) + "." + std::to_string(value / 100 % 100);
      } else if (field % 3 == 0) {
        line += std::to_string(value % 100);
      } else {
        line += std::to_string(value % 10);
      }
    }
    payloads->push_back(std::move(line));
  }
  return payloads;
}

/// Decodes one batch of `payloads` again and again.
void measure(benchmark::State& state, Decoder& decoder,
             const std::shared_ptr<const std::vector<std::string>>& payloads) {
  MessageBatch messages;
  int64_t bytes = 0;
  for (const auto& payload : *payloads) {
    messages.messages.emplace_back().payload = payload;
    bytes += static_cast<int64_t>(payload.size());
  }
  messages.owner = payloads;
  Batch rows(decoder.schema());
  std::vector<Reject> rejects;
  for (auto _ : state) {
    rejects.clear();
    (void)decoder.decode(messages, rows, rejects);
    if (rows.rows() != kRows) return state.SkipWithError("rows are missing");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kRows));
  state.SetBytesProcessed(state.iterations() * bytes);
}

/// `whole` is the type of the fields that hold whole numbers: a model reads them as float.
void decode_csv(benchmark::State& state, Want want, bool with_quotes, Kind whole = Kind::kInt32) {
  const auto payloads = make_payloads(with_quotes);
  CsvFormat format;
  format.fields_terminated_by = ",";
  if (with_quotes) format.enclosed_by = "\"";
  std::vector<InputField> fields;
  for (size_t i = 0; i < kFields; ++i) {
    InputField field{"f" + std::to_string(i), {i % 12 == 0 ? Kind::kFloat : whole}};
    if (with_quotes && i == 5) field.type = {Kind::kVarchar};
    field.wanted = want == Want::kAll || i % 12 == 2;
    fields.push_back(field);
  }
  const auto decoder = std::move(*make_csv_decoder(format, fields, {}));
  measure(state, *decoder, payloads);
}

/// The rows of the CSV benchmark as JSON: every field of some documents, or a twelfth of them.
void decode_json(benchmark::State& state, Want want) {
  const auto lines = make_payloads(false);
  const auto payloads = std::make_shared<std::vector<std::string>>();
  for (const auto& line : *lines) {
    std::string document = "{";
    size_t begin = 0;
    for (size_t i = 0; i < kFields; ++i) {
      const size_t end = std::min(line.find(',', begin), line.size());
      document += (i > 0 ? ", \"f" : "\"f") + std::to_string(i) + "\": ";
      document += end > begin ? line.substr(begin, end - begin) : "null";
      begin = end + 1;
    }
    payloads->push_back(document + "}");
  }
  std::vector<InputField> fields;
  for (size_t i = 0; i < kFields; ++i) {
    if (want == Want::kFew && i % 12 != 2) continue;
    InputField field{"f" + std::to_string(i), {i % 12 == 0 ? Kind::kFloat : Kind::kInt32}};
    field.path = {field.name};
    fields.push_back(field);
  }
  const auto decoder = std::move(*make_json_decoder(fields, {}));
  measure(state, *decoder, payloads);
}

/// The rows of the CSV benchmark in Avro's binary encoding: a record of doubles and ints.
void decode_avro(benchmark::State& state, Want want) {
  const auto lines = make_payloads(false);
  const auto payloads = std::make_shared<std::vector<std::string>>();
  for (const auto& line : *lines) {
    std::string datum;
    const char* at = line.c_str();
    for (size_t i = 0; i < kFields; ++i) {
      char* end = nullptr;
      const double value = std::strtod(at, &end);
      at = end + 1;
      if (i % 12 == 0) {
        datum.append(reinterpret_cast<const char*>(&value), sizeof value);
        continue;
      }
      const auto twice = static_cast<uint32_t>(value) * 2;  // zig-zag, of up to two bytes
      if (twice > 127) datum += static_cast<char>(twice | 128);
      datum += static_cast<char>(twice > 127 ? twice >> 7 : twice);
    }
    payloads->push_back(std::move(datum));
  }
  AvroFormat format;
  format.schema = R"({"type": "record", "name": "row", "fields": [)";
  std::vector<InputField> fields;
  for (size_t i = 0; i < kFields; ++i) {
    const std::string name = "f" + std::to_string(i);
    format.schema += (i > 0 ? R"(, {"name": ")" : R"({"name": ")") + name + R"(", "type": ")" +
                     (i % 12 == 0 ? "double" : "int") + R"("})";
    if (want == Want::kFew && i % 12 != 2) continue;
    InputField field{name, {i % 12 == 0 ? Kind::kFloat : Kind::kInt32}};
    field.path = {name};
    fields.push_back(field);
  }
  format.schema += "]}";
  const auto decoder = std::move(*make_avro_decoder(format, fields, {}));
  measure(state, *decoder, payloads);
}

/// Rows of numbers and words, as a census has them.
constexpr size_t kCensusFields = 15;
constexpr bool is_census_number(size_t field) {
  return field == 0 || field == 2 || field == 4 || (field >= 10 && field <= 12);
}

std::vector<std::string> make_census_row(std::mt19937& random) {
  static constexpr const char* kWords[] = {"Private",       "Self-emp-not-inc", "Bachelors",
                                           "Some-college",  "Never-married",    "Adm-clerical",
                                           "Not-in-family", "United-States",    "Husband"};
  std::vector<std::string> row;
  for (size_t i = 0; i < kCensusFields; ++i) {
    const uint32_t value = static_cast<uint32_t>(random());
    row.push_back(is_census_number(i) ? std::to_string(value % (i == 2 ? 400'000 : 90))
                                      : kWords[value % std::size(kWords)]);
  }
  return row;
}

std::vector<InputField> census_fields() {
  std::vector<InputField> fields;
  for (size_t i = 0; i < kCensusFields; ++i) {
    InputField field{"f" + std::to_string(i),
                     {is_census_number(i) ? Kind::kFloat : Kind::kVarchar}};
    field.path = {field.name};
    fields.push_back(field);
  }
  return fields;
}

void decode_census(benchmark::State& state, bool as_json) {
  std::mt19937 random(7);
  const auto payloads = std::make_shared<std::vector<std::string>>();
  for (size_t i = 0; i < kRows; ++i) {
    std::string& payload = payloads->emplace_back(as_json ? "{" : "");
    const auto row = make_census_row(random);
    for (size_t field = 0; field < row.size(); ++field) {
      if (field > 0) payload += ',';
      const char* const quote = as_json && !is_census_number(field) ? "\"" : "";
      if (as_json) payload += "\"f" + std::to_string(field) + "\":";
      payload += quote + row[field] + quote;
    }
    if (as_json) payload += '}';
  }
  CsvFormat format;
  format.fields_terminated_by = ",";
  const auto decoder = std::move(as_json ? *make_json_decoder(census_fields(), {})
                                         : *make_csv_decoder(format, census_fields(), {}));
  measure(state, *decoder, payloads);
}

BENCHMARK_CAPTURE(decode_avro, all_fields, Want::kAll)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_avro, few_fields, Want::kFew)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_json, all_fields, Want::kAll)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_json, few_fields, Want::kFew)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_census, json, true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_census, csv, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_csv, all_fields, Want::kAll, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_csv, all_floats, Want::kAll, false, Kind::kFloat)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_csv, few_fields, Want::kFew, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_csv, all_fields_quotes, Want::kAll, true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_csv, few_fields_quotes, Want::kFew, true)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace millrace::decode

BENCHMARK_MAIN();
