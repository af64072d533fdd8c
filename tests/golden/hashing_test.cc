// Hash buckets, crosses and bucket edges of shared/reference/golden/hashing.json, exactly: through
// the Encoder where a column can say it, and the hash itself for bucket counts above int32.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "features/feature_column.h"
#include "features/fingerprint.h"
#include "golden_case.h"

namespace millrace::golden {
namespace {

using features::Feed;

uint64_t hash_of(const Json& value) {
  if (value.is_string()) return features::fingerprint(value.get<std::string>());
  return features::fingerprint_of_integer(value.get<int64_t>());
}

TEST(Hashing, BucketsOfTextAndIntegersAreTensorFlows) {
  const Json hashing = read_json("hashing.json");
  const auto counts = hashing["bucket_counts"].get<std::vector<uint64_t>>();
  size_t compared = 0;
  for (const char* kind : {"strings", "integers"}) {
    for (const auto& entry : hashing[kind]) {
      const auto buckets = entry["buckets"].get<std::vector<uint64_t>>();
      for (size_t i = 0; i < counts.size(); ++i, ++compared) {
        EXPECT_EQ(hash_of(entry["value"]) % counts[i], buckets[i]) << entry["value"];
      }
    }
  }
  EXPECT_EQ(compared, 400 * counts.size());
}

/// One row of columns named by `features`, typed by their JSON.
Batch one_row(const Json& features) {
  std::vector<Field> fields;
  for (const auto& [name, value] : features.items()) {
    const Json& element = value.is_array() ? value[0] : value;
    const Kind kind = element.is_string()         ? Kind::kVarchar
                      : element.is_number_float() ? Kind::kFloat
                                                  : Kind::kInt64;
    fields.push_back({name, {kind, value.is_array()}});
  }
  Batch batch(std::make_shared<Schema>(fields));
  batch.reset(1);
  const auto words = std::make_shared<std::vector<std::string>>();
  words->reserve(64);
  size_t index = 0;
  for (const auto& [name, value] : features.items()) {
    Column& column = batch.column(index++);
    const Json elements = value.is_array() ? value : Json::array({value});
    if (column.type().list) {
      const uint32_t offsets[] = {0, static_cast<uint32_t>(elements.size())};
      column.set_list_offsets(offsets);
    }
    column.set_all_valid();
    for (size_t i = 0; i < elements.size(); ++i) {
      if (column.type().kind == Kind::kVarchar) {
        column.values<std::string_view>()[i] = words->emplace_back(elements[i]);
      } else if (column.type().kind == Kind::kFloat) {
        column.values<float>()[i] = elements[i];
      } else {
        column.values<int64_t>()[i] = elements[i];
      }
    }
  }
  batch.keep_alive(words);
  return batch;
}

std::vector<int32_t> ids_of(const Json& column, const Batch& row, Feed feed) {
  const auto made = features::make_feature_column(column_call(column));
  EXPECT_TRUE(made) << (made ? "" : made.error().to_string());
  if (!made) return {};
  const auto encoder =
      features::Encoder::make({*made}, features::Tower::kLinear, row.schema(), feed);
  EXPECT_TRUE(encoder) << (encoder ? "" : encoder.error().to_string());
  if (!encoder) return {};
  Encoded encoded;
  std::vector<features::RowFault> faults;
  (*encoder)->encode(row, encoded, faults);
  EXPECT_TRUE(faults.empty());
  return encoded.blocks[0].ids;
}

TEST(Hashing, CrossesAreTensorFlows) {
  const Json hashing = read_json("hashing.json");
  ASSERT_GE(hashing["crosses"].size(), 51U);
  for (const auto& cross : hashing["crosses"]) {
    Json column = {{"type", "crossed"},
                   {"keys", cross["keys"]},
                   {"hash_bucket_size", cross["hash_bucket_size"]}};
    if (!cross["hash_key"].is_null()) column["hash_key"] = cross["hash_key"];
    const Batch row = one_row(cross["features"]);
    const Feed feed = cross["sparse_features"].empty() ? Feed::kDense : Feed::kExample;
    EXPECT_EQ(ids_of(column, row, feed), cross["ids"].get<std::vector<int32_t>>()) << cross;
  }
}

TEST(Hashing, BucketEdgesAreTensorFlows) {
  const Json bucketize = read_json("hashing.json")["bucketize"];
  const Json column = {{"type", "bucketized"},
                       {"source", {{"type", "numeric"}, {"key", "age"}}},
                       {"boundaries", bucketize["boundaries"]}};
  ASSERT_FALSE(bucketize["cases"].empty());
  for (const auto& edge : bucketize["cases"]) {
    Batch row = one_row({{"age", 0.5}});
    const Json& value = edge["value"];
    const float infinity = std::numeric_limits<float>::infinity();
    row.column(0).values<float>()[0] = value == "nan"    ? std::nanf("")
                                       : value == "inf"  ? infinity
                                       : value == "-inf" ? -infinity
                                                         : value.get<float>();
    EXPECT_EQ(ids_of(column, row, Feed::kDense),
              std::vector<int32_t>{edge["bucket"].get<int32_t>()})
        << value;
  }
}

}  // namespace
}  // namespace millrace::golden
