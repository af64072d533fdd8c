// The functions of `feature_columns => [...]`: one table says which there are, what arguments each
// takes in which order (those of tf.feature_column 2.15), and how an argument is read.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <unordered_set>

#include "data/schema.h"
#include "features/feature_column.h"
#include "features/vocabulary_file.h"

namespace millrace::features {
namespace {

constexpr int64_t kBucketsMax = std::numeric_limits<int32_t>::max();
constexpr int64_t kShapeMax = 1 << 16;
constexpr size_t kBoundariesMax = 1 << 20;
constexpr size_t kVocabularyMax = 1 << 22;
constexpr size_t kDepthMax = 16;  // of nested calls, so that a hostile statement cannot recurse far

/// `depth` counts the calls around the value.
using Reader = Status (*)(const Argument& value, FeatureColumn& column, size_t depth);

struct Parameter {
  std::string_view name;
  bool required;
  Reader read;
};

struct Function {
  std::string_view name;
  ColumnKind kind;
  std::span<const Parameter> parameters;
};

Result<FeatureColumn> make_column(const Argument& call, size_t depth);

Error wrong(const Argument& value, std::string message, std::string hint = {}) {
  return wrong(value, Code::kInvalidArgument, std::move(message), std::move(hint));
}

Result<int64_t> read_integer(const Argument& value, int64_t least, int64_t most) {
  const auto number = value.as_integer();
  if (!number) return wrong(value, Code::kTypeMismatch, value.to_sql() + " is not an integer");
  if (*number < least || *number > most) {
    return wrong(value, value.to_sql() + " is not between " + std::to_string(least) + " and " +
                            std::to_string(most));
  }
  return *number;
}

Status read_key(const Argument& value, FeatureColumn& column, size_t) {
  const auto word = value.as_word();
  if (!word || word->empty()) {
    return wrong(value, Code::kTypeMismatch, value.to_sql() + " is not the name of a column");
  }
  column.key = *word;
  return {};
}

Status read_weight_key(const Argument& value, FeatureColumn& column, size_t depth) {
  FeatureColumn named;
  TRY_OK(read_key(value, named, depth));
  column.weight_key = named.key;
  return {};
}

Status read_shape(const Argument& value, FeatureColumn& column, size_t) {
  if (value.form == Argument::Form::kList) {
    if (value.items.size() != 1) {
      return wrong(value, Code::kUnsupported, "a shape of more than one dimension is not supported",
                   "Give the number of elements, as in shape => 3.");
    }
    TRY(column.shape, read_integer(value.items[0], 1, kShapeMax));
    return {};
  }
  TRY(column.shape, read_integer(value, 1, kShapeMax));
  return {};
}

Status read_default_number(const Argument& value, FeatureColumn& column, size_t) {
  if (value.form == Argument::Form::kNull) return {};
  const auto number = value.as_number();
  if (!number || !std::isfinite(static_cast<float>(*number))) {
    return wrong(value, Code::kTypeMismatch, value.to_sql() + " is not a float32 number");
  }
  column.default_value = *number;
  return {};
}

Status read_default_id(const Argument& value, FeatureColumn& column, size_t) {
  if (value.form == Argument::Form::kNull) return {};
  TRY(const int64_t id, read_integer(value, -1, kBucketsMax));
  column.default_value = static_cast<double>(id);
  return {};
}

Status read_numeric_dtype(const Argument& value, FeatureColumn&, size_t) {
  // Every number becomes float32, as numeric_column's result does for any numeric dtype.
  constexpr std::array<std::string_view, 7> kTypes = {"float32", "float64", "float",  "double",
                                                      "int32",   "int64",   "integer"};
  const auto word = value.as_word();
  const auto same = [&](std::string_view type) { return word && same_name(type, *word); };
  if (std::any_of(kTypes.begin(), kTypes.end(), same)) return {};
  return wrong(value, Code::kTypeMismatch, value.to_sql() + " is not a numeric dtype",
               "Use float32, float64, int32 or int64.");
}

Status read_key_dtype(const Argument& value, FeatureColumn& column, size_t) {
  const auto word = value.as_word();
  const auto is = [&](std::string_view type) { return word && same_name(type, *word); };
  if (is("string")) {
    column.integer_keys = false;
  } else if (is("int64") || is("int32") || is("integer")) {
    column.integer_keys = true;
  } else if (value.form != Argument::Form::kNull) {
    return wrong(value, Code::kTypeMismatch, value.to_sql() + " is not a dtype of categories",
                 "Use string or int64.");
  }
  return {};
}

/// A normalizer by name, with the numbers it takes.
struct NormalizerFacts {
  std::string_view name;
  Normalizer::Kind kind;
  size_t numbers;
  std::string_view example;
};
constexpr std::array<NormalizerFacts, 4> kNormalizers = {{
    {"min_max", Normalizer::Kind::kMinMax, 2, "min_max(0, 100)"},
    {"z_score", Normalizer::Kind::kZScore, 2, "z_score(40, 12.5): mean and deviation"},
    {"log", Normalizer::Kind::kLog, 1, "log(1): the logarithm of the number plus 1"},
    {"standard", Normalizer::Kind::kStandard, 0, "standard(): by what the model has seen so far"},
}};

Result<const NormalizerFacts*> find_normalizer(const Argument& value) {
  std::vector<std::string_view> names;
  for (const auto& facts : kNormalizers) {
    if (same_name(facts.name, value.text)) return &facts;
    names.push_back(facts.name);
  }
  return wrong(value, Code::kNotFound, "normalizer \"" + value.text + "\" does not exist",
               did_you_mean_or_all(value.text, names));
}

Status read_normalizer(const Argument& value, FeatureColumn& column, size_t) {
  if (value.form == Argument::Form::kNull) return {};
  if (value.form != Argument::Form::kCall) {
    return wrong(value, Code::kTypeMismatch, value.to_sql() + " is not a normalizer",
                 "Write standard(), min_max(0, 100), z_score(40, 12.5) or log(1).");
  }
  TRY(const NormalizerFacts* facts, find_normalizer(value));
  std::vector<double> numbers;
  for (const auto& item : value.items) {
    const auto number = item.as_number();
    if (!number || !item.name.empty() || !std::isfinite(static_cast<float>(*number))) {
      return wrong(item, Code::kTypeMismatch, item.to_sql() + " is not a float32 number",
                   "Write " + std::string(facts->example) + ".");
    }
    numbers.push_back(*number);
  }
  if (numbers.size() != facts->numbers) {
    return wrong(value,
                 std::string(facts->name) + " takes " +
                     (facts->numbers == 0 ? "no" : std::to_string(facts->numbers)) +
                     (facts->numbers == 1 ? " number" : " numbers"),
                 "Write " + std::string(facts->example) + ".");
  }
  numbers.resize(2);
  column.normalizer = {facts->kind, numbers[0], numbers[1]};
  const auto span = static_cast<float>(
      facts->kind == Normalizer::Kind::kMinMax ? numbers[1] - numbers[0] : column.normalizer.b);
  if (facts->numbers == 2 && !(span > 0)) {
    return wrong(value, facts->kind == Normalizer::Kind::kMinMax
                            ? "the second number of min_max must be above the first"
                            : "the deviation of z_score must be above 0");
  }
  return {};
}

Status read_unsupported(const Argument& value, FeatureColumn&, size_t) {
  if (value.form == Argument::Form::kNull) return {};
  return wrong(value, Code::kUnsupported, "this argument is not supported");
}

Status read_source(const Argument& value, FeatureColumn& column, size_t depth) {
  FeatureColumn source;
  if (value.form == Argument::Form::kCall) {
    TRY(source, make_column(value, depth));
    if (source.kind != ColumnKind::kNumeric) {
      return wrong(value,
                   "the source of a bucketized_column is a numeric_column, not " + value.to_sql());
    }
    if (source.normalizer.kind == Normalizer::Kind::kStandard) {
      return wrong(value, "boundaries of standardized numbers would move while the model learns",
                   "Give the boundaries of the numbers as they are, without normalizer_fn.");
    }
  } else {
    TRY_OK(read_key(value, source, depth));
  }
  column.children = {std::move(source)};
  return {};
}

Status read_boundaries(const Argument& value, FeatureColumn& column, size_t) {
  if (value.form != Argument::Form::kList || value.items.empty()) {
    return wrong(value, Code::kTypeMismatch, value.to_sql() + " is not a list of numbers",
                 "Write boundaries => [18, 25, 30].");
  }
  if (value.items.size() > kBoundariesMax) return wrong(value, "there are too many boundaries");
  for (const auto& item : value.items) {
    const auto number = item.as_number();
    if (!number) return wrong(item, Code::kTypeMismatch, item.to_sql() + " is not a number");
    if (!column.boundaries.empty() && *number <= column.boundaries.back()) {
      return wrong(item, "boundaries must increase, and " + item.to_sql() + " does not");
    }
    column.boundaries.push_back(*number);
  }
  return {};
}

Status read_vocabulary(const Argument& value, FeatureColumn& column, size_t) {
  if (value.form != Argument::Form::kList || value.items.empty()) {
    return wrong(value, Code::kTypeMismatch, value.to_sql() + " is not a list of words",
                 "Write ['red', 'green', 'blue'], or integers.");
  }
  if (value.items.size() > kVocabularyMax) return wrong(value, "the vocabulary is too long");
  column.integer_keys = value.items[0].form == Argument::Form::kNumber;
  column.vocabulary.clear();
  std::unordered_set<std::string> seen;
  for (const auto& item : value.items) {
    const auto integer = item.as_integer();
    const auto word = item.as_word();
    if (column.integer_keys ? !integer : !word) {
      return wrong(item, Code::kTypeMismatch,
                   item.to_sql() + (column.integer_keys ? " is not an integer" : " is not text"),
                   "A vocabulary is all text or all integers.");
    }
    std::string text = integer ? std::to_string(*integer) : std::string(*word);
    if (!seen.insert(text).second) {
      return wrong(item, "the vocabulary has " + item.to_sql() + " twice");
    }
    column.vocabulary.push_back(std::move(text));
  }
  return {};
}

Status read_vocabulary_file(const Argument& value, FeatureColumn& column, size_t) {
  if (value.form != Argument::Form::kString || value.text.empty()) {
    return wrong(value, Code::kTypeMismatch, value.to_sql() + " is not the path of a file",
                 "Write 'colors.txt': a file with a word on each line.");
  }
  column.vocabulary_file = value.text;
  return {};
}

Status read_vocabulary_size(const Argument& value, FeatureColumn& column, size_t) {
  if (value.form == Argument::Form::kNull) return {};
  TRY(column.buckets, read_integer(value, 1, kVocabularyMax));
  return {};
}

Status read_separator(const Argument& value, FeatureColumn& column, size_t) {
  if (value.form == Argument::Form::kNull) return {};
  if (value.form != Argument::Form::kString || value.text.empty()) {
    return wrong(value, Code::kTypeMismatch, value.to_sql() + " is not a text to split at",
                 "Write separator => '|'.");
  }
  column.separator = value.text;
  return {};
}

Status read_buckets(const Argument& value, FeatureColumn& column, size_t) {
  TRY(column.buckets, read_integer(value, 1, kBucketsMax));
  return {};
}

Status read_oov_buckets(const Argument& value, FeatureColumn& column, size_t) {
  TRY(column.oov_buckets, read_integer(value, 0, kBucketsMax));
  return {};
}

Status read_hash_key(const Argument& value, FeatureColumn& column, size_t) {
  if (value.form == Argument::Form::kNull) return {};
  TRY(const int64_t key, read_integer(value, 0, std::numeric_limits<int64_t>::max()));
  column.hash_key = static_cast<uint64_t>(key);
  return {};
}

Status read_crossed_key(const Argument& item, FeatureColumn& column, size_t depth) {
  if (item.form != Argument::Form::kCall) {
    FeatureColumn key;
    key.kind = ColumnKind::kKey;
    TRY_OK(read_key(item, key, depth));
    column.children.push_back(std::move(key));
    return {};
  }
  TRY(FeatureColumn child, make_column(item, depth));
  if (child.kind == ColumnKind::kHashBucket) {
    return wrong(item, "crossed_column cannot cross a hash bucket column",
                 "Cross the plain column: write " + child.key + ".");
  }
  if (child.kind == ColumnKind::kNumeric) {
    return wrong(
        item, "crossed_column cannot cross a numeric column",
        "Make categories of it first: bucketized_column(" + child.key + ", boundaries => [...]).");
  }
  if (!is_categorical(child.kind) || child.kind == ColumnKind::kWeightedCategorical) {
    return wrong(item, "crossed_column cannot cross " + item.to_sql());
  }
  column.children.push_back(std::move(child));
  return {};
}

Status read_crossed_keys(const Argument& value, FeatureColumn& column, size_t depth) {
  if (value.form != Argument::Form::kList || value.items.size() < 2) {
    return wrong(value, "crossed_column needs a list of at least two keys",
                 "Write crossed_column([race, race_o], 64).");
  }
  for (const auto& item : value.items) TRY_OK(read_crossed_key(item, column, depth));
  return {};
}

Status read_categorical(const Argument& value, FeatureColumn& column, size_t depth) {
  if (value.form != Argument::Form::kCall) {
    return wrong(value, Code::kTypeMismatch, value.to_sql() + " is not a categorical column",
                 "Write categorical_column_with_...(...) or the like.");
  }
  TRY(FeatureColumn child, make_column(value, depth));
  const bool bucketized = child.kind == ColumnKind::kBucketized;
  const bool twice_weighted = column.kind == ColumnKind::kWeightedCategorical &&
                              child.kind == ColumnKind::kWeightedCategorical;
  if (!is_categorical(child.kind) || twice_weighted ||
      (bucketized && column.kind == ColumnKind::kWeightedCategorical)) {
    return wrong(value, Code::kTypeMismatch, value.to_sql() + " is not a categorical column");
  }
  column.children.push_back(std::move(child));
  return {};
}

Status read_categoricals(const Argument& value, FeatureColumn& column, size_t depth) {
  if (value.form != Argument::Form::kList || value.items.empty()) {
    return wrong(value, Code::kTypeMismatch, value.to_sql() + " is not a list of columns");
  }
  for (const auto& item : value.items) TRY_OK(read_categorical(item, column, depth));
  return {};
}

Status read_dimension(const Argument& value, FeatureColumn& column, size_t) {
  TRY(column.dimension, read_integer(value, 1, kShapeMax));
  return {};
}

Status read_combiner(const Argument& value, FeatureColumn& column, size_t) {
  const auto word = value.as_word();
  if (word && same_name(*word, "sum")) {
    column.combiner = Combiner::kSum;
  } else if (word && same_name(*word, "mean")) {
    column.combiner = Combiner::kMean;
  } else if (word && same_name(*word, "sqrtn")) {
    column.combiner = Combiner::kSqrtn;
  } else {
    return wrong(value, value.to_sql() + " is not a combiner", "Use 'sum', 'mean' or 'sqrtn'.");
  }
  return {};
}

Status read_max_norm(const Argument& value, FeatureColumn& column, size_t) {
  if (value.form == Argument::Form::kNull) return {};
  const auto number = value.as_number();
  if (!number || *number <= 0) return wrong(value, value.to_sql() + " is not a positive number");
  column.max_norm = *number;
  return {};
}

constexpr Parameter kNumeric[] = {{"key", true, read_key},
                                  {"shape", false, read_shape},
                                  {"default_value", false, read_default_number},
                                  {"dtype", false, read_numeric_dtype},
                                  {"normalizer_fn", false, read_normalizer}};
constexpr Parameter kBucketized[] = {{"source_column", true, read_source},
                                     {"boundaries", true, read_boundaries}};
constexpr Parameter kVocabularyList[] = {{"key", true, read_key},
                                         {"vocabulary_list", true, read_vocabulary},
                                         {"dtype", false, read_unsupported},
                                         {"default_value", false, read_default_id},
                                         {"num_oov_buckets", false, read_oov_buckets},
                                         {"separator", false, read_separator}};
constexpr Parameter kVocabularyFile[] = {{"key", true, read_key},
                                         {"vocabulary_file", true, read_vocabulary_file},
                                         {"vocabulary_size", false, read_vocabulary_size},
                                         {"dtype", false, read_key_dtype},
                                         {"default_value", false, read_default_id},
                                         {"num_oov_buckets", false, read_oov_buckets},
                                         {"separator", false, read_separator}};
constexpr Parameter kHashBucket[] = {{"key", true, read_key},
                                     {"hash_bucket_size", true, read_buckets},
                                     {"dtype", false, read_key_dtype},
                                     {"separator", false, read_separator}};
constexpr Parameter kIdentity[] = {{"key", true, read_key},
                                   {"num_buckets", true, read_buckets},
                                   {"default_value", false, read_default_id},
                                   {"separator", false, read_separator}};
constexpr Parameter kCrossed[] = {{"keys", true, read_crossed_keys},
                                  {"hash_bucket_size", true, read_buckets},
                                  {"hash_key", false, read_hash_key}};
constexpr Parameter kWeighted[] = {{"categorical_column", true, read_categorical},
                                   {"weight_feature_key", true, read_weight_key},
                                   {"dtype", false, read_numeric_dtype}};
constexpr Parameter kIndicator[] = {{"categorical_column", true, read_categorical}};
constexpr Parameter kEmbedding[] = {{"categorical_column", true, read_categorical},
                                    {"dimension", true, read_dimension},
                                    {"combiner", false, read_combiner},
                                    {"initializer", false, read_unsupported},
                                    {"max_norm", false, read_max_norm}};
constexpr Parameter kShared[] = {{"categorical_columns", true, read_categoricals},
                                 {"dimension", true, read_dimension},
                                 {"combiner", false, read_combiner},
                                 {"initializer", false, read_unsupported},
                                 {"max_norm", false, read_max_norm}};

constexpr std::array<Function, 11> kFunctions = {{
    {"numeric_column", ColumnKind::kNumeric, kNumeric},
    {"bucketized_column", ColumnKind::kBucketized, kBucketized},
    {"categorical_column_with_vocabulary_list", ColumnKind::kVocabularyList, kVocabularyList},
    {"categorical_column_with_vocabulary_file", ColumnKind::kVocabularyFile, kVocabularyFile},
    {"categorical_column_with_hash_bucket", ColumnKind::kHashBucket, kHashBucket},
    {"categorical_column_with_identity", ColumnKind::kIdentity, kIdentity},
    {"crossed_column", ColumnKind::kCrossed, kCrossed},
    {"weighted_categorical_column", ColumnKind::kWeightedCategorical, kWeighted},
    {"indicator_column", ColumnKind::kIndicator, kIndicator},
    {"embedding_column", ColumnKind::kEmbedding, kEmbedding},
    {"shared_embeddings", ColumnKind::kSharedEmbeddings, kShared},
}};

Result<const Function*> find_function(const Argument& call) {
  for (const auto& function : kFunctions) {
    if (same_name(function.name, call.text)) return &function;
  }
  std::vector<std::string_view> names;
  for (const auto& function : kFunctions) names.push_back(function.name);
  return wrong(call, Code::kNotFound, "feature column \"" + call.text + "\" does not exist",
               did_you_mean_or_all(call.text, names));
}

std::string argument_of(const Function& function, std::string_view name) {
  return std::string(function.name) + ": argument \"" + std::string(name) + "\"";
}

/// The parameter that argument `index` of `call` is for.
Result<size_t> parameter_of(const Function& function, const Argument& call, size_t index) {
  const Argument& given = call.items[index];
  if (given.name.empty()) {
    if (index < function.parameters.size()) return index;
    return wrong(given, std::string(function.name) + " takes at most " +
                            std::to_string(function.parameters.size()) + " arguments");
  }
  std::vector<std::string_view> names;
  for (size_t i = 0; i < function.parameters.size(); ++i) {
    if (same_name(function.parameters[i].name, given.name)) return i;
    names.push_back(function.parameters[i].name);
  }
  return wrong(given, Code::kNotFound, argument_of(function, given.name) + " does not exist",
               did_you_mean_or_all(given.name, names));
}

Status check_vocabulary(const Function& function, const Argument& call, FeatureColumn& column) {
  if (!column.vocabulary_file.empty()) {
    // `buckets` is vocabulary_size here, 0 when it was not given.
    auto words = read_vocabulary_lines(column.vocabulary_file, static_cast<size_t>(column.buckets),
                                       column.integer_keys);
    if (!words) {
      Error error = std::move(words).error();
      error.position = call.position;
      return std::move(error).within(argument_of(function, "vocabulary_file"));
    }
    column.vocabulary = std::move(*words);
  }
  const auto size = static_cast<int64_t>(column.vocabulary.size());
  if (column.default_value && column.oov_buckets > 0) {
    return wrong(call,
                 std::string(function.name) + ": give default_value or num_oov_buckets, not both");
  }
  if (column.default_value && *column.default_value >= static_cast<double>(size)) {
    return wrong(call, argument_of(function, "default_value") + " is not below " +
                           std::to_string(size) + ", the length of the vocabulary");
  }
  column.buckets = size + column.oov_buckets;
  if (column.buckets > kBucketsMax) {
    return wrong(call, argument_of(function, "num_oov_buckets") + " is too large");
  }
  return {};
}

/// What no single argument can tell.
Status check_together(const Function& function, const Argument& call, FeatureColumn& column) {
  if (column.kind == ColumnKind::kVocabularyList || column.kind == ColumnKind::kVocabularyFile) {
    TRY_OK(check_vocabulary(function, call, column));
  }
  if (column.kind == ColumnKind::kSharedEmbeddings) {
    for (const auto& child : column.children) {
      if (child.buckets == column.children[0].buckets && child.kind == column.children[0].kind) {
        continue;
      }
      return wrong(call, std::string(function.name) +
                             " needs columns of one kind with the same number of buckets");
    }
  }
  if (column.kind == ColumnKind::kIdentity && column.default_value &&
      (*column.default_value < 0 || *column.default_value >= static_cast<double>(column.buckets))) {
    return wrong(call, argument_of(function, "default_value") + " is not in [0, " +
                           std::to_string(column.buckets) + ")");
  }
  return {};
}

Result<FeatureColumn> read_arguments(const Function& function, const Argument& call, size_t depth) {
  FeatureColumn column;
  column.kind = function.kind;
  std::vector<bool> given(function.parameters.size(), false);
  for (size_t i = 0; i < call.items.size(); ++i) {
    TRY(const size_t index, parameter_of(function, call, i));
    const Parameter& parameter = function.parameters[index];
    if (given[index]) {
      return wrong(call.items[i], argument_of(function, parameter.name) + " is given twice");
    }
    given[index] = true;
    if (auto read = parameter.read(call.items[i], column, depth + 1); !read) {
      Error error = std::move(read).error();
      if (call.items[i].form == Argument::Form::kCall) return error;
      return std::move(error).within(argument_of(function, parameter.name));
    }
  }
  for (size_t i = 0; i < function.parameters.size(); ++i) {
    if (!function.parameters[i].required || given[i]) continue;
    return wrong(call, argument_of(function, function.parameters[i].name) + " is missing");
  }
  TRY_OK(check_together(function, call, column));
  return column;
}

Result<FeatureColumn> make_column(const Argument& call, size_t depth) {
  if (call.form != Argument::Form::kCall) {
    return wrong(call, Code::kTypeMismatch, call.to_sql() + " is not a feature column",
                 "Write numeric_column(" + std::string(call.as_word().value_or("name")) +
                     "), or another of TensorFlow's feature columns.");
  }
  if (depth >= kDepthMax) return wrong(call, "feature columns are nested too deeply");
  TRY(const Function* function, find_function(call));
  return read_arguments(*function, call, depth);
}

}  // namespace

Result<FeatureColumn> make_feature_column(const Argument& call) {
  return make_column(call, 0);
}

Result<std::vector<FeatureColumn>> make_feature_columns(const Argument& list) {
  if (list.form != Argument::Form::kList || list.items.empty()) {
    return wrong(list, Code::kTypeMismatch, "feature columns must be a list with at least one",
                 "Write feature_columns => [numeric_column(age), ...].");
  }
  std::vector<FeatureColumn> columns;
  std::unordered_set<std::string> names;
  for (const auto& item : list.items) {
    TRY(FeatureColumn column, make_feature_column(item));
    if (!names.insert(column.name()).second) {
      return wrong(item, Code::kAlreadyExists,
                   "there are two feature columns of the name \"" + column.name() + "\"");
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace millrace::features
