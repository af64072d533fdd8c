#include "engine/predictor.h"

#include <algorithm>

#include "engine/prediction.h"

namespace millrace::engine {
namespace {

std::shared_ptr<const Schema> output_schema() {
  std::vector<Field> fields;
  for (const auto& facts : prediction_facts())
    fields.push_back({std::string(facts.name), facts.type});
  return std::make_shared<Schema>(std::move(fields));
}

/// "db.model" or "model", which is of the session's database.
ObjectName name_of_model(std::string_view model, std::string_view database) {
  const auto dot = model.find('.');
  if (dot == std::string_view::npos) return {std::string(database), std::string(model)};
  return {std::string(model.substr(0, dot)), std::string(model.substr(dot + 1))};
}

}  // namespace

SqlPredictor::SqlPredictor(Find find) : find_(std::move(find)), output_(output_schema()) {}

Result<std::shared_ptr<const TowerEncoders>> SqlPredictor::encoders_for(
    const std::shared_ptr<const ModelEntry>& model, const Schema& input) {
  {
    Lock lock(mutex_);
    const auto at = std::find_if(cache_.begin(), cache_.end(), [&](const CachedEncoders& cached) {
      return cached.model == model && cached.fields == input.fields();
    });
    if (at != cache_.end()) {
      cache_.splice(cache_.begin(), cache_, at);
      return at->encoders;
    }
  }
  TRY(auto made, TowerEncoders::make(model->columns(), input));
  auto encoders = std::make_shared<const TowerEncoders>(std::move(made));
  Lock lock(mutex_);
  cache_.push_front({model, input.fields(), encoders});
  if (cache_.size() > kCachedMax) cache_.pop_back();
  return encoders;
}

Status SqlPredictor::predict(std::string_view model, std::string_view database, const Batch& rows,
                             Batch& predictions) {
  TRY(const auto entry, find_(name_of_model(model, database)));
  auto encoders = encoders_for(entry, rows.schema());
  if (!encoders)
    return std::move(encoders).error().within("predict('" + std::string(model) + "', ...)");
  estimator::TowerInputs inputs;
  std::vector<features::RowFault> faults;
  (*encoders)->encode(rows, inputs, faults);
  const auto state = entry->published();
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
