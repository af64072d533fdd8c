#include "engine/predictor.h"

#include "engine/prediction.h"

namespace millrace::engine {
namespace {

std::shared_ptr<const Schema> output_schema() {
  std::vector<Field> fields;
  for (const auto& facts : prediction_facts())
    fields.push_back({std::string(facts.name), facts.type});
  return std::make_shared<Schema>(std::move(fields));
}

}  // namespace

SqlPredictor::SqlPredictor(FindModel find, ModelVersions& versions)
    : find_(std::move(find)), versions_(versions), output_(output_schema()) {}

Status SqlPredictor::predict(const store::ModelOfSql& model, const Batch& rows,
                             Batch& predictions) {
  TRY(const auto entry, find_(name_of_model(model.name, model.database)));
  auto encoders = encoders_.find(entry, rows.schema());
  if (!encoders)
    return std::move(encoders).error().within("predict('" + std::string(model.name) + "', ...)");
  TRY(const auto state, versions_.find(*entry, model.version));
  estimator::TowerInputs inputs;
  std::vector<features::RowFault> faults;
  (*encoders)->encode(rows, inputs, faults);
  estimator::Predictions predicted;
  state->model->predict(inputs, 0, rows.rows(), predicted);

  const auto filler = std::make_shared<PredictionFiller>(entry->spec());
  predictions.reset(rows.rows());
  predictions.keep_alive(filler);
  for (const auto& facts : prediction_facts()) {
    auto& column = predictions.column(static_cast<size_t>(facts.kind));
    if (!filler->makes(facts.kind)) continue;
    filler->fill(facts.kind, predicted, state->version, column);
    for (const auto& fault : faults) column.set_null(fault.row);
  }
  return {};
}

}  // namespace millrace::engine
