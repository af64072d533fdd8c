#include "features/element_name.h"

#include <charconv>

namespace millrace::features {
namespace {

std::string text_of(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  return {buffer, end};
}

std::string bucket_of(const FeatureColumn& column, size_t bucket) {
  const auto& boundaries = column.boundaries;
  if (bucket == 0) return "below " + text_of(boundaries.front());
  if (bucket == boundaries.size()) return text_of(boundaries.back()) + " or more";
  return "[" + text_of(boundaries[bucket - 1]) + ", " + text_of(boundaries[bucket]) + ")";
}

std::string bucketized_name(const FeatureColumn& column, size_t id) {
  const size_t buckets = column.boundaries.size() + 1;
  const std::string bucket = bucket_of(column, id % buckets);
  if (column.children[0].shape == 1) return bucket;
  return "element " + std::to_string(id / buckets) + ": " + bucket;
}

std::string word_of(const FeatureColumn& column, size_t id) {
  if (id < column.vocabulary.size()) return column.vocabulary[id];
  return "out of vocabulary, bucket " + std::to_string(id - column.vocabulary.size());
}

}  // namespace

std::string element_name(const FeatureColumn& column, int64_t element) {
  if (element < 0) return {};
  switch (column.kind) {
    case ColumnKind::kNumeric:
      return column.shape == 1 ? std::string() : "element " + std::to_string(element);
    case ColumnKind::kBucketized:
      return bucketized_name(column, static_cast<size_t>(element));
    case ColumnKind::kVocabularyList:
    case ColumnKind::kVocabularyFile:
      return word_of(column, static_cast<size_t>(element));
    case ColumnKind::kIdentity:
      return std::to_string(element);
    case ColumnKind::kHashBucket:
    case ColumnKind::kCrossed:
      return "bucket " + std::to_string(element);
    case ColumnKind::kWeightedCategorical:
    case ColumnKind::kIndicator:
    case ColumnKind::kEmbedding:
      return element_name(column.children[0], element);
    case ColumnKind::kSharedEmbeddings:
    case ColumnKind::kKey:
      break;
  }
  return {};
}

}  // namespace millrace::features
