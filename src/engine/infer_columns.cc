#include "engine/infer_columns.h"

#include <charconv>
#include <cmath>

#include "engine/model_entry.h"
#include "engine/row_check.h"

namespace millrace::engine {
namespace {

using Form = Argument::Form;

/// About the fourth root of infer_columns()'s number of buckets.
constexpr const char* kDimension = "6";

Argument make(Form form, std::string text, std::vector<Argument> items = {}) {
  Argument argument;
  argument.form = form;
  argument.text = std::move(text);
  argument.items = std::move(items);
  return argument;
}

/// Nothing is known of the numbers' scale.
Argument standardized() {
  auto call = make(Form::kCall, "standard");
  call.name = "normalizer_fn";
  return call;
}

Argument argument_of(const features::FeatureColumn& column, features::Tower tower) {
  const auto key = make(Form::kName, column.key);
  if (column.kind == features::ColumnKind::kNumeric)
    return make(Form::kCall, "numeric_column", {key, standardized()});
  auto bucket = make(Form::kCall, "categorical_column_with_hash_bucket",
                     {key, make(Form::kNumber, std::to_string(column.buckets))});
  if (tower == features::Tower::kLinear) return bucket;
  return make(Form::kCall, "embedding_column",
              {std::move(bucket), make(Form::kNumber, kDimension)});
}

/// The columns that are learned, or weigh, and so are no features.
std::vector<std::string> targets_of(const estimator::EstimatorSpec& spec) {
  auto targets = label_names(spec);
  targets.push_back(spec.weight_column);
  return targets;
}

enum class Held : uint8_t { kNothing, kNumbers, kTexts };

/// An empty text is no value.
Held what_is_in(const Column& texts, size_t rows) {
  Held held = Held::kNothing;
  const auto values = texts.values<std::string_view>();
  for (size_t row = 0; row < rows; ++row) {
    if (!texts.is_valid(row) || values[row].empty()) continue;
    const char* const end = values[row].data() + values[row].size();
    double number = 0;
    const auto [stop, error] = std::from_chars(values[row].data(), end, number);
    if (error != std::errc() || stop != end || !std::isfinite(number)) return Held::kTexts;
    held = Held::kNumbers;
  }
  return held;
}

}  // namespace

Schema typed_by_values(const Batch& rows) {
  std::vector<Field> fields;
  for (size_t i = 0; i < rows.column_count(); ++i) {
    Field field = rows.schema().fields()[i];
    if (field.type.kind == Kind::kVarchar && !field.type.list) {
      const Held held = what_is_in(rows.column(i), rows.rows());
      if (held == Held::kNothing) continue;
      if (held == Held::kNumbers) field.type.kind = Kind::kDouble;
    }
    fields.push_back(std::move(field));
  }
  return Schema(std::move(fields));
}

bool is_auto(const Argument& argument) {
  return argument.form == Form::kName && same_name(argument.text, "auto");
}

Result<ModelDefinition> infer_definition(const ModelEntry& model, const Schema& rows) {
  const auto columns = features::infer_columns(rows, targets_of(model.spec()));
  if (columns.empty())
    return Error(Code::kInvalidArgument,
                 "model \"" + model.name().name + "\": no column of the rows is a feature",
                 "feature_columns => auto takes columns of numbers and of texts.");
  ModelDefinition definition = model.definition();
  using Kind = estimator::EstimatorKind;
  const Kind kind = model.spec().kind;
  const bool layers = kind == Kind::kDnnClassifier || kind == Kind::kDnnRegressor;
  for (auto& item : definition.estimator.items) {
    if (!item.name.ends_with("feature_columns") || !is_auto(item)) continue;
    const bool dnn = layers || item.name.starts_with("dnn");
    const std::string name = item.name;
    item = make(Form::kList, {});
    item.name = name;
    for (const auto& column : columns)
      item.items.push_back(
          argument_of(column, dnn ? features::Tower::kDnn : features::Tower::kLinear));
  }
  return definition;
}

}  // namespace millrace::engine
