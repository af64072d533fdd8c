#include "engine/pipeline_stats.h"

#include <algorithm>

namespace millrace::engine {

std::optional<int64_t> PartitionProgress::lag(int offset_shift) const {
  if (latest < 0) return std::nullopt;
  return std::max<int64_t>(0, (latest >> offset_shift) - (cursor >> offset_shift));
}

std::optional<int64_t> PipelineProgress::lag() const {
  if (partitions.empty()) return std::nullopt;
  int64_t sum = 0;
  for (const auto& [id, at] : partitions) {
    const auto one = at.lag(offset_shift);
    if (!one) return std::nullopt;
    sum += *one;
  }
  return sum;
}

std::optional<double> PipelineProgress::percent() const {
  const auto left = lag();
  if (!left) return std::nullopt;
  if (*left == 0) return 100.0;
  int64_t read = 0;
  for (const auto& [id, at] : partitions)
    read += std::max<int64_t>(0, (at.cursor >> offset_shift) - (at.earliest >> offset_shift));
  return 100.0 * static_cast<double>(read) / static_cast<double>(read + *left);
}

PipelineProgress PipelineStats::read() const {
  Lock lock(mutex_);
  PipelineProgress progress = progress_;
  const int64_t now = clock_.micros();
  progress.recent = window_.recent(now);
  progress.overall = window_.overall(now);
  const auto lag = progress.lag();
  if (lag && *lag > 0) progress.seconds_left = window_.seconds_left(now, *lag);
  return progress;
}

void PipelineStats::set_running(bool running) {
  Lock lock(mutex_);
  if (running == running_) return;
  running_ = running;
  if (running)
    window_.begin(clock_.micros());
  else
    window_.end(clock_.micros());
}

void PipelineStats::note_lag() {
  if (const auto lag = progress_.lag()) window_.note_lag(clock_.micros(), *lag);
}

void PipelineStats::set_partition(const source::PartitionBounds& bounds, int64_t cursor) {
  Lock lock(mutex_);
  const int64_t now = now_micros();
  progress_.partitions[bounds.partition] = {cursor, bounds.earliest_offset, bounds.latest_offset,
                                            now, now};
  window_.forget_lag();
  note_lag();
}

void PipelineStats::add_batch(const std::vector<OffsetRange>& ranges, const BatchCounts& counts) {
  Lock lock(mutex_);
  progress_.batches += 1;
  progress_.rows += counts.rows;
  progress_.rejects += counts.rejects;
  progress_.bytes += counts.bytes;
  int64_t messages = 0;
  const int64_t now = now_micros();
  for (const auto& range : ranges) {
    messages += range.messages;
    auto& partition = progress_.partitions[range.partition];
    partition.cursor = range.end_offset;
    partition.updated_at = now;
    if (range.latest_offset >= 0)
      partition.heard_at = std::max(partition.heard_at, counts.taken_at);
    // The reader may have heard more since it took the batch.
    partition.latest = std::max({partition.latest, range.latest_offset, range.end_offset});
  }
  progress_.messages += messages;
  window_.add(clock_.micros(), messages, counts.bytes);
  note_lag();
}

void PipelineStats::set_ends(const std::vector<source::PartitionEnd>& ends) {
  Lock lock(mutex_);
  for (const auto& end : ends) {
    const auto found = progress_.partitions.find(end.partition);
    if (found == progress_.partitions.end()) continue;
    auto& partition = found->second;
    if (end.heard_at <= partition.heard_at) continue;
    partition.heard_at = end.heard_at;
    partition.latest = std::max(partition.latest, end.latest_offset);
  }
  note_lag();
}

}  // namespace millrace::engine
