// What a pipeline shows of itself while it runs: written by its worker once per batch, read by
// system tables at any time. Facts that must survive are in the store; these start at zero with the
// process.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/thread.h"
#include "data/message.h"

namespace millrace::engine {

struct PartitionProgress {
  int64_t cursor = 0;  // the next offset to commit
  int64_t earliest = -1;
  int64_t latest = -1;     // the broker's end when last heard of
  int64_t updated_at = 0;  // microseconds since 1970
};

struct PipelineProgress {
  int64_t batches = 0;
  int64_t messages = 0;
  int64_t rows = 0;
  int64_t rejects = 0;
  std::string error;                                   // the newest, empty when all is well
  std::vector<std::pair<std::string, int64_t>> steps;  // of the last batch: microseconds of each
  std::map<int32_t, PartitionProgress> partitions;
};

class PipelineStats {
 public:
  PipelineProgress read() const {
    Lock lock(mutex_);
    return progress_;
  }
  void set_error(std::string error) {
    Lock lock(mutex_);
    progress_.error = std::move(error);
  }
  void set_partition(int32_t partition, int64_t cursor, int64_t earliest, int64_t latest);
  void add_batch(const std::vector<OffsetRange>& ranges, int64_t rows, int64_t rejects);
  void set_steps(std::vector<std::pair<std::string, int64_t>> steps) {
    Lock lock(mutex_);
    progress_.steps = std::move(steps);
  }

 private:
  mutable Mutex mutex_;
  PipelineProgress progress_ GUARDED_BY(mutex_);
};

}  // namespace millrace::engine
