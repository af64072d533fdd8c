// Reading CREATE MODEL's call into an EstimatorSpec: one table of arguments, each with the
// estimators that take it (tensorflow_estimator 2.15 canned/*.py). Labels, which the spec alone
// decides, are here too.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "data/schema.h"
#include "estimator/activation.h"
#include "estimator/estimator_name.h"
#include "estimator/estimator.h"
#include "estimator/optimizer_spec.h"

namespace millrace::estimator {
namespace {

constexpr int64_t kClassesMax = 1 << 16;
constexpr int64_t kBatchSizeMax = 1 << 20;
constexpr size_t kLayersMax = 64;
constexpr size_t kThresholdsMax = 100;
constexpr int64_t kUnitsMax = 1 << 16;
constexpr int64_t kVersionsMax = 1'000'000;
constexpr double kKeepSecondsMax = 100 * 366 * 86400.0;

// Which estimators an argument belongs to.
enum : uint8_t {
  kLinear = 1,
  kDnn = 2,
  kCombined = 4,
  kClassifier = 8,
  kRegressor = 16,
  kAll = kLinear | kDnn | kCombined
};

struct EstimatorFacts {
  EstimatorKind kind;
  std::string_view name;
  uint8_t traits;
};

constexpr std::array<EstimatorFacts, 6> kEstimators = {{
    {EstimatorKind::kLinearClassifier, "LinearClassifier", kLinear | kClassifier},
    {EstimatorKind::kLinearRegressor, "LinearRegressor", kLinear | kRegressor},
    {EstimatorKind::kDnnClassifier, "DNNClassifier", kDnn | kClassifier},
    {EstimatorKind::kDnnRegressor, "DNNRegressor", kDnn | kRegressor},
    {EstimatorKind::kDnnLinearCombinedClassifier, "DNNLinearCombinedClassifier",
     kCombined | kClassifier},
    {EstimatorKind::kDnnLinearCombinedRegressor, "DNNLinearCombinedRegressor",
     kCombined | kRegressor},
}};

/// What an argument's reader may look at besides its value.
struct Reading {
  EstimatorSpec& spec;
  float linear_learning_rate;              // of an optimizer given by name
  float linear_learning_rate_none;         // of optimizer => NULL
  std::optional<float> dnn_learning_rate;  // of an optimizer given by name; else Keras's default
};

using Reader = Status (*)(const Argument& value, Reading& reading);

struct SpecArgument {
  std::string_view name;
  uint8_t towers;  // kLinear | kDnn | kCombined
  uint8_t heads;   // 0 = both
  Reader read;
};

Error not_a(const Argument& value, std::string_view what, std::string hint = {}) {
  return wrong(
      value, Code::kTypeMismatch,
      "argument \"" + value.name + "\" is " + std::string(what) + ", not " + value.to_sql(),
      std::move(hint));
}

Result<int64_t> integer_between(const Argument& value, int64_t least, int64_t most) {
  const auto number = value.as_integer();
  if (!number) return not_a(value, "an integer");
  if (*number < least || *number > most) {
    return wrong(value, Code::kInvalidArgument,
                 "argument \"" + value.name + "\" must be between " + std::to_string(least) +
                     " and " + std::to_string(most));
  }
  return *number;
}

Status read_nothing(const Argument&, Reading&) {
  return {};
}

Status read_label(const Argument& value, Reading& reading) {
  const auto word = value.as_word();
  if (!word || word->empty()) return not_a(value, "the name of a column");
  reading.spec.label = *word;
  return {};
}

Status read_weight_column(const Argument& value, Reading& reading) {
  if (value.form == Argument::Form::kNull) return {};
  const auto word = value.as_word();
  if (!word || word->empty()) return not_a(value, "the name of a column");
  reading.spec.weight_column = *word;
  return {};
}

Status read_n_classes(const Argument& value, Reading& reading) {
  TRY(reading.spec.n_classes, integer_between(value, 2, kClassesMax));
  return {};
}

Status read_label_dimension(const Argument& value, Reading& reading) {
  TRY(reading.spec.label_dimension, integer_between(value, 1, kClassesMax));
  return {};
}

Status read_label_vocabulary(const Argument& value, Reading& reading) {
  if (value.form == Argument::Form::kNull) return {};
  if (value.form != Argument::Form::kList) {
    return not_a(value, "a list of text", "Write label_vocabulary => ['no', 'yes'].");
  }
  auto& words = reading.spec.label_vocabulary;
  for (const auto& item : value.items) {
    if (item.form != Argument::Form::kString) {
      return not_a(value, "a list of text", "Labels that are class numbers need no vocabulary.");
    }
    if (std::find(words.begin(), words.end(), item.text) != words.end()) {
      return wrong(item, Code::kInvalidArgument,
                   "argument \"label_vocabulary\" has " + item.to_sql() + " twice");
    }
    words.push_back(item.text);
  }
  return {};
}

Status read_thresholds(const Argument& value, Reading& reading) {
  if (value.form == Argument::Form::kNull) return {};
  if (value.form != Argument::Form::kList || value.items.size() > kThresholdsMax) {
    return not_a(value, "a list of probabilities", "Write thresholds => [0.25, 0.75].");
  }
  for (const auto& item : value.items) {
    const auto threshold = item.as_number();
    if (!threshold || !(static_cast<float>(*threshold) > 0 && static_cast<float>(*threshold) < 1)) {
      return wrong(item, Code::kInvalidArgument,
                   "argument \"thresholds\" holds numbers between 0 and 1, not " + item.to_sql());
    }
    reading.spec.thresholds.push_back(static_cast<float>(*threshold));
  }
  return {};
}

Status read_loss_reduction(const Argument& value, Reading& reading) {
  const auto word = value.as_word();
  if (word && (same_name(*word, "sum_over_batch_size") || same_name(*word, "auto"))) {
    reading.spec.loss_reduction = LossReduction::kSumOverBatchSize;
  } else if (word && same_name(*word, "sum")) {
    reading.spec.loss_reduction = LossReduction::kSum;
  } else {
    return not_a(value, "a loss reduction", "Use SUM_OVER_BATCH_SIZE or SUM.");
  }
  return {};
}

Status read_sparse_combiner(const Argument& value, Reading& reading) {
  const auto word = value.as_word();
  if (word && same_name(*word, "sum")) {
    reading.spec.sparse_combiner = Combiner::kSum;
  } else if (word && same_name(*word, "mean")) {
    reading.spec.sparse_combiner = Combiner::kMean;
  } else if (word && same_name(*word, "sqrtn")) {
    reading.spec.sparse_combiner = Combiner::kSqrtn;
  } else {
    return not_a(value, "a combiner", "Use 'sum', 'mean' or 'sqrtn'.");
  }
  return {};
}

Status read_linear_optimizer(const Argument& value, Reading& reading) {
  if (value.form == Argument::Form::kNull) {
    reading.spec.linear_optimizer = OptimizerSpec{};
    reading.spec.linear_optimizer.learning_rate = reading.linear_learning_rate_none;
    return {};
  }
  TRY(reading.spec.linear_optimizer, make_optimizer_spec(value, reading.linear_learning_rate));
  return {};
}

Status read_dnn_optimizer(const Argument& value, Reading& reading) {
  TRY(reading.spec.dnn_optimizer, make_optimizer_spec(value, reading.dnn_learning_rate));
  return {};
}

Status read_hidden_units(const Argument& value, Reading& reading) {
  if (value.form != Argument::Form::kList || value.items.empty() ||
      value.items.size() > kLayersMax) {
    return not_a(value, "a list of layer sizes", "Write hidden_units => [64, 32].");
  }
  for (Argument item : value.items) {
    item.name = value.name;
    TRY(const int64_t units, integer_between(item, 1, kUnitsMax));
    reading.spec.hidden_units.push_back(units);
  }
  return {};
}

Status read_activation(const Argument& value, Reading& reading) {
  if (value.form == Argument::Form::kNull) {
    reading.spec.activation = Activation::kLinear;
    return {};
  }
  const auto word = value.as_word();
  if (!word) return not_a(value, "the name of an activation", "Use relu, tanh, sigmoid, ...");
  const auto activation = activation_of(*word);
  if (!activation) {
    return wrong(value, Code::kNotFound, "activation \"" + value.text + "\" does not exist",
                 did_you_mean_or_all(value.text, activation_names()));
  }
  reading.spec.activation = *activation;
  return {};
}

Status read_dropout(const Argument& value, Reading& reading) {
  if (value.form == Argument::Form::kNull) return {};
  const auto rate = value.as_number();
  if (!rate || *rate < 0 || static_cast<float>(*rate) >= 1) {
    return not_a(value, "a number from 0 to below 1");
  }
  reading.spec.dropout = static_cast<float>(*rate);
  return {};
}

Status read_batch_norm(const Argument& value, Reading& reading) {
  if (value.form != Argument::Form::kBool) return not_a(value, "true or false");
  reading.spec.batch_norm = same_name(value.text, "true");
  return {};
}

Status read_batch_size(const Argument& value, Reading& reading) {
  TRY(reading.spec.batch_size, integer_between(value, 1, kBatchSizeMax));
  return {};
}

Status read_seed(const Argument& value, Reading& reading) {
  TRY(const int64_t seed, integer_between(value, 0, std::numeric_limits<int64_t>::max()));
  reading.spec.seed = static_cast<uint64_t>(seed);
  return {};
}

Status read_warm_start_from(const Argument& value, Reading& reading) {
  if (value.form == Argument::Form::kNull) return {};
  const auto word = value.as_word();
  if (!word || word->empty()) return not_a(value, "the name of a model");
  reading.spec.warm_start_from = *word;
  return {};
}

Status read_keep_versions(const Argument& value, Reading& reading) {
  TRY(reading.spec.keep_versions, integer_between(value, 1, kVersionsMax));
  return {};
}

/// '7 days', '90 minutes', or a number of seconds.
Status read_keep_for(const Argument& value, Reading& reading) {
  if (value.form == Argument::Form::kNull) return {};
  constexpr std::array<std::pair<std::string_view, double>, 5> kUnits = {
      {{"second", 1}, {"minute", 60}, {"hour", 3600}, {"day", 86400}, {"week", 604800}}};
  std::optional<double> seconds = value.as_number();
  if (value.form == Argument::Form::kString) {
    double count = 0;
    const auto* end = value.text.data() + value.text.size();
    const auto [rest, parsed] = std::from_chars(value.text.data(), end, count);
    std::string unit(rest, end);
    unit.erase(0, std::min(unit.find_first_not_of(' '), unit.size()));
    if (unit.ends_with('s')) unit.pop_back();
    for (const auto& [name, factor] : kUnits) {
      if (parsed == std::errc() && same_name(name, unit)) seconds = count * factor;
    }
  }
  if (!seconds || !(*seconds >= 0) || *seconds > kKeepSecondsMax) {
    return not_a(value, "a time", "Write keep_for => '7 days', or a number of seconds.");
  }
  reading.spec.keep_for_micros = static_cast<int64_t>(*seconds * 1e6);
  return {};
}

constexpr SpecArgument kArguments[] = {
    {"label", kAll, 0, read_label},
    {"feature_columns", kLinear | kDnn, 0, read_nothing},
    {"linear_feature_columns", kCombined, 0, read_nothing},
    {"dnn_feature_columns", kCombined, 0, read_nothing},
    {"weight_column", kAll, 0, read_weight_column},
    {"n_classes", kAll, kClassifier, read_n_classes},
    {"label_dimension", kAll, kRegressor, read_label_dimension},
    {"label_vocabulary", kAll, kClassifier, read_label_vocabulary},
    {"thresholds", kAll, kClassifier, read_thresholds},
    {"loss_reduction", kAll, 0, read_loss_reduction},
    {"optimizer", kLinear, 0, read_linear_optimizer},
    {"linear_optimizer", kCombined, 0, read_linear_optimizer},
    {"optimizer", kDnn, 0, read_dnn_optimizer},
    {"dnn_optimizer", kCombined, 0, read_dnn_optimizer},
    {"hidden_units", kDnn, 0, read_hidden_units},
    {"dnn_hidden_units", kCombined, 0, read_hidden_units},
    {"activation_fn", kDnn, 0, read_activation},
    {"dnn_activation_fn", kCombined, 0, read_activation},
    {"dropout", kDnn, 0, read_dropout},
    {"dnn_dropout", kCombined, 0, read_dropout},
    {"batch_norm", kDnn | kCombined, 0, read_batch_norm},
    {"sparse_combiner", kLinear, 0, read_sparse_combiner},
    {"linear_sparse_combiner", kCombined, 0, read_sparse_combiner},
    {"batch_size", kAll, 0, read_batch_size},
    {"seed", kAll, 0, read_seed},
    {"warm_start_from", kAll, 0, read_warm_start_from},
    {"keep_versions", kAll, 0, read_keep_versions},
    {"keep_for", kAll, 0, read_keep_for},
};

bool belongs(const SpecArgument& argument, const EstimatorFacts& facts) {
  return (argument.towers & facts.traits) != 0 &&
         (argument.heads == 0 || (argument.heads & facts.traits) != 0);
}

Result<const EstimatorFacts*> find_estimator(const Argument& call) {
  std::vector<std::string_view> names;
  for (const auto& facts : kEstimators) {
    if (same_name(facts.name, call.text)) {
      return &facts;
    }
    names.push_back(facts.name);
  }
  return wrong(call, Code::kNotFound, "estimator \"" + call.text + "\" does not exist",
               did_you_mean_or_all(call.text, names));
}

Result<const SpecArgument*> find_argument(const EstimatorFacts& facts, const Argument& given) {
  if (given.name.empty()) {
    return wrong(given, Code::kInvalidArgument,
                 "the arguments of " + std::string(facts.name) + " are given by name",
                 "Write feature_columns => [...], label => ...");
  }
  std::vector<std::string_view> names;
  for (const auto& argument : kArguments) {
    if (!belongs(argument, facts)) continue;
    if (same_name(argument.name, given.name)) return &argument;
    names.push_back(argument.name);
  }
  return wrong(given, Code::kNotFound,
               std::string(facts.name) + " has no argument \"" + given.name + "\"",
               did_you_mean_or_all(given.name, names));
}

Status check_present(const EstimatorFacts& facts, const Argument& call) {
  if (call.find("label") == nullptr) {
    return wrong(call, Code::kInvalidArgument, "argument \"label\" is missing",
                 "Write label => the column that holds it.");
  }
  const bool combined = (facts.traits & kCombined) != 0;
  const std::string_view hidden = combined ? "dnn_hidden_units" : "hidden_units";
  const bool needs_hidden =
      combined ? call.find("dnn_feature_columns") != nullptr : (facts.traits & kDnn) != 0;
  if (needs_hidden && call.find(hidden) == nullptr) {
    return wrong(call, Code::kInvalidArgument,
                 "argument \"" + std::string(hidden) + "\" is missing",
                 "Write " + std::string(hidden) + " => [64, 32].");
  }
  if (combined) {
    if (call.find("linear_feature_columns") != nullptr ||
        call.find("dnn_feature_columns") != nullptr) {
      return {};
    }
    return wrong(call, Code::kInvalidArgument,
                 "either linear_feature_columns or dnn_feature_columns must be given");
  }
  if (call.find("feature_columns") == nullptr) {
    return wrong(call, Code::kInvalidArgument, "argument \"feature_columns\" is missing",
                 "Write feature_columns => [numeric_column(age), ...].");
  }
  return {};
}

Status check_thresholds(const EstimatorSpec& spec, const Argument& call) {
  if (spec.thresholds.empty() || spec.n_classes == 2) return {};
  const Argument* at = call.find("thresholds");
  return wrong(at != nullptr ? *at : call, Code::kInvalidArgument,
               "argument \"thresholds\" is for two classes, and there are " +
                   std::to_string(spec.n_classes));
}

Status check_vocabulary(const EstimatorSpec& spec, const Argument& call) {
  if (spec.label_vocabulary.empty()) return {};
  if (std::cmp_equal(spec.label_vocabulary.size(), spec.n_classes)) return {};
  const Argument* at = call.find("label_vocabulary");
  return wrong(at != nullptr ? *at : call, Code::kInvalidArgument,
               "argument \"label_vocabulary\" has " + std::to_string(spec.label_vocabulary.size()) +
                   " words for " + std::to_string(spec.n_classes) + " classes");
}

Result<EstimatorSpec> read_call(const Argument& call, size_t linear_columns) {
  TRY(const EstimatorFacts* facts, find_estimator(call));
  const float by_columns =
      linear_columns == 0 ? 1.0F : static_cast<float>(1 / std::sqrt(double(linear_columns)));
  EstimatorSpec spec;
  spec.kind = facts->kind;
  spec.dnn_optimizer.kind = OptimizerKind::kAdagrad;
  spec.dnn_optimizer.learning_rate = 0.001F;
  Reading reading{spec, 0.2F, std::min(0.2F, by_columns), std::nullopt};
  if ((facts->traits & kCombined) != 0) {
    reading.linear_learning_rate = reading.linear_learning_rate_none = std::min(0.005F, by_columns);
  }
  spec.linear_optimizer.learning_rate = reading.linear_learning_rate;
  std::vector<std::string_view> seen;
  for (const auto& given : call.items) {
    TRY(const SpecArgument* argument, find_argument(*facts, given));
    if (std::find(seen.begin(), seen.end(), argument->name) != seen.end()) {
      return wrong(given, Code::kInvalidArgument, "argument \"" + given.name + "\" is given twice");
    }
    seen.push_back(argument->name);
    TRY_OK(argument->read(given, reading));
  }
  TRY_OK(check_present(*facts, call));
  TRY_OK(check_vocabulary(spec, call));
  TRY_OK(check_thresholds(spec, call));
  return spec;
}

std::string number_text(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  return {buffer, end};
}

}  // namespace

std::string_view name_of(EstimatorKind kind) {
  return kEstimators[static_cast<size_t>(kind)].name;
}

bool EstimatorSpec::is_classifier() const {
  return (kEstimators[static_cast<size_t>(kind)].traits & kClassifier) != 0;
}

int64_t EstimatorSpec::units() const {
  if (!is_classifier()) return label_dimension;
  return n_classes == 2 ? 1 : n_classes;
}

Result<EstimatorSpec> make_estimator_spec(std::string_view model_name, const Argument& call,
                                          size_t linear_columns) {
  auto spec = read_call(call, linear_columns);
  if (spec) return spec;
  return std::move(spec).error().within("cannot create model \"" + std::string(model_name) + "\"");
}

std::string check_label(const EstimatorSpec& spec, double label) {
  if (!spec.is_classifier()) {
    if (std::isfinite(static_cast<float>(label))) return {};
    return "label " + number_text(label) + " is not a finite float32 number";
  }
  if (spec.n_classes == 2) {
    if (label >= 0 && label <= 1) return {};
    return "label " + number_text(label) + " is not in [0, 1]";
  }
  const bool whole = label == std::floor(label);
  if (whole && label >= 0 && label < static_cast<double>(spec.n_classes)) return {};
  return "label " + number_text(label) + " is not a class in [0, " +
         std::to_string(spec.n_classes - 1) + "]";
}

int64_t class_of(const EstimatorSpec& spec, std::string_view label) {
  const auto& words = spec.label_vocabulary;
  const auto found = std::find(words.begin(), words.end(), label);
  return found == words.end() ? -1 : found - words.begin();
}

std::string class_name(const EstimatorSpec& spec, int64_t class_id) {
  const auto index = static_cast<size_t>(class_id);
  if (class_id >= 0 && index < spec.label_vocabulary.size()) return spec.label_vocabulary[index];
  return std::to_string(class_id);
}

}  // namespace millrace::estimator
