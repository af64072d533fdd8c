#include "engine/row_check.h"

#include <algorithm>
#include <cmath>

namespace millrace::engine {
namespace {

/// A label of dimension n > 1 is read from n columns: label_0 ... label_n-1.
Result<size_t> required(const Schema& input, const std::string& name, std::string_view role,
                        const std::string& hint = {}) {
  if (const auto index = find_input(input, name)) return *index;
  return Error(Code::kNotFound,
               std::string(role) + " column \"" + name + "\" is not among the input's columns",
               hint.empty() ? did_you_mean(name, input.names()) : hint);
}

}  // namespace

std::vector<std::string> label_names(const estimator::EstimatorSpec& spec) {
  if (spec.is_classifier() || spec.label_dimension == 1) return {spec.label};
  std::vector<std::string> names;
  for (int64_t i = 0; i < spec.label_dimension; ++i)
    names.push_back(spec.label + "_" + std::to_string(i));
  return names;
}

std::optional<size_t> find_input(const Schema& input, std::string_view key) {
  if (const auto index = input.find(key)) return index;
  return input.find("@" + std::string(key));
}

Result<std::unique_ptr<RowChecker>> RowChecker::make(const estimator::EstimatorSpec& spec,
                                                     const Schema& input) {
  std::vector<size_t> labels;
  const auto names = label_names(spec);
  const std::string several = "With label_dimension => " + std::to_string(names.size()) +
                              " the labels are " + names.front() + " to " + names.back() + ".";
  for (const auto& name : names) {
    TRY(const size_t index, required(input, name, "label", names.size() > 1 ? several : ""));
    const auto& field = input[index];
    const bool text_label = is_text(field.type.kind) && spec.is_classifier();
    if (field.type.list || (!is_number(field.type.kind) && !text_label))
      return Error(Code::kTypeMismatch, "label column \"" + field.name + "\" has type " +
                                            name_of(field.type) + ", not a number");
    labels.push_back(index);
  }
  std::optional<size_t> weight;
  if (!spec.weight_column.empty()) {
    TRY(const size_t index, required(input, spec.weight_column, "weight"));
    if (!is_number(input[index].type.kind) || input[index].type.list)
      return Error(Code::kTypeMismatch, "weight column \"" + spec.weight_column + "\" has type " +
                                            name_of(input[index].type) + ", not a number");
    weight = index;
  }
  return std::unique_ptr<RowChecker>(new RowChecker(spec, std::move(labels), weight));
}

void RowChecker::read_labels(const Batch& rows, size_t which, Labels& labels,
                             std::vector<RowCheckFault>& faults) const {
  const Column& column = rows.column(label_columns_[which]);
  const size_t stride = label_columns_.size();
  const bool text = is_text(column.type().kind);
  for (size_t row = 0; row < rows.rows(); ++row) {
    const auto fault = [&](RejectReason reason, std::string detail) {
      faults.push_back({static_cast<uint32_t>(row), reason, std::move(detail)});
    };
    if (!column.is_valid(row)) {
      fault(RejectReason::kBadLabel, "label \"" + spec_.label + "\" is NULL");
      continue;
    }
    double value = 0;
    if (text) {
      const auto word = column.values<std::string_view>()[row];
      const int64_t id = estimator::class_of(spec_, word);
      if (id < 0) {
        fault(RejectReason::kBadLabel,
              "label \"" + std::string(word.substr(0, 80)) + "\" is not in the label vocabulary");
        continue;
      }
      value = static_cast<double>(id);
    } else {
      value = number_at(column, row);
      if (auto wrong = estimator::check_label(spec_, value); !wrong.empty()) {
        fault(RejectReason::kBadLabel, std::move(wrong));
        continue;
      }
    }
    labels.values[row * stride + which] = static_cast<float>(value);
  }
}

void RowChecker::read_weights(const Batch& rows, Labels& labels,
                              std::vector<RowCheckFault>& faults) const {
  const Column& column = rows.column(*weight_column_);
  labels.weights.assign(rows.rows(), 0.0F);
  for (size_t row = 0; row < rows.rows(); ++row) {
    const double weight = column.is_valid(row) ? number_at(column, row) : std::nan("");
    if (std::isfinite(weight) && weight >= 0) {
      labels.weights[row] = static_cast<float>(weight);
      continue;
    }
    faults.push_back({static_cast<uint32_t>(row), RejectReason::kBadWeight,
                      "weight \"" + spec_.weight_column + "\" is not a number of zero or more"});
  }
}

void RowChecker::read(const Batch& rows, Labels& labels, std::vector<RowCheckFault>& faults) const {
  labels.values.assign(rows.rows() * label_columns_.size(), 0.0F);
  labels.weights.clear();
  for (size_t i = 0; i < label_columns_.size(); ++i) read_labels(rows, i, labels, faults);
  if (weight_column_) read_weights(rows, labels, faults);
}

void remove_faults(Batch& rows, std::vector<RowCheckFault>& faults) {
  if (faults.empty()) return;
  std::stable_sort(faults.begin(), faults.end(),
                   [](const auto& a, const auto& b) { return a.row < b.row; });
  faults.erase(std::unique(faults.begin(), faults.end(),
                           [](const auto& a, const auto& b) { return a.row == b.row; }),
               faults.end());
  std::vector<uint8_t> keep(rows.rows(), 1);
  for (const auto& fault : faults) keep[fault.row] = 0;
  rows.compact(keep);
}

}  // namespace millrace::engine
