#include "engine/learner.h"

#include <algorithm>
#include <cstring>

namespace millrace::engine {
namespace {

// "millrace learner", format 1: magic, version, then trainer and metrics, each with its length.
constexpr std::string_view kMagic = "MRLEARN1";

void put_int(std::string& out, int64_t value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

void put_part(std::string& out, const std::string& part) {
  put_int(out, static_cast<int64_t>(part.size()));
  out += part;
}

struct SnapshotParts {
  int64_t version = 0;
  std::string_view trainer;
  std::string_view metrics;
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

Result<SnapshotParts> split_snapshot(std::string_view bytes) {
  const Error damaged(Code::kDataLoss, "model snapshot is damaged or of another version");
  if (!bytes.starts_with(kMagic)) return damaged;
  PartReader reader{bytes.substr(kMagic.size())};
  SnapshotParts parts;
  const bool whole = reader.take_int(parts.version) && reader.take_part(parts.trainer) &&
                     reader.take_part(parts.metrics) && reader.rest.empty();
  if (!whole || parts.version < 0) return damaged;
  return parts;
}

}  // namespace

Result<std::unique_ptr<Learner>> Learner::make(const ModelEntry& model,
                                               const std::shared_ptr<const Schema>& input) {
  auto learner = std::unique_ptr<Learner>(new Learner());
  TRY(learner->trainer_, estimator::Trainer::create(model.spec(), model.columns().layouts()));
  TRY(learner->encoders_, TowerEncoders::make(model.columns(), *input));
  TRY(learner->checker_, RowChecker::make(model.spec(), *input));
  learner->lifetime_ = estimator::Metrics::create(model.spec());
  learner->batch_ = estimator::Metrics::create(model.spec());
  return learner;
}

/// Encodes all rows; when some cannot be learned, takes them out and encodes the rest again. Faults
/// are rare, so the second pass is cheaper than patching encoded blocks.
void Learner::encode(Batch& rows, std::vector<RowCheckFault>& faults) {
  const auto once = [&] {
    feature_faults_.clear();
    checker_->read(rows, labels_, faults);
    encoders_.encode(rows, inputs_, feature_faults_);
    for (auto& fault : feature_faults_)
      faults.push_back({fault.row, RejectReason::kBadFeature, std::move(fault.detail)});
  };
  once();
  if (faults.empty()) return;
  remove_faults(rows, faults);
  const size_t found = faults.size();
  once();
  CHECK(faults.size() == found, "rows without faults stay without faults");
}

void Learner::learn(Batch& rows, std::vector<RowCheckFault>& faults) {
  encode(rows, faults);
  batch_->reset();
  const auto step_rows = static_cast<size_t>(trainer_->spec().batch_size);
  for (size_t begin = 0; begin < rows.rows(); begin += step_rows) {
    const size_t end = std::min(begin + step_rows, rows.rows());
    const double loss = trainer_->learn(inputs_, labels_, begin, end, predictions_);
    lifetime_->add(predictions_, labels_, begin, end, loss);
    batch_->add(predictions_, labels_, begin, end, loss);
  }
  ++version_;
}

std::string Learner::save() const {
  std::string bytes(kMagic);
  put_int(bytes, version_);
  put_part(bytes, trainer_->save());
  put_part(bytes, lifetime_->save());
  return bytes;
}

Status Learner::load(std::string_view bytes) {
  TRY(const auto parts, split_snapshot(bytes));
  TRY_OK(trainer_->load(parts.trainer));
  TRY_OK(lifetime_->load(parts.metrics));
  version_ = parts.version;
  return {};
}

Result<std::shared_ptr<const estimator::Model>> model_of_snapshot(const ModelEntry& model,
                                                                  std::string_view bytes) {
  TRY(const auto parts, split_snapshot(bytes));
  TRY(auto trainer, estimator::Trainer::create(model.spec(), model.columns().layouts()));
  TRY_OK(trainer->load(parts.trainer));
  return trainer->publish();
}

}  // namespace millrace::engine
