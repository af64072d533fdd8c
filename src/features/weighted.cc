// weighted_categorical_column: the ids of a categorical column, each with a weight from a numeric
// input column of the same shape. In a dense feed a weight of 0 is a gap, as "" and -1 are.
#include "features/column_values.h"

namespace millrace::features {
namespace {

class WeightedEncoder : public CategoricalEncoder {
 public:
  WeightedEncoder(std::unique_ptr<CategoricalEncoder> categories, size_t weight_index, Feed feed,
                  std::string label)
      : categories_(std::move(categories)),
        weight_index_(weight_index),
        feed_(feed),
        label_(std::move(label)) {}

  void ids(const Batch& rows, IdRows& out, FaultSink& faults) const override {
    categories_->ids(rows, out, faults);
    out.weights.assign(out.ids.size(), 0.0F);
    const Column& column = rows.column(weight_index_);
    const RowElements elements(column);
    with_numbers(column, [&](auto values) {
      for (size_t row = 0; row < rows.rows(); ++row) {
        const auto [begin, end] = elements.of(row);
        if (!take_row(values.subspan(begin, end - begin), row, out)) {
          faults.add(row, label_ + ": its values and its weights do not match");
        }
      }
    });
  }

 private:
  /// Gives the row's ids their weights; false when an id has none or a weight has no id.
  template <class T>
  bool take_row(std::span<const T> values, size_t row, IdRows& out) const {
    uint32_t next = out.offsets[row];
    const uint32_t end = out.offsets[row + 1];
    for (size_t i = 0; i < values.size(); ++i) {
      const auto weight = static_cast<float>(values[i]);
      if (feed_ == Feed::kDense && weight == 0) continue;
      if (next == end || out.elements[next] != i || !(weight - weight == 0)) return false;
      out.weights[next++] = weight;
    }
    return next == end;
  }

  std::unique_ptr<CategoricalEncoder> categories_;
  size_t weight_index_;
  Feed feed_;
  std::string label_;
};

}  // namespace

CategoricalResult make_weighted(const FeatureColumn& column, const Input& input) {
  TRY(auto categories, make_categorical(column.children[0], input));
  TRY(const size_t index, find_key(input, column, column.weight_key));
  const Field& field = input.schema[index];
  if (!is_number(field.type.kind)) {
    return Error(Code::kTypeMismatch, label_of(column) + " needs numbers as weights, and \"" +
                                          field.name + "\" is " + name_of(field.type));
  }
  return std::unique_ptr<CategoricalEncoder>(std::make_unique<WeightedEncoder>(
      std::move(categories), index, input.feed, label_of(column)));
}

}  // namespace millrace::features
