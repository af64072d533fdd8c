#include "golden_case.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

namespace millrace::golden {
namespace {

constexpr size_t kTagsPadded = 4;

[[noreturn]] void give_up(const std::string& why) {
  std::cerr << why << std::endl;  // tidy: allow output: a test's words
  std::abort();
}

template <class T>
T number(const std::string& text) {
  T value{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) give_up(text + " is no number");
  return value;
}

Argument name(const std::string& text) {
  Argument argument;
  argument.form = Argument::Form::kName;
  argument.text = text;
  return argument;
}

Argument call(const std::string& function, std::vector<Argument> items) {
  Argument argument = name(function);
  argument.form = Argument::Form::kCall;
  argument.items = std::move(items);
  return argument;
}

Argument list(std::vector<Argument> items) {
  Argument argument;
  argument.form = Argument::Form::kList;
  argument.items = std::move(items);
  return argument;
}

Argument named(const std::string& parameter, Argument argument) {
  argument.name = parameter;
  return argument;
}

Argument literal(const Json& value) {
  Argument argument;
  if (value.is_null()) return argument;
  if (value.is_array()) {
    std::vector<Argument> items;
    for (const auto& item : value) items.push_back(literal(item));
    return list(std::move(items));
  }
  argument.form = value.is_string()    ? Argument::Form::kString
                  : value.is_boolean() ? Argument::Form::kBool
                                       : Argument::Form::kNumber;
  argument.text = value.is_string() ? value.get<std::string>() : value.dump();
  return argument;
}

const std::map<std::string, std::string> kColumnFunctions = {
    {"numeric", "numeric_column"},
    {"bucketized", "bucketized_column"},
    {"vocabulary_list", "categorical_column_with_vocabulary_list"},
    {"vocabulary_file", "categorical_column_with_vocabulary_file"},
    {"hash_bucket", "categorical_column_with_hash_bucket"},
    {"identity", "categorical_column_with_identity"},
    {"crossed", "crossed_column"},
    {"weighted", "weighted_categorical_column"},
    {"indicator", "indicator_column"},
    {"embedding", "embedding_column"},
    {"shared_embeddings", "shared_embeddings"}};

const std::map<std::string, std::string> kColumnParameters = {
    {"source", "source_column"},
    {"vocabulary", "vocabulary_list"},
    {"categorical", "categorical_column"},
    {"categoricals", "categorical_columns"},
    {"weight_key", "weight_feature_key"}};

Argument columns_list(const Json& columns) {
  std::vector<Argument> items;
  for (const auto& column : columns) {
    items.push_back(column.is_string() ? name(column.get<std::string>()) : column_call(column));
  }
  return list(std::move(items));
}

/// An optimizer or a learning rate schedule.
Argument optimizer_argument(const Json& optimizer) {
  if (!optimizer.is_object()) return literal(optimizer);
  std::vector<Argument> items;
  for (const auto& [parameter, value] : optimizer.items()) {
    if (parameter != "type") items.push_back(named(parameter, optimizer_argument(value)));
  }
  return call(optimizer["type"].get<std::string>(), std::move(items));
}

/// ["z_score", 45, 12] as z_score(45, 12).
Argument normalizer_argument(const Json& normalizer) {
  std::vector<Argument> numbers;
  for (size_t i = 1; i < normalizer.size(); ++i) numbers.push_back(literal(normalizer[i]));
  return call(normalizer[0].get<std::string>(), std::move(numbers));
}

/// A file of the vocabulary's lines, by its path.
Argument vocabulary_file(const Json& lines) {
  static int number = 0;
  const auto path =
      std::filesystem::path(testing::TempDir()) /
      ("golden_vocabulary_" + std::to_string(::getpid()) + "_" + std::to_string(number++));
  std::ofstream file(path);
  for (const auto& line : lines) file << line.get<std::string>() << "\n";
  return literal(path.string());
}

std::vector<std::string> split(const std::string& line, char delimiter) {
  std::vector<std::string> fields(1);
  for (const char c : line) {
    if (c == delimiter) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

/// inputs.csv by column name; its cells have neither quotes nor delimiters inside.
const std::map<std::string, std::vector<std::string>>& cells() {
  static const auto all = [] {
    std::ifstream file(folder() + "/inputs.csv");
    std::map<std::string, std::vector<std::string>> columns;
    std::string line;
    std::vector<std::string> header;
    while (std::getline(file, line)) {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      const auto fields = split(line, ',');
      if (header.empty()) {
        header = fields;
        continue;
      }
      if (fields.size() != header.size()) give_up("inputs.csv has a row of another length");
      for (size_t i = 0; i < fields.size(); ++i) columns[header[i]].push_back(fields[i]);
    }
    if (columns.empty()) give_up("there is no " + folder() + "/inputs.csv");
    return columns;
  }();
  return all;
}

void fill_list(Batch& batch, const std::string& column, std::vector<std::vector<std::string>> rows,
               const std::string* padding) {
  Column& to = batch.column(*batch.schema().find(column));
  std::vector<uint32_t> offsets = {0};
  for (auto& row : rows) {
    while (padding != nullptr && row.size() < kTagsPadded) row.push_back(*padding);
    offsets.push_back(offsets.back() + static_cast<uint32_t>(row.size()));
  }
  to.set_list_offsets(offsets);
  size_t at = 0;
  const auto words = std::make_shared<std::vector<std::string>>();
  words->reserve(offsets.back());
  for (const auto& row : rows) {
    for (const auto& value : row) {
      if (is_text(to.type().kind)) {
        to.values<std::string_view>()[at++] = words->emplace_back(value);
      } else {
        to.values<float>()[at++] = number<float>(value);
      }
    }
  }
  to.set_all_valid();
  batch.keep_alive(words);
}

std::vector<std::vector<std::string>> listed(const std::vector<std::string>& column) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& cell : column) {
    rows.push_back(cell.empty() ? std::vector<std::string>() : split(cell, '|'));
  }
  return rows;
}

}  // namespace

std::string folder() {
  const char* shared = std::getenv("MILLRACE_SHARED");
  return std::string(shared != nullptr ? shared : MILLRACE_SHARED) + "/reference/golden";
}

Json read_json(const std::string& file_name) {
  std::ifstream file(folder() + "/" + file_name);
  if (!file) give_up("cannot read " + folder() + "/" + file_name);
  return Json::parse(file);
}

std::string more_folder() {
  const char* more = std::getenv("MILLRACE_GOLDEN_CASES");
  return more != nullptr ? more : MILLRACE_GOLDEN_CASES;
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& cases : {folder() + "/cases", more_folder()}) {
    for (const auto& entry : std::filesystem::directory_iterator(cases)) {
      if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

Json read_case(const std::string& name) {
  const std::string more = more_folder() + "/" + name + ".json";
  if (!std::filesystem::exists(more)) return read_json("cases/" + name + ".json");
  std::ifstream file(more);
  return Json::parse(file);
}

Argument column_call(const Json& column) {
  std::vector<Argument> items;
  for (const auto& [key, value] : column.items()) {
    if (key == "type") continue;
    const auto renamed = kColumnParameters.find(key);
    const std::string parameter = renamed == kColumnParameters.end() ? key : renamed->second;
    if (key == "key" || key == "weight_key") {
      items.push_back(named(parameter, name(value.get<std::string>())));
    } else if (key == "keys" || key == "categoricals") {
      items.push_back(named(parameter, columns_list(value)));
    } else if (key == "normalizer") {
      items.push_back(named("normalizer_fn", normalizer_argument(value)));
    } else if (key == "lines") {
      items.push_back(named("vocabulary_file", vocabulary_file(value)));
    } else if (value.is_object()) {
      items.push_back(named(parameter, column_call(value)));
    } else {
      items.push_back(named(parameter, literal(value)));
    }
  }
  return call(kColumnFunctions.at(column["type"].get<std::string>()), std::move(items));
}

Argument estimator_call(const Json& golden) {
  std::vector<Argument> items = {named("label", name(golden["label"].get<std::string>()))};
  for (const auto& [key, value] : golden["args"].items()) {
    if (key.ends_with("feature_columns")) {
      items.push_back(named(key, columns_list(value)));
    } else if (key.ends_with("optimizer")) {
      items.push_back(named(key, optimizer_argument(value)));
    } else {
      items.push_back(named(key, literal(value)));
    }
  }
  if (golden.contains("thresholds")) {
    items.push_back(named("thresholds", literal(golden["thresholds"])));
  }
  return call(golden["estimator"].get<std::string>(), std::move(items));
}

Argument estimator_call_of_v1(const Json& golden) {
  Json changed = golden;
  changed["args"]["loss_reduction"] = "SUM";
  if (golden["estimator"].get<std::string>().starts_with("DNN")) {
    const bool combined = golden["args"].contains("dnn_hidden_units");
    changed["args"][combined ? "dnn_optimizer" : "optimizer"] = {
        {"type", "Adagrad"}, {"learning_rate", combined ? 0.001 : 0.05}};
  }
  return estimator_call(changed);
}

Batch input_rows(features::Feed feed) {
  const bool dense = feed == features::Feed::kDense;
  std::vector<Field> fields;
  for (const char* key : {"x1", "x2", "age", "cw", "w"}) fields.push_back({key, {Kind::kFloat}});
  for (const char* key : {"zip", "ident", "wild", "year"}) fields.push_back({key, {Kind::kInt64}});
  for (const char* key : {"color", "city"}) fields.push_back({key, {Kind::kVarchar}});
  fields.push_back({"tags", {Kind::kVarchar, true}});
  fields.push_back({"tagw", {Kind::kFloat, true}});
  fields.push_back({"v", {Kind::kFloat, true}});
  Batch batch(std::make_shared<Schema>(fields));
  const auto& columns = cells();
  const size_t rows = columns.at("row").size();
  batch.reset(rows);
  std::vector<std::vector<std::string>> vectors(rows);
  for (size_t row = 0; row < rows; ++row) {
    for (const auto& field : fields) {
      if (field.type.list) continue;
      const std::string& cell = columns.at(field.name)[row];
      Column& to = batch.column(*batch.schema().find(field.name));
      const bool gap = cell.empty() || (field.name == "ident" && cell == "-1");
      if (gap && !dense) continue;
      if (field.type.kind == Kind::kFloat) to.set(row, number<float>(cell));
      if (field.type.kind == Kind::kInt64) to.set(row, number<int64_t>(cell));
      if (field.type.kind == Kind::kVarchar) to.set(row, std::string_view(cell));
    }
    for (const char* element : {"v_0", "v_1", "v_2"}) {
      vectors[row].push_back(columns.at(element)[row]);
    }
  }
  const std::string no_text;
  const std::string no_weight = "0";
  fill_list(batch, "tags", listed(columns.at("tags")), dense ? &no_text : nullptr);
  fill_list(batch, "tagw", listed(columns.at("tagw")), dense ? &no_weight : nullptr);
  fill_list(batch, "v", vectors, nullptr);
  return batch;
}

Labels labels_of(const Json& golden, const estimator::EstimatorSpec& spec) {
  Labels labels;
  auto columns = cells();
  if (golden.contains("extra")) {
    for (const auto& [name, values] : golden["extra"].items()) {
      for (const auto& value : values) columns[name].push_back(value.dump());
    }
  }
  const auto label = golden["label"].get<std::string>();
  for (size_t row = 0; row < columns.at("row").size(); ++row) {
    if (!spec.label_vocabulary.empty()) {
      labels.values.push_back(
          static_cast<float>(estimator::class_of(spec, columns.at(label)[row])));
    } else if (spec.label_dimension > 1) {
      for (int64_t i = 0; i < spec.label_dimension; ++i) {
        labels.values.push_back(number<float>(columns.at(label + "_" + std::to_string(i))[row]));
      }
    } else {
      labels.values.push_back(number<float>(columns.at(label)[row]));
    }
    if (!spec.weight_column.empty()) {
      labels.weights.push_back(number<float>(columns.at(spec.weight_column)[row]));
    }
  }
  return labels;
}

}  // namespace millrace::golden
