#include "engine/model_entry.h"

#include <algorithm>

#include "engine/infer_columns.h"
#include "engine/row_check.h"

namespace millrace::engine {
namespace {

using features::ColumnKind;
using features::FeatureColumn;

Result<std::vector<features::FeatureColumn>> columns_of(const Argument& call,
                                                        std::string_view argument) {
  const Argument* list = call.find(argument);
  if (list == nullptr || list->form == Argument::Form::kNull || is_auto(*list))
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
  columns.undecided = std::any_of(call.items.begin(), call.items.end(), [](const Argument& item) {
    return item.name.ends_with("feature_columns") && is_auto(item);
  });
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

store::Retention retention_of(const estimator::EstimatorSpec& spec) {
  return {spec.keep_versions, spec.keep_for_micros};
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
  if (columns.undecided)
    return Error(Code::kWrongState, "the model's feature columns are auto, and not decided yet",
                 "START of a pipeline that trains it decides them by its first rows, TRAIN MODEL "
                 "... ON SELECT by the types of its columns.");
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

/// A model that reads its label learns to repeat it, and nothing else.
Status check_features(const ModelEntry& model) {
  const auto labels = label_names(model.spec());
  for (const auto& key : model.columns().keys()) {
    for (const auto& label : labels) {
      if (!same_name(key, label)) continue;
      return Error(Code::kInvalidArgument,
                   "cannot create model \"" + model.name().name + "\": a feature column reads \"" +
                       key + "\", which is the label",
                   "Leave it out: it is not known where the model is asked.");
    }
  }
  return {};
}

Result<std::shared_ptr<ModelEntry>> ModelEntry::make(ModelDefinition definition) {
  auto entry = std::shared_ptr<ModelEntry>(new ModelEntry());
  entry->name_ = definition.name;
  const auto& name = entry->name_;
  auto columns = read_columns(definition.estimator);
  if (!columns) return about_model(std::move(columns).error(), name);
  entry->columns_ = std::move(*columns);
  auto spec = estimator::make_estimator_spec(name.name, definition.estimator,
                                             entry->columns_.linear.size());
  if (!spec) return about_model(std::move(spec).error(), name);
  entry->spec_ = std::move(*spec);
  TRY_OK(check_features(*entry));
  entry->set_definition(std::move(definition), retention_of(entry->spec_));
  return entry;
}

ModelDefinition ModelEntry::definition() const {
  Lock lock(mutex_);
  return definition_;
}

void ModelEntry::set_definition(ModelDefinition definition, const store::Retention& retention) {
  Lock lock(mutex_);
  definition_ = std::move(definition);
  retention_ = retention;
}

store::Retention ModelEntry::retention() const {
  Lock lock(mutex_);
  return retention_;
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

bool ModelEntry::begin_training(int64_t writer) {
  Lock lock(mutex_);
  const bool again = trained_by_ == writer && writer != kStatement;
  if (trained_by_ != 0 && !again) return false;
  trained_by_ = writer;
  return true;
}

void ModelEntry::end_training(int64_t writer) {
  Lock lock(mutex_);
  if (trained_by_ == writer) trained_by_ = 0;
}

int64_t ModelEntry::trained_by() const {
  Lock lock(mutex_);
  return trained_by_;
}

}  // namespace millrace::engine
