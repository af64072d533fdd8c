#include "features/feature_column.h"

#include <algorithm>
#include <charconv>

#include "data/schema.h"

namespace millrace::features {
namespace {

void add_leaf_names(const FeatureColumn& cross, std::vector<std::string>& names) {
  for (const auto& child : cross.children) {
    if (child.kind == ColumnKind::kCrossed) {
      add_leaf_names(child, names);
    } else {
      names.push_back(child.name());
    }
  }
}

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  std::string text;
  for (const auto& part : parts) {
    if (!text.empty()) text += between;
    text += part;
  }
  return text;
}

void add_key(const std::string& key, std::vector<std::string>& keys) {
  const auto same = [&](const std::string& known) { return same_name(known, key); };
  if (!key.empty() && std::none_of(keys.begin(), keys.end(), same)) keys.push_back(key);
}

void add_keys(const FeatureColumn& column, std::vector<std::string>& keys) {
  add_key(column.key, keys);
  for (const auto& child : column.children) add_keys(child, keys);
  add_key(column.weight_key, keys);
}

Argument literal(Argument::Form form, std::string text) {
  Argument argument;
  argument.form = form;
  argument.text = std::move(text);
  return argument;
}

std::string name_sql(const std::string& name) {
  return literal(Argument::Form::kName, name).to_sql();
}

std::string string_sql(const std::string& text) {
  return literal(Argument::Form::kString, text).to_sql();
}

/// The shortest text that reads back as the same number.
std::string number_sql(double value) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return error == std::errc() ? std::string(buffer, end) : std::string("0");
}

std::string vocabulary_sql(const FeatureColumn& column) {
  std::vector<std::string> words;
  for (const auto& word : column.vocabulary) {
    words.push_back(column.integer_keys ? word : string_sql(word));
  }
  return "[" + joined(words, ", ") + "]";
}

std::string children_sql(const FeatureColumn& column) {
  std::vector<std::string> parts;
  for (const auto& child : column.children) parts.push_back(child.to_sql());
  return joined(parts, ", ");
}

std::string boundaries_sql(const FeatureColumn& column) {
  std::vector<std::string> parts;
  for (const double boundary : column.boundaries) parts.push_back(number_sql(boundary));
  return "[" + joined(parts, ", ") + "]";
}

std::string default_sql(const FeatureColumn& column) {
  if (!column.default_value) return {};
  return ", default_value => " + number_sql(*column.default_value);
}

std::string_view combiner_name(Combiner combiner) {
  constexpr std::string_view kNames[] = {"sum", "mean", "sqrtn"};
  return kNames[static_cast<size_t>(combiner)];
}

std::string embedding_sql(const FeatureColumn& column) {
  std::string text = ", " + std::to_string(column.dimension);
  if (column.combiner != Combiner::kMean) {
    text += ", combiner => '" + std::string(combiner_name(column.combiner)) + "'";
  }
  if (column.max_norm > 0) text += ", max_norm => " + number_sql(column.max_norm);
  return text;
}

std::string normalizer_sql(const Normalizer& normalizer) {
  const std::string a = number_sql(normalizer.a);
  const std::string b = number_sql(normalizer.b);
  switch (normalizer.kind) {
    case Normalizer::Kind::kNone:
      break;
    case Normalizer::Kind::kMinMax:
      return ", normalizer_fn => min_max(" + a + ", " + b + ")";
    case Normalizer::Kind::kZScore:
      return ", normalizer_fn => z_score(" + a + ", " + b + ")";
    case Normalizer::Kind::kLog:
      return ", normalizer_fn => log(" + a + ")";
    case Normalizer::Kind::kStandard:
      return ", normalizer_fn => standard()";
  }
  return {};
}

std::string words_sql(const FeatureColumn& column) {
  if (column.vocabulary_file.empty()) return ", " + vocabulary_sql(column);
  const auto lines = static_cast<int64_t>(column.vocabulary.size());
  return ", " + string_sql(column.vocabulary_file) + ", " + std::to_string(lines) +
         (column.integer_keys ? ", dtype => int64" : "");
}

