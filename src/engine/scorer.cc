#include "engine/scorer.h"

namespace millrace::engine {

Result<std::unique_ptr<Scorer>> Scorer::make(std::shared_ptr<const ModelEntry> model,
                                             const std::shared_ptr<const Schema>& input,
                                             std::vector<PredictionColumn> predictions) {
  const auto& spec = model->spec();
  auto scorer = std::unique_ptr<Scorer>(new Scorer(spec));
  TRY(scorer->encoders_, TowerEncoders::make(model->columns(), *input));
  std::vector<Field> fields = input->fields();
  for (const auto& column : predictions) {
    if (!scorer->filler_.makes(column.kind))
      return Error(Code::kInvalidArgument,
                   "variable " + column.name + " is not made by a " +
                       (spec.is_classifier() ? "classifier" : "regressor"),
                   spec.is_classifier() ? "Classifiers make @class_id and @probability."
                                        : "Regressors make @prediction.");
    fields.push_back({column.name, column.type, true});
  }
  scorer->schema_ = std::make_shared<Schema>(std::move(fields));
  scorer->columns_ = std::move(predictions);
  scorer->model_ = std::move(model);
  return scorer;
}

void Scorer::score(Batch& in, Batch& out, std::vector<RowCheckFault>& faults) {
  feature_faults_.clear();
  encoders_.encode(in, inputs_, feature_faults_);
  const auto state = model_->published();
  const size_t first = in.column_count();
  state->model->predict(inputs_, 0, in.rows(), predictions_);
  out.take_leading(in);
  for (size_t i = 0; i < columns_.size(); ++i)
    filler_.fill(columns_[i].kind, predictions_, state->version, out.column(first + i));
  for (auto& fault : feature_faults_)
    faults.push_back({fault.row, RejectReason::kBadFeature, std::move(fault.detail)});
  remove_faults(out, faults);
}

}  // namespace millrace::engine
