#include "engine/model_tables.h"

#include <algorithm>
#include <cmath>
#include <queue>

#include "data/row_builder.h"
#include "engine/explainer.h"
#include "engine/table_columns.h"
#include "estimator/estimator_name.h"
#include "features/element_name.h"

namespace millrace::engine {
namespace {

Value text_or_null(std::string text) {
  return text.empty() ? Value() : Value(std::move(text));
}

std::string shape_of(const estimator::Variable& variable) {
  std::string shape = "[";
  for (const int64_t size : variable.shape) {
    if (shape.size() > 1) shape += ", ";
    shape += std::to_string(size);
  }
  return shape + "]";
}

/// One weight among all of a model's.
struct Place {
  float size = 0;
  size_t variable = 0;
  size_t index = 0;
};
/// Whether `a` is shown before `b`.
bool before(const Place& a, const Place& b) {
  if (a.size != b.size) return a.size > b.size;
  return a.variable != b.variable ? a.variable < b.variable : a.index < b.index;
}

std::vector<Place> largest_of(const std::vector<estimator::Variable>& variables) {
  std::priority_queue<Place, std::vector<Place>, decltype(&before)> kept(before);
  for (size_t i = 0; i < variables.size(); ++i) {
    for (size_t k = 0; k < variables[i].values.size(); ++k) {
      const Place place{std::fabs(variables[i].values[k]), i, k};
      if (place.size == 0) continue;
      if (kept.size() == kDescribedMax && !before(place, kept.top())) continue;
      kept.push(place);
      if (kept.size() > kDescribedMax) kept.pop();
    }
  }
  std::vector<Place> places;
  for (; !kept.empty(); kept.pop()) places.push_back(kept.top());
  std::reverse(places.begin(), places.end());
  return places;
}

/// What a variable's rows are: the elements of a feature column, or nothing that has a name.
struct Described {
  std::string tower;    // "linear", "dnn"
  std::string feature;  // the feature column's name, "bias", or the variable's
  const features::FeatureColumn* column = nullptr;
  bool by_class = false;  // its columns are the logits
};

Described describe_variable(const ModelColumns& columns, std::string_view name) {
  constexpr std::string_view kLinear = "linear/linear_model/";
  constexpr std::string_view kWeights = "/weights";
  constexpr std::string_view kTable = "/embedding_weights";
  Described described;
  described.tower = name.starts_with(kLinear) ? "linear" : "dnn";
  std::string_view rest = name.substr(name.starts_with(kLinear) ? kLinear.size() : 0);
  if (rest.starts_with("dnn/")) rest.remove_prefix(4);
  if (described.tower == "linear" && rest == "bias_weights")
    return {"linear", "bias", nullptr, true};
  if (rest.ends_with(kTable)) {
    std::string_view feature = rest.substr(0, rest.size() - kTable.size());
    feature = feature.substr(feature.rfind('/') + 1);
    described.column = column_named(columns, feature);
    if (described.column != nullptr) rest = feature;
  } else if (described.tower == "linear" && rest.ends_with(kWeights)) {
    const auto feature = rest.substr(0, rest.size() - kWeights.size());
    described.column = column_named(columns, feature);
    described.by_class = described.column != nullptr;
    if (described.by_class) rest = feature;
  }
  described.feature = rest;
  return described;
}

/// The class, or which of several labels, a logit is of; nothing where there is one logit.
std::string unit_name(const estimator::EstimatorSpec& spec, size_t unit) {
  if (spec.units() == 1) return {};
  if (spec.is_classifier()) return estimator::class_name(spec, static_cast<int64_t>(unit));
  return spec.label + "_" + std::to_string(unit);
}

/// `[3, 7]` of a matrix's element, `[3]` of a vector's.
std::string place_name(const std::vector<int64_t>& shape, size_t index) {
  if (shape.size() < 2) return "[" + std::to_string(index) + "]";
  const auto width = static_cast<size_t>(shape.back());
  return "[" + std::to_string(index / width) + ", " + std::to_string(index % width) + "]";
}

std::vector<Value> row_of(const ModelEntry& model, const estimator::Variable& variable,
                          size_t index) {
  const auto described = describe_variable(model.columns(), variable.name);
  const auto width = static_cast<size_t>(variable.shape.empty() ? 1 : variable.shape.back());
  std::string element, unit;
  if (described.by_class) unit = unit_name(model.spec(), index % width);
  if (described.column != nullptr) {
    element = features::element_name(*described.column, static_cast<int64_t>(index / width));
    if (!described.by_class) element += ", dimension " + std::to_string(index % width);
  } else if (!described.by_class) {
    element = place_name(variable.shape, index);
  }
  return {described.tower, described.feature, text_or_null(std::move(element)),
          text_or_null(std::move(unit)), static_cast<double>(variable.values[index])};
}

store::VirtualTable models_table(const ModelList& models) {
  auto schema = columns({{"database_name", kText},
                         {"model_name", kText},
                         {"estimator", kText},
                         {"state", kText},
                         {"version", kWhole},
                         {"global_step", kWhole},
                         {"examples", kWhole},
                         {"bytes", kWhole},
                         {"created_at", kTime},
                         {"updated_at", kTime},
                         {"definition", kText},
                         {"lifetime_loss", kReal},
                         {"window_loss", kReal},
                         {"drifts", kWhole},
                         {"last_drift_step", kWhole}});
  const auto loss_of = [](const estimator::NamedValues& metrics) {
    for (const auto& [name, value] : metrics) {
      if (name == "average_loss" && std::isfinite(value)) return Value(value);
    }
    return Value();
  };
  return {"millrace", "models", schema, [schema, models, loss_of] {
            RowBuilder rows(schema);
            for (const auto& model : models()) {
              const auto definition = model->definition();
              const auto state = model->published();
              const auto& health = *state->health;
              const char* doing = model->trained_by() != 0 ? "training"
                                  : state->version == 0    ? "untrained"
                                                           : "trained";
              const bool learned = state->model->examples() > 0;
              rows.add({definition.name.database, definition.name.name,
                        std::string(estimator::name_of(model->spec().kind)), std::string(doing),
                        state->version, state->model->global_step(), state->model->examples(),
                        state->bytes, model->created_at(), state->at, definition.estimator.to_sql(),
                        learned ? loss_of(health.lifetime) : Value(),
                        learned ? loss_of(health.window) : Value(), health.drifts,
                        health.drifts > 0 ? Value(health.last_drift_step) : Value()});
            }
            return rows.build();
          }};
}

store::VirtualTable variables_table(const ModelList& models) {
  auto schema = columns({{"database_name", kText},
                         {"model_name", kText},
                         {"variable", kText},
                         {"shape", kText},
                         {"weights", kWhole},
                         {"non_zero", kWhole},
                         {"norm", kReal}});
  return {
      "millrace", "model_variables", schema, [schema, models] {
        RowBuilder rows(schema);
        for (const auto& model : models()) {
          for (const auto& variable : model->published()->model->variables()) {
            double squares = 0;
            int64_t non_zero = 0;
            for (const float value : variable.values) {
              squares += static_cast<double>(value) * static_cast<double>(value);
              non_zero += value != 0 ? 1 : 0;
            }
            rows.add({model->name().database, model->name().name, variable.name, shape_of(variable),
                      static_cast<int64_t>(variable.values.size()), non_zero, std::sqrt(squares)});
          }
        }
        return rows.build();
      }};
}

store::VirtualTable confusion_table(const ModelList& models) {
  auto schema = columns({{"database_name", kText},
                         {"model_name", kText},
                         {"label", kText},
                         {"predicted", kText},
                         {"weight", kReal}});
  return {"millrace", "model_confusion", schema, [schema, models] {
            RowBuilder rows(schema);
            for (const auto& model : models()) {
              const auto state = model->published();
              const auto& confusion = state->health->confusion;
              if (!confusion) continue;
              const auto name_of = [&](int64_t id) {
                return estimator::class_name(model->spec(), id);
              };
              for (int64_t label = 0; label < confusion->classes(); ++label) {
                for (int64_t predicted = 0; predicted < confusion->classes(); ++predicted) {
                  rows.add({model->name().database, model->name().name, name_of(label),
                            name_of(predicted), confusion->at(label, predicted)});
                }
              }
            }
            return rows.build();
          }};
}

store::VirtualTable calibration_table(const ModelList& models) {
  auto schema = columns({{"database_name", kText},
                         {"model_name", kText},
                         {"low", kReal},
                         {"high", kReal},
                         {"weight", kReal},
                         {"mean_prediction", kReal},
                         {"mean_label", kReal}});
  return {"millrace", "model_calibration", schema, [schema, models] {
            RowBuilder rows(schema);
            for (const auto& model : models()) {
              const auto state = model->published();
              const auto& calibration = state->health->calibration;
              if (!calibration) continue;
              for (size_t i = 0; i < estimator::CalibrationBins::kBins; ++i) {
                const auto bin = calibration->bin(i);
                const auto mean = [&](double sum) {
                  return bin.weight > 0 ? Value(sum / bin.weight) : Value();
                };
                rows.add({model->name().database, model->name().name, bin.low, bin.high, bin.weight,
                          mean(bin.predictions), mean(bin.labels)});
              }
            }
            return rows.build();
          }};
}

}  // namespace

Batch describe(const ModelEntry& model) {
  RowBuilder rows(columns({{"tower", kText},
                           {"feature", kText},
                           {"element", kText},
                           {"class", kText},
                           {"weight", kReal}}));
  const auto variables = model.published()->model->variables();
  for (const auto& place : largest_of(variables))
    rows.add(row_of(model, variables[place.variable], place.index));
  return rows.build();
}

Status add_model_tables(store::Store& store, const ModelList& models) {
  TRY_OK(store.add_virtual_table(models_table(models)));
  TRY_OK(store.add_virtual_table(variables_table(models)));
  TRY_OK(store.add_virtual_table(confusion_table(models)));
  return store.add_virtual_table(calibration_table(models));
}

}  // namespace millrace::engine
