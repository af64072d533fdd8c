#include "engine/model_state.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/clock.h"

namespace millrace::engine {
namespace {

// "millrace learner", format 3: magic, two numbers, then the parts, each with its length.
constexpr std::string_view kLearnerMagic = "MRLEARN3";

void put_int(std::string& out, int64_t value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

void put_state_part(std::string& out, const std::string& part) {
  put_int(out, static_cast<int64_t>(part.size()));
  out += part;
}

struct SnapshotParts {
  int64_t version = 0;
  int64_t drift_step = 0;
  std::string_view trainer, lifetime, window, confusion, calibration, drift;
};

/// Reads the envelope from the front; false when there are too few bytes.
struct PartReader {
  std::string_view rest;

  bool take_int(int64_t& value) {
    if (rest.size() < sizeof value) return false;
    std::memcpy(&value, rest.data(), sizeof value);
    rest.remove_prefix(sizeof value);
    return true;
  }
  bool take_part(std::string_view& part) {
    int64_t size = 0;
    if (!take_int(size) || size < 0 || static_cast<uint64_t>(size) > rest.size()) return false;
    part = rest.substr(0, static_cast<size_t>(size));
    rest.remove_prefix(static_cast<size_t>(size));
    return true;
  }
};

Error damaged() {
  return {Code::kDataLoss, "model snapshot is damaged or of another version"};
}

Result<SnapshotParts> split_snapshot(std::string_view bytes) {
  if (!bytes.starts_with(kLearnerMagic)) return damaged();
  PartReader reader{bytes.substr(kLearnerMagic.size())};
  SnapshotParts parts;
  const bool whole = reader.take_int(parts.version) && reader.take_int(parts.drift_step) &&
                     reader.take_part(parts.trainer) && reader.take_part(parts.lifetime) &&
                     reader.take_part(parts.window) && reader.take_part(parts.confusion) &&
                     reader.take_part(parts.calibration) && reader.take_part(parts.drift) &&
                     reader.rest.empty();
  if (!whole || parts.version < 0 || parts.drift_step < 0) return damaged();
  return parts;
}

const double* find(const estimator::NamedValues& values, std::string_view name) {
  const auto at = std::find_if(values.begin(), values.end(),
                               [&](const auto& value) { return value.first == name; });
  return at == values.end() ? nullptr : &at->second;
}

/// A head's metrics and what follows from them under names of their own: a classifier's average
/// loss is the log loss; calibration is how many times more is predicted than there is.
void add_scope(std::vector<store::MetricValue>& all, const std::string& scope, bool classifier,
               const estimator::NamedValues& values) {
  for (const auto& [name, value] : values) all.push_back({scope, name, value});
  const double* loss = find(values, "average_loss");
  if (classifier && loss != nullptr) all.push_back({scope, "log_loss", *loss});
  const double* label = find(values, "label/mean");
  const double* prediction = find(values, "prediction/mean");
  if (label != nullptr && prediction != nullptr && *label != 0)
    all.push_back({scope, "calibration", *prediction / *label});
}

}  // namespace

Result<std::unique_ptr<ModelState>> ModelState::make(const ModelEntry& model) {
  const auto& spec = model.spec();
  auto state = std::unique_ptr<ModelState>(new ModelState(spec));
  TRY(state->trainer_, estimator::Trainer::create(spec, model.columns().layouts()));
  state->lifetime_ = estimator::Metrics::create(spec);
  state->batch_ = estimator::Metrics::create(spec);
  if (spec.is_classifier() && spec.n_classes <= kConfusionClassesMax) {
    TRY(state->confusion_, estimator::ConfusionMatrix::create(spec));
  }
  if (spec.is_classifier() && spec.units() == 1) state->calibration_.emplace();
  return state;
}

void ModelState::begin_version() {
  batch_->reset();
  batch_rows_ = 0;
}

std::optional<Divergence> ModelState::learn_step(const LabelledRows& rows, size_t begin,
                                                 size_t end) {
  health_.reset();
  const double loss = trainer_->learn(rows.inputs, rows.labels, begin, end, predictions_);
  if (auto variable = trainer_->not_finite(); !variable.empty() || !std::isfinite(loss)) {
    version_ = -1;  // of no version any more
    return Divergence{trainer_->global_step(), std::move(variable),
                      row_to_blame(predictions_, rows, begin)};
  }
  lifetime_->add(predictions_, rows.labels, begin, end, loss);
  batch_->add(predictions_, rows.labels, begin, end, loss);
  batch_rows_ += static_cast<int64_t>(end - begin);
  if (confusion_) confusion_->add(predictions_, rows.labels, begin, end);
  if (calibration_) calibration_->add(predictions_, rows.labels, begin, end);
  const bool sum = trainer_->spec().loss_reduction == estimator::LossReduction::kSum;
  const double mean = sum ? loss / static_cast<double>(end - begin) : loss;
  // The detector wants numbers in [0, 1]: losses are squeezed into it, in their order.
  if (std::isfinite(mean) && mean >= 0 && drift_.add(mean / (1 + mean)))
    drift_step_ = trainer_->global_step();
  return std::nullopt;
}

void ModelState::end_version() {
  health_.reset();
  if (batch_rows_ > 0) window_.push(*batch_);
  ++version_;
}

std::vector<store::MetricValue> ModelState::logged_metrics() const {
  std::vector<store::MetricValue> all;
  if (batch_rows_ > 0) add_scope(all, "batch", classifier_, batch_metrics());
  add_scope(all, "window", classifier_, health()->window);
  add_scope(all, "lifetime", classifier_, lifetime_metrics());
  all.push_back({"drift", "drifts", static_cast<double>(drift_.drifts())});
  all.push_back({"drift", "last_drift_step", static_cast<double>(drift_step_)});
  all.push_back({"drift", "steps_alike", static_cast<double>(drift_.width())});
  return all;
}

const std::shared_ptr<const ModelHealth>& ModelState::health() const {
  if (health_) return health_;
  auto health = std::make_shared<ModelHealth>();
  health->lifetime = lifetime_->result();
  health->window = window_.result();
  health->confusion = confusion_;
  health->calibration = calibration_;
  health->drifts = drift_.drifts();
  health->last_drift_step = drift_step_;
  health_ = std::move(health);
  return health_;
}

std::shared_ptr<const PublishedModel> ModelState::publish(int64_t snapshot_bytes, int64_t at) {
  return std::make_shared<PublishedModel>(
      PublishedModel{trainer_->publish(), version_, snapshot_bytes, at, health()});
}

std::string ModelState::save() const {
  std::string bytes(kLearnerMagic);
  put_int(bytes, version_);
  put_int(bytes, drift_step_);
  put_state_part(bytes, trainer_->save());
  put_state_part(bytes, lifetime_->save());
  put_state_part(bytes, window_.save());
  put_state_part(bytes, confusion_ ? confusion_->save() : std::string());
  put_state_part(bytes, calibration_ ? calibration_->save() : std::string());
  put_state_part(bytes, drift_.save());
  return bytes;
}

Status ModelState::load(std::string_view bytes) {
  TRY(const auto parts, split_snapshot(bytes));
  health_.reset();
  if (parts.confusion.empty() != !confusion_) return damaged();
  if (parts.calibration.empty() != !calibration_) return damaged();
  TRY_OK(trainer_->load(parts.trainer));
  TRY_OK(lifetime_->load(parts.lifetime));
  TRY_OK(window_.load(parts.window));
  if (confusion_) TRY_OK(confusion_->load(parts.confusion));
  if (calibration_) TRY_OK(calibration_->load(parts.calibration));
  TRY_OK(drift_.load(parts.drift));
  drift_step_ = parts.drift_step;
  version_ = parts.version;
  return {};
}

Result<std::shared_ptr<ModelEntry>> make_model(ModelDefinition definition) {
  TRY(auto entry, ModelEntry::make(std::move(definition)));
  auto state = ModelState::make(*entry);
  if (!state) {
    return std::move(state).error().within("cannot create model \"" + entry->name().name + "\"");
  }
  entry->publish((*state)->publish(0, now_micros()));
  return entry;
}

Result<std::shared_ptr<const PublishedModel>> published_of(const ModelEntry& model,
                                                           const store::ModelSnapshot& snapshot) {
  TRY(const auto state, ModelState::make(model));
  TRY_OK(state->load(snapshot.bytes));
  return state->publish(static_cast<int64_t>(snapshot.bytes.size()), snapshot.created_at);
}

store::ModelCommit commit_of(const ModelEntry& model, const ModelState& state) {
  store::ModelCommit commit;
  commit.model_id = model.id();
  commit.database = model.name().database;
  commit.model = model.name().name;
  commit.version = state.version();
  commit.global_step = state.global_step();
  commit.examples = state.examples();
  commit.metrics = state.logged_metrics();
  commit.retention = model.retention();
  return commit;
}

}  // namespace millrace::engine
