// What a pipeline shows of itself while it runs: written by its worker once per batch and by its
// reader when it heard of the source's ends, read by system tables at any time, which ask nobody.
// Facts that must survive are in the store; these start at zero with the process.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/thread.h"
#include "data/message.h"
#include "engine/rate_window.h"
#include "source/source.h"

namespace millrace::engine {

struct PartitionProgress {
  int64_t cursor = 0;      // the next offset to commit
  int64_t earliest = -1;   // -1: not heard of
  int64_t latest = -1;     // the source's end when last heard of; -1: not heard of
  int64_t updated_at = 0;  // microseconds since 1970: when the cursor was set
  int64_t heard_at = 0;    // likewise: when the source last told of `latest`

  /// Offsets that are still to be read; of files, how many of them. Nothing when that is not known.
  std::optional<int64_t> lag(int offset_shift) const;
};

struct PipelineProgress {
  int64_t batches = 0;
  int64_t messages = 0;
  int64_t bytes = 0;  // of the messages' payloads
  int64_t rows = 0;
  int64_t rejects = 0;
  Rate recent;   // of the last minute
  Rate overall;  // of all the time that it ran
  std::string error;                                   // the newest, empty when all is well
  std::vector<std::pair<std::string, int64_t>> steps;  // of the last batch: microseconds of each
  std::map<int32_t, PartitionProgress> partitions;
  int offset_shift = 0;  // what is counted are offsets without so many of their low bits
  std::optional<double> seconds_left;  // until it has caught up, at the rate of the last minute

  /// Of all partitions; nothing when that of one is not known, or there is none.
  std::optional<int64_t> lag() const;
  /// How much of what the source holds is read, 0 to 100; 100 when there is nothing to read.
  std::optional<double> percent() const;
};

/// What a batch adds.
struct BatchCounts {
  int64_t rows = 0;
  int64_t rejects = 0;
  int64_t bytes = 0;
  int64_t taken_at = 0;  // microseconds since 1970: the source was not older than this
};

class PipelineStats {
 public:
  /// `offset_shift`: see PipelineProgress.
  explicit PipelineStats(int offset_shift) { progress_.offset_shift = offset_shift; }

  PipelineProgress read() const;
  /// While it runs, its rates are those of the last minute; else they are 0.
  void set_running(bool running);
  void set_error(std::string error) {
    Lock lock(mutex_);
    progress_.error = std::move(error);
  }
  /// A run begins here. The offsets of the source are -1 when it was not asked.
  void set_partition(const source::PartitionBounds& bounds, int64_t cursor);
  void add_batch(const std::vector<OffsetRange>& ranges, const BatchCounts& counts);
  void set_ends(const std::vector<source::PartitionEnd>& ends);
  void set_steps(std::vector<std::pair<std::string, int64_t>> steps) {
    Lock lock(mutex_);
    progress_.steps = std::move(steps);
  }

 private:
  void note_lag() REQUIRES(mutex_);

  const Stopwatch clock_;
  mutable Mutex mutex_;
  PipelineProgress progress_ GUARDED_BY(mutex_);
  bool running_ GUARDED_BY(mutex_) = false;
  RateWindow window_ GUARDED_BY(mutex_);
};

}  // namespace millrace::engine
