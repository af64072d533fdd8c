#include "estimator/window_metrics.h"

#include <algorithm>

#include "base/check.h"
#include "estimator/snapshot.h"

namespace millrace::estimator {
namespace {

constexpr std::string_view kWindowMagic = "MILLWIND";

}  // namespace

WindowMetrics::WindowMetrics(const EstimatorSpec& spec, size_t batches) : spec_(spec) {
  CHECK(batches > 0, "a window has batches");
  ring_.resize(batches);
}

void WindowMetrics::push(const Metrics& batch) {
  auto& place = ring_[next_];
  if (!place) place = Metrics::create(spec_);
  place->reset();
  place->merge(batch);
  next_ = (next_ + 1) % ring_.size();
  size_ = std::min(size_ + 1, ring_.size());
}

NamedValues WindowMetrics::result() const {
  const auto all = Metrics::create(spec_);
  // The oldest first, so that the sums do not depend on where in the ring they are.
  for (size_t i = 0; i < size_; ++i) {
    all->merge(*ring_[(next_ + ring_.size() - size_ + i) % ring_.size()]);
  }
  return all->result();
}

std::string WindowMetrics::save() const {
  SnapshotWriter writer(kWindowMagic);
  writer.add_u64(ring_.size());
  writer.add_u64(size_);
  for (size_t i = 0; i < size_; ++i) {
    writer.add_text(ring_[(next_ + ring_.size() - size_ + i) % ring_.size()]->save());
  }
  return writer.finish();
}

Status WindowMetrics::load(std::string_view bytes) {
  TRY(auto reader, SnapshotReader::open(kWindowMagic, bytes));
  const uint64_t batches = reader.u64();
  const uint64_t size = reader.u64();
  if (reader.ok() && batches != ring_.size()) {
    return Error(Code::kInvalidArgument, "the saved window is of " + std::to_string(batches) +
                                             " batches, not " + std::to_string(ring_.size()));
  }
  const Error damaged(Code::kDataLoss, "the saved window is damaged: its size is wrong");
  if (!reader.ok() || size > ring_.size()) return damaged;
  std::vector<std::unique_ptr<Metrics>> ring(ring_.size());
  for (size_t i = 0; i < size; ++i) {
    const auto batch = reader.text();
    if (!reader.ok()) return damaged;
    ring[i] = Metrics::create(spec_);
    TRY_OK(ring[i]->load(batch));
  }
  if (!reader.at_end()) return damaged;
  ring_ = std::move(ring);
  size_ = size;
  next_ = size % ring_.size();
  return {};
}

}  // namespace millrace::estimator