/// What stands between the parentheses of a leaf.
std::string leaf_sql(const FeatureColumn& column) {
  std::string text = name_sql(column.key);
  if (column.kind == ColumnKind::kNumeric) {
    if (column.shape != 1) text += ", shape => " + std::to_string(column.shape);
    text += normalizer_sql(column.normalizer);
  } else if (!column.vocabulary.empty()) {
    text += words_sql(column);
    if (column.oov_buckets > 0) {
      text += ", num_oov_buckets => " + std::to_string(column.oov_buckets);
    }
  } else {
    text += ", " + std::to_string(column.buckets);
    if (column.kind == ColumnKind::kHashBucket && column.integer_keys) text += ", dtype => int64";
  }
  text += default_sql(column);
  if (!column.separator.empty()) text += ", separator => " + string_sql(column.separator);
  return text;
}

}  // namespace

bool is_categorical(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kBucketized:
    case ColumnKind::kVocabularyList:
    case ColumnKind::kVocabularyFile:
    case ColumnKind::kHashBucket:
    case ColumnKind::kIdentity:
    case ColumnKind::kCrossed:
    case ColumnKind::kWeightedCategorical:
      return true;
    case ColumnKind::kNumeric:
    case ColumnKind::kIndicator:
    case ColumnKind::kEmbedding:
    case ColumnKind::kSharedEmbeddings:
    case ColumnKind::kKey:
      break;
  }
  return false;
}

std::string FeatureColumn::name() const {
  switch (kind) {
    case ColumnKind::kBucketized:
      return children[0].name() + "_bucketized";
    case ColumnKind::kCrossed: {
      std::vector<std::string> names;
      add_leaf_names(*this, names);
      std::sort(names.begin(), names.end());
      return joined(names, "_X_");
    }
    case ColumnKind::kWeightedCategorical:
      return children[0].name() + "_weighted_by_" + weight_key;
    case ColumnKind::kIndicator:
      return children[0].name() + "_indicator";
    case ColumnKind::kEmbedding:
      return children[0].name() + "_embedding";
    case ColumnKind::kSharedEmbeddings: {
      std::vector<std::string> names;
      for (const auto& child : children) names.push_back(child.name());
      std::sort(names.begin(), names.end());
      return joined(names, "_") + "_shared_embedding";
    }
    case ColumnKind::kNumeric:
    case ColumnKind::kVocabularyList:
    case ColumnKind::kVocabularyFile:
    case ColumnKind::kHashBucket:
    case ColumnKind::kIdentity:
    case ColumnKind::kKey:
      break;
  }
  return key;
}

std::vector<std::string> FeatureColumn::keys() const {
  std::vector<std::string> keys;
  add_keys(*this, keys);
  return keys;
}

std::string FeatureColumn::to_sql() const {
  switch (kind) {
    case ColumnKind::kKey:
      return name_sql(key);
    case ColumnKind::kNumeric:
      return "numeric_column(" + leaf_sql(*this) + ")";
    case ColumnKind::kBucketized: {
      const FeatureColumn& source = children[0];
      const bool plain =
          source.shape == 1 && !source.default_value && source.normalizer == Normalizer{};
      return "bucketized_column(" + (plain ? name_sql(source.key) : source.to_sql()) +
             ", boundaries => " + boundaries_sql(*this) + ")";
    }
    case ColumnKind::kVocabularyList:
      return "categorical_column_with_vocabulary_list(" + leaf_sql(*this) + ")";
    case ColumnKind::kVocabularyFile:
      return "categorical_column_with_vocabulary_file(" + leaf_sql(*this) + ")";
    case ColumnKind::kHashBucket:
      return "categorical_column_with_hash_bucket(" + leaf_sql(*this) + ")";
    case ColumnKind::kIdentity:
      return "categorical_column_with_identity(" + leaf_sql(*this) + ")";
    case ColumnKind::kCrossed:
      return "crossed_column([" + children_sql(*this) + "], " + std::to_string(buckets) +
             (hash_key == 0 ? "" : ", hash_key => " + std::to_string(hash_key)) + ")";
    case ColumnKind::kWeightedCategorical:
      return "weighted_categorical_column(" + children_sql(*this) + ", " + name_sql(weight_key) +
             ")";
    case ColumnKind::kIndicator:
      return "indicator_column(" + children_sql(*this) + ")";
    case ColumnKind::kEmbedding:
      return "embedding_column(" + children_sql(*this) + embedding_sql(*this) + ")";
    case ColumnKind::kSharedEmbeddings:
      return "shared_embeddings([" + children_sql(*this) + "]" + embedding_sql(*this) + ")";
  }
  return {};
}

}  // namespace millrace::features
