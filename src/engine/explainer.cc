#include "engine/explainer.h"

#include <algorithm>

#include "features/element_name.h"

namespace millrace::engine {
namespace {

/// The unit whose logit says how sure the model is of the class; and whether it says so the other
/// way round: two classes share one logit, which is for class 1.
struct Unit {
  size_t number = 0;
  bool negative = false;
};

Unit unit_of(const estimator::EstimatorSpec& spec, const estimator::Predictions& predictions,
             size_t row, std::optional<int64_t> asked) {
  if (!spec.is_classifier()) return {static_cast<size_t>(asked.value_or(0)), false};
  if (predictions.units == 1) return {0, asked == 0};
  return {static_cast<size_t>(asked.value_or(predictions.class_ids[row])), false};
}

Status check_class(const estimator::EstimatorSpec& spec, std::optional<int64_t> asked) {
  const int64_t count = spec.is_classifier() ? spec.n_classes : spec.label_dimension;
  if (!asked || (*asked >= 0 && *asked < count)) return {};
  return Error(Code::kInvalidArgument,
               "the model has no " + std::string(spec.is_classifier() ? "class " : "number ") +
                   std::to_string(*asked) + ": they are 0 to " + std::to_string(count - 1));
}

store::Explanation explanation_of(const ModelColumns& columns,
                                  const std::vector<estimator::Contribution>& contributions,
                                  bool negative) {
  store::Explanation explanation;
  for (const auto& part : contributions) {
    const auto* column = column_named(columns, part.column);
    const auto amount = static_cast<double>(part.amount);
    explanation.push_back(
        {part.column,
         column == nullptr ? std::string() : features::element_name(*column, part.element),
         static_cast<double>(part.value), negative ? -amount : amount});
  }
  return explanation;
}

}  // namespace

const features::FeatureColumn* column_named(const ModelColumns& columns, std::string_view name) {
  for (const auto* tower : {&columns.linear, &columns.dnn}) {
    for (const auto& column : *tower) {
      if (column.name() == name) return &column;
    }
  }
  return nullptr;
}

Status SqlExplainer::explain(const store::ModelOfSql& model, std::optional<int64_t> class_id,
                             const Batch& rows,
                             std::vector<std::optional<store::Explanation>>& explanations) {
  const std::string context = "explain('" + std::string(model.name) + "', ...)";
  TRY(const auto entry, find_(name_of_model(model.name, model.database)));
  if (auto known = check_class(entry->spec(), class_id); !known)
    return std::move(known).error().within(context);
  auto encoders = encoders_.find(entry, rows.schema());
  if (!encoders) return std::move(encoders).error().within(context);
  TRY(const auto state, versions_.find(*entry, model.version));
  estimator::TowerInputs inputs;
  std::vector<features::RowFault> faults;
  (*encoders)->encode(rows, inputs, faults);
  estimator::Predictions predicted;
  state->model->predict(inputs, 0, rows.rows(), predicted);
  explanations.assign(rows.rows(), std::nullopt);
  for (size_t row = 0; row < rows.rows(); ++row) {
    const bool faulty = std::any_of(faults.begin(), faults.end(),
                                    [&](const auto& fault) { return fault.row == row; });
    if (faulty) continue;
    const auto unit = unit_of(entry->spec(), predicted, row, class_id);
    auto contributions = state->model->explain(inputs, row, unit.number);
    if (!contributions) return std::move(contributions).error().within(context);
    explanations[row] = explanation_of(entry->columns(), *contributions, unit.negative);
  }
  return {};
}

}  // namespace millrace::engine
