#include "engine/pipeline_stats.h"

#include <algorithm>

#include "base/clock.h"

namespace millrace::engine {

void PipelineStats::set_partition(int32_t partition, int64_t cursor, int64_t earliest,
                                  int64_t latest) {
  Lock lock(mutex_);
  progress_.partitions[partition] = {cursor, earliest, latest, now_micros()};
}

void PipelineStats::add_batch(const std::vector<OffsetRange>& ranges, int64_t rows,
                              int64_t rejects) {
  Lock lock(mutex_);
  progress_.batches += 1;
  progress_.rows += rows;
  progress_.rejects += rejects;
  for (const auto& range : ranges) {
    progress_.messages += range.messages;
    auto& partition = progress_.partitions[range.partition];
    partition.cursor = range.end_offset;
    partition.latest = std::max(range.latest_offset, range.end_offset);
    partition.updated_at = now_micros();
  }
}

}  // namespace millrace::engine
