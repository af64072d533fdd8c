#include "engine/model_entry.h"

#include <algorithm>

#include "base/clock.h"

namespace millrace::engine {
namespace {

using features::ColumnKind;
using features::FeatureColumn;

Result<std::vector<features::FeatureColumn>> columns_of(const Argument& call,
                                                        std::string_view argument) {
  const Argument* list = call.find(argument);
  if (list == nullptr || list->form == Argument::Form::kNull)
    return std::vector<features::FeatureColumn>{};
  return features::make_feature_columns(*list);
}

void note_kind(std::map<std::string, Kind>& kinds, const std::string& key, Kind kind) {
  const auto [at, added] = kinds.try_emplace(to_lower(key), kind);
  // Of all types only integers are numbers to one column and categories to another.
  if (!added && at->second != kind) at->second = Kind::kInt64;
}

void note_kinds(const FeatureColumn& column, std::map<std::string, Kind>& kinds) {
  for (const auto& child : column.children) note_kinds(child, kinds);
  if (!column.weight_key.empty()) note_kind(kinds, column.weight_key, Kind::kFloat);
  if (column.key.empty()) return;
  const bool integer = column.kind == ColumnKind::kIdentity || column.integer_keys;
  note_kind(kinds, column.key,
            column.kind == ColumnKind::kNumeric ? Kind::kFloat
            : integer                           ? Kind::kInt64
                                                : Kind::kVarchar);
}

/// The hash of a plain key must be the same wherever the model is fed from.
void settle_plain_keys(FeatureColumn& column, const std::map<std::string, Kind>& kinds) {
  for (auto& child : column.children) settle_plain_keys(child, kinds);
  if (column.kind != ColumnKind::kKey) return;
  column.plain_key_type = kinds.at(to_lower(column.key)) == Kind::kInt64
                              ? features::PlainKeyType::kInteger
                              : features::PlainKeyType::kText;
}

Result<ModelColumns> read_columns(const Argument& call) {
  const bool combined = to_lower(call.text).find("combined") != std::string::npos;
  const bool dnn = !combined && to_lower(call.text).starts_with("dnn");
  ModelColumns columns;
  if (combined) {
    TRY(columns.linear, columns_of(call, "linear_feature_columns"));
    TRY(columns.dnn, columns_of(call, "dnn_feature_columns"));
  } else {
    TRY(auto all, columns_of(call, "feature_columns"));
    (dnn ? columns.dnn : columns.linear) = std::move(all);
  }
  const auto kinds = columns.key_kinds();
  for (auto* tower : {&columns.linear, &columns.dnn}) {
    for (auto& column : *tower) settle_plain_keys(column, kinds);
  }
  TRY_OK(features::check_columns(columns.linear, features::Tower::kLinear));
  TRY_OK(features::check_columns(columns.dnn, features::Tower::kDnn));
  return columns;
}

Error about_model(Error error, const ObjectName& name) {
  const std::string lead = "cannot create model \"" + name.name + "\"";
  if (error.message.starts_with(lead)) return error;
  return std::move(error).within(lead);
}

}  // namespace

std::vector<std::string> ModelColumns::keys() const {
  std::vector<std::string> keys;
  for (const auto* tower : {&linear, &dnn}) {
    for (const auto& column : *tower) {
      for (auto& key : column.keys()) {
        if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(std::move(key));
      }
    }
  }
  return keys;
}

std::map<std::string, Kind> ModelColumns::key_kinds() const {
  std::map<std::string, Kind> kinds;
  for (const auto* tower : {&linear, &dnn}) {
    for (const auto& column : *tower) note_kinds(column, kinds);
  }
  return kinds;
}

estimator::TowerLayouts ModelColumns::layouts() const {
  return {features::layout_of(linear, features::Tower::kLinear),
          features::layout_of(dnn, features::Tower::kDnn)};
}

Result<TowerEncoders> TowerEncoders::make(const ModelColumns& columns, const Schema& input) {
  TowerEncoders encoders;
  if (!columns.linear.empty()) {
    TRY(encoders.linear_, features::Encoder::make(columns.linear, features::Tower::kLinear, input));
  }
  if (!columns.dnn.empty()) {
    TRY(encoders.dnn_, features::Encoder::make(columns.dnn, features::Tower::kDnn, input));
  }
  return encoders;
}

void TowerEncoders::encode(const Batch& rows, estimator::TowerInputs& inputs,
                           std::vector<features::RowFault>& faults) const {
  if (linear_) linear_->encode(rows, inputs.linear, faults);
  if (dnn_) dnn_->encode(rows, inputs.dnn, faults);
}

Result<std::shared_ptr<ModelEntry>> ModelEntry::make(ModelDefinition definition) {
  auto entry = std::shared_ptr<ModelEntry>(new ModelEntry());
  entry->definition_ = std::move(definition);
  const auto& name = entry->definition_.name;
  auto columns = read_columns(entry->definition_.estimator);
  if (!columns) return about_model(std::move(columns).error(), name);
  entry->columns_ = std::move(*columns);
  auto spec = estimator::make_estimator_spec(name.name, entry->definition_.estimator,
                                             entry->columns_.linear.size());
  if (!spec) return about_model(std::move(spec).error(), name);
  entry->spec_ = std::move(*spec);
  if (!entry->spec_.warm_start_from.empty()) {
    return about_model(
        Error(Code::kUnsupported, "argument \"warm_start_from\" is not supported here"), name);
  }
  auto trainer = estimator::Trainer::create(entry->spec_, entry->columns_.layouts());
  if (!trainer) return about_model(std::move(trainer).error(), name);
  entry->publish(
      std::make_shared<PublishedModel>(PublishedModel{(*trainer)->publish(), 0, 0, now_micros()}));
  return entry;
}

void ModelEntry::set_id(int64_t id, int64_t created_at) {
  id_ = id;
  created_at_ = created_at;
}

std::shared_ptr<const PublishedModel> ModelEntry::published() const {
  Lock lock(mutex_);
  return published_;
}

void ModelEntry::publish(std::shared_ptr<const PublishedModel> state) {
  Lock lock(mutex_);
  published_ = std::move(state);
}

int64_t ModelEntry::logged_version() const {
  Lock lock(mutex_);
  return logged_version_;
}

void ModelEntry::set_logged_version(int64_t version) {
  Lock lock(mutex_);
  logged_version_ = version;
}

bool ModelEntry::begin_training(int64_t pipeline_id) {
  Lock lock(mutex_);
  if (trained_by_ != 0 && trained_by_ != pipeline_id) return false;
  trained_by_ = pipeline_id;
  return true;
}

void ModelEntry::end_training(int64_t pipeline_id) {
  Lock lock(mutex_);
  if (trained_by_ == pipeline_id) trained_by_ = 0;
}

int64_t ModelEntry::trained_by() const {
  Lock lock(mutex_);
  return trained_by_;
}

}  // namespace millrace::engine
