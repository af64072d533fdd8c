#include "engine/labelled_rows.h"

#include <algorithm>

namespace millrace::engine {
namespace {

template <class T>
void append_values(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

template <class T>
void drop_values(std::vector<T>& values, size_t count) {
  values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count));
}

/// Weights beside `count` things there are and `added` that come; none means 1 each.
void append_weights(std::vector<float>& to, size_t count, const std::vector<float>& from,
                    size_t added) {
  if (to.empty() && from.empty()) return;
  to.resize(count, 1.0F);
  if (from.empty())
    to.resize(count + added, 1.0F);
  else
    append_values(to, from);
}

void append_block(EncodedBlock& to, const EncodedBlock& from) {
  append_values(to.dense, from.dense);
  append_weights(to.weights, to.ids.size(), from.weights, from.ids.size());
  if (from.offsets.empty()) return;
  const auto base = static_cast<uint32_t>(to.ids.size());
  if (to.offsets.empty()) to.offsets.push_back(0);
  for (size_t i = 1; i < from.offsets.size(); ++i) to.offsets.push_back(base + from.offsets[i]);
  append_values(to.ids, from.ids);
}

void append_encoded(Encoded& to, const Encoded& from) {
  to.blocks.resize(from.blocks.size());
  for (size_t i = 0; i < from.blocks.size(); ++i) append_block(to.blocks[i], from.blocks[i]);
  to.rows += from.rows;
}

void drop_block(EncodedBlock& block, size_t rows, size_t rows_before) {
  if (!block.dense.empty()) drop_values(block.dense, block.dense.size() / rows_before * rows);
  if (block.offsets.empty()) return;
  const uint32_t ids = block.offsets[rows];
  drop_values(block.offsets, rows);
  for (auto& offset : block.offsets) offset -= ids;
  drop_values(block.ids, ids);
  if (!block.weights.empty()) drop_values(block.weights, ids);
}

void drop_encoded(Encoded& encoded, size_t rows) {
  if (encoded.blocks.empty()) return;
  for (auto& block : encoded.blocks) drop_block(block, rows, encoded.rows);
  encoded.rows -= rows;
}

}  // namespace

Result<RowEncoder> RowEncoder::make(const ModelEntry& model, const Schema& input) {
  RowEncoder encoder;
  TRY(encoder.encoders_, TowerEncoders::make(model.columns(), input));
  TRY(encoder.checker_, RowChecker::make(model.spec(), input));
  return encoder;
}

/// Encodes all rows; when some cannot be learned, takes them out and encodes the rest again. Faults
/// are rare, so the second pass is cheaper than patching encoded blocks.
void RowEncoder::encode(Batch& rows, LabelledRows& out, std::vector<RowCheckFault>& faults) {
  const auto once = [&] {
    feature_faults_.clear();
    checker_->read(rows, out.labels, faults);
    encoders_.encode(rows, out.inputs, feature_faults_);
    for (auto& fault : feature_faults_)
      faults.push_back({fault.row, RejectReason::kBadFeature, std::move(fault.detail)});
    out.rows = rows.rows();
  };
  once();
  if (faults.empty()) return;
  remove_faults(rows, faults);
  const size_t found = faults.size();
  once();
  CHECK(faults.size() == found, "rows without faults stay without faults");
}

void RowQueue::append(const LabelledRows& rows) {
  append_encoded(all_.inputs.linear, rows.inputs.linear);
  append_encoded(all_.inputs.dnn, rows.inputs.dnn);
  append_weights(all_.labels.weights, all_.rows, rows.labels.weights, rows.rows);
  append_values(all_.labels.values, rows.labels.values);
  all_.rows += rows.rows;
}

void RowQueue::drop_front(size_t rows) {
  CHECK(rows <= all_.rows, "only rows that are there are dropped");
  if (rows == 0) return;
  drop_encoded(all_.inputs.linear, rows);
  drop_encoded(all_.inputs.dnn, rows);
  drop_values(all_.labels.values, all_.labels.values.size() / all_.rows * rows);
  if (!all_.labels.weights.empty()) drop_values(all_.labels.weights, rows);
  all_.rows -= rows;
}

}  // namespace millrace::engine
