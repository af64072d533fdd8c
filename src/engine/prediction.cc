#include "engine/prediction.h"

#include "engine/table_columns.h"

namespace millrace::engine {
namespace {

constexpr DataType kReals{Kind::kDouble, true};

/// Calls set(row, number) through the column's own type.
template <class NumberAt>
void fill_numbers(Column& column, NumberAt number_of) {
  const auto fill_as = [&](auto zero) {
    using T = decltype(zero);
    auto values = column.values<T>();
    for (size_t row = 0; row < values.size(); ++row) values[row] = static_cast<T>(number_of(row));
    column.set_all_valid();
  };
  switch (column.type().kind) {
    case Kind::kBool:
    case Kind::kUInt8:
      return fill_as(uint8_t{});
    case Kind::kInt8:
      return fill_as(int8_t{});
    case Kind::kInt16:
      return fill_as(int16_t{});
    case Kind::kUInt16:
      return fill_as(uint16_t{});
    case Kind::kInt32:
      return fill_as(int32_t{});
    case Kind::kUInt32:
      return fill_as(uint32_t{});
    case Kind::kInt64:
      return fill_as(int64_t{});
    case Kind::kUInt64:
      return fill_as(uint64_t{});
    case Kind::kFloat:
      return fill_as(float{});
    case Kind::kDouble:
      return fill_as(double{});
    default:
      check_failed("is_number(kind)", "a number is written to a number", __FILE__, __LINE__);
  }
}

void fill_lists(Column& column, const std::vector<float>& values, size_t width) {
  const size_t rows = column.rows();
  std::vector<uint32_t> offsets(rows + 1);
  for (size_t row = 0; row <= rows; ++row) offsets[row] = static_cast<uint32_t>(row * width);
  column.set_list_offsets(offsets);
  auto elements = column.values<double>();
  for (size_t i = 0; i < elements.size(); ++i) elements[i] = static_cast<double>(values[i]);
  column.set_all_valid();
}

}  // namespace

const std::vector<PredictionFacts>& prediction_facts() {
  static const std::vector<PredictionFacts> facts{
      {PredictionKind::kClassId, "class_id", kWhole, true, false},
      {PredictionKind::kClass, "class", kText, true, false},
      {PredictionKind::kProbability, "probability", kReal, true, false},
      {PredictionKind::kProbabilities, "probabilities", kReals, true, false},
      {PredictionKind::kLogits, "logits", kReals, true, true},
      {PredictionKind::kPrediction, "prediction", kReal, false, true},
      {PredictionKind::kModelVersion, "model_version", kWhole, true, true},
  };
  return facts;
}

std::optional<PredictionKind> prediction_kind(std::string_view name) {
  for (const auto& facts : prediction_facts()) {
    if (same_name(facts.name, name)) return facts.kind;
  }
  return std::nullopt;
}

PredictionFiller::PredictionFiller(const estimator::EstimatorSpec& spec)
    : classifier_(spec.is_classifier()) {
  if (!classifier_) return;
  for (int64_t id = 0; id < spec.n_classes; ++id)
    class_names_.push_back(estimator::class_name(spec, id));
}

bool PredictionFiller::makes(PredictionKind kind) const {
  const auto& facts = prediction_facts()[static_cast<size_t>(kind)];
  return classifier_ ? facts.classifiers : facts.regressors;
}

double PredictionFiller::probability_of(const estimator::Predictions& predictions,
                                        size_t row) const {
  const size_t classes = class_names_.size();
  const size_t chosen = classes == 2 ? 1 : static_cast<size_t>(predictions.class_ids[row]);
  return static_cast<double>(predictions.probabilities[row * classes + chosen]);
}

void PredictionFiller::fill(PredictionKind kind, const estimator::Predictions& predictions,
                            int64_t version, Column& column) const {
  CHECK(makes(kind), "only predictions the estimator makes are asked for");
  switch (kind) {
    case PredictionKind::kClassId:
      return fill_numbers(column, [&](size_t row) { return predictions.class_ids[row]; });
    case PredictionKind::kClass:
      for (size_t row = 0; row < column.rows(); ++row) {
        const auto id = static_cast<size_t>(predictions.class_ids[row]);
        column.set(row, std::string_view(class_names_[id]));
      }
      return;
    case PredictionKind::kProbability:
      return fill_numbers(column, [&](size_t row) { return probability_of(predictions, row); });
    case PredictionKind::kProbabilities:
      return fill_lists(column, predictions.probabilities, class_names_.size());
    case PredictionKind::kLogits:
      return fill_lists(column, predictions.logits, predictions.units);
    case PredictionKind::kPrediction:
      return fill_numbers(column, [&](size_t row) {
        return static_cast<double>(predictions.logits[row * predictions.units]);
      });
    case PredictionKind::kModelVersion:
      return fill_numbers(column, [&](size_t) { return version; });
  }
}

}  // namespace millrace::engine
