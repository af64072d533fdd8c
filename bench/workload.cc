#include "workload.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>

namespace millrace::bench {
namespace {

using features::ColumnKind;
using features::FeatureColumn;

constexpr int64_t kAdultBuckets = 1000;
// All 26 tables together have about 2^22 rows, as `vw -b 22` has.
constexpr int64_t kCriteoBuckets = (int64_t{1} << 22) / 26;
// How many values the categories of the Criteo log have, cut to a million.
constexpr double kCardinalities[] = {1460,  583,  1000000, 1000000, 305, 24,     12517, 633,   3,
                                     93145, 5683, 1e6,     3194,    27,  14992,  1e6,   10,    5652,
                                     2173,  4,    1e6,     18,      15,  286181, 105,   142572};

FeatureColumn numeric(const std::string& key) {
  FeatureColumn column;
  column.kind = ColumnKind::kNumeric;
  column.key = key;
  return column;
}

FeatureColumn hashed(const std::string& key, int64_t buckets) {
  FeatureColumn column;
  column.kind = ColumnKind::kHashBucket;
  column.key = key;
  column.buckets = buckets;
  return column;
}

FeatureColumn embedded(FeatureColumn child, int64_t dimension) {
  FeatureColumn column;
  column.kind = ColumnKind::kEmbedding;
  column.dimension = dimension;
  column.children.push_back(std::move(child));
  return column;
}

void add_number(Workload& workload, const std::string& name) {
  workload.fields.push_back({name, {Kind::kInt32}});
  workload.linear.push_back(numeric(name));
  workload.dnn.push_back(numeric(name));
}

void add_category(Workload& workload, const std::string& name, int64_t buckets) {
  workload.fields.push_back({name, {Kind::kVarchar}});
  workload.linear.push_back(hashed(name, buckets));
  workload.dnn.push_back(embedded(hashed(name, buckets), 8));
}

}  // namespace

Workload make_adult(const std::string& path, size_t rows) {
  Workload workload;
  workload.name = "adult";
  workload.format.fields_terminated_by = ", ";
  workload.label = "income";
  workload.label_vocabulary = {"<=50K", ">50K"};
  for (const char* name : {"age", "workclass", "fnlwgt", "education", "education_num",
                           "marital_status", "occupation", "relationship", "race", "sex",
                           "capital_gain", "capital_loss", "hours_per_week", "native_country"}) {
    const std::string_view numbers =
        " age fnlwgt education_num capital_gain capital_loss "
        "hours_per_week ";
    if (numbers.find(" " + std::string(name) + " ") != std::string_view::npos) {
      add_number(workload, name);
    } else {
      add_category(workload, name, kAdultBuckets);
    }
  }
  workload.fields.push_back({workload.label, {Kind::kVarchar}});

  auto lines = std::make_shared<std::vector<std::string>>();
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] >= '0' && line[0] <= '9') lines->push_back(line);
  }
  const size_t distinct = lines->size();
  for (size_t i = 0; distinct > 0 && lines->size() < rows; ++i) {
    lines->push_back((*lines)[i % distinct]);
  }
  if (lines->size() > rows) lines->resize(rows);
  workload.lines = std::move(lines);
  return workload;
}

Workload make_criteo(size_t rows) {
  Workload workload;
  workload.name = "criteo";
  workload.label = "clicked";
  workload.fields.push_back({workload.label, {Kind::kInt8}});
  for (int i = 1; i <= 13; ++i) add_number(workload, "i" + std::to_string(i));
  for (int i = 1; i <= 26; ++i) add_category(workload, "c" + std::to_string(i), kCriteoBuckets);

  std::mt19937_64 random(2014);
  std::uniform_real_distribution<double> uniform(0, 1);
  auto lines = std::make_shared<std::vector<std::string>>();
  lines->reserve(rows);
  for (size_t row = 0; row < rows; ++row) {
    std::string line = uniform(random) < 0.26 ? "1" : "0";
    // Small numbers and few values are common, large and many are rare, as in the log.
    for (int i = 0; i < 13; ++i) {
      line += "\t" + std::to_string(static_cast<int>(std::pow(5000, uniform(random))) - 1);
    }
    for (const double cardinality : kCardinalities) {
      const auto value = static_cast<uint32_t>(std::pow(cardinality, uniform(random)));
      constexpr char kDigits[] = "0123456789abcdef";
      line += '\t';
      const uint32_t spread = value * 2654435761U;
      for (int shift = 28; shift >= 0; shift -= 4) line += kDigits[(spread >> shift) & 15];
    }
    lines->push_back(std::move(line));
  }
  workload.lines = std::move(lines);
  return workload;
}

std::vector<MessageBatch> batches_of(const Workload& workload, size_t batch_rows) {
  std::vector<MessageBatch> batches;
  for (size_t row = 0; row < workload.lines->size(); ++row) {
    if (row % batch_rows == 0) batches.emplace_back().owner = workload.lines;
    Message& message = batches.back().messages.emplace_back();
    message.payload = (*workload.lines)[row];
    message.offset = static_cast<int64_t>(row);
  }
  return batches;
}

bool write_vowpal_wabbit(const Workload& workload, const std::string& path) {
  std::ofstream file(path);
  const std::string& separator = workload.format.fields_terminated_by;
  std::string features;
  for (const auto& line : *workload.lines) {
    features = "|f";
    bool positive = false;
    size_t begin = 0;
    for (const auto& field : workload.fields) {
      const size_t end = std::min(line.find(separator, begin), line.size());
      std::string value = line.substr(begin, end - begin);
      begin = end + separator.size();
      if (field.name == workload.label) {
        positive =
            value == (workload.label_vocabulary.empty() ? "1" : workload.label_vocabulary[1]);
        continue;
      }
      for (char& letter : value) {
        if (letter == ' ' || letter == ':' || letter == '|') letter = '_';
      }
      features += " " + field.name + (is_text(field.type.kind) ? "=" : ":") + value;
    }
    file << (positive ? "1 " : "-1 ") << features << '\n';
  }
  file.close();
  return !file.fail();
}

}  // namespace millrace::bench
