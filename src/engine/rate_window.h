// How fast a pipeline is: what it read in the last minute of its running, second by second, and by
// how much its lag fell meanwhile. Fed once a batch by PipelineStats, which owns it and guards it;
// a table asks it whenever somebody looks. Knows no clock: the time is given, in microseconds of
// one that never goes back.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace millrace::engine {

/// Messages and bytes a second.
struct Rate {
  double messages = 0;
  double bytes = 0;
};

class RateWindow {
 public:
  static constexpr int64_t kSecondsMax = 60;

  /// The pipeline runs from here on; what was before is not recent any more.
  void begin(int64_t now);
  void end(int64_t now);
  /// A batch was committed.
  void add(int64_t now, int64_t messages, int64_t bytes);
  /// What was still to be read at this time.
  void note_lag(int64_t now, int64_t lag);
  /// The lag is counted anew: from other offsets, or of more partitions.
  void forget_lag();

  /// Of the last minute, or of the time since begin() if that is less; zero while it does not run.
  Rate recent(int64_t now) const;
  /// Of all the time that it ran.
  Rate overall(int64_t now) const;
  /// Seconds until the lag is nothing if it goes on to fall as it fell in the last minute, what
  /// arrives meanwhile included. Nothing while it does not run or the lag does not fall.
  std::optional<double> seconds_left(int64_t now, int64_t lag) const;

 private:
  struct Second {
    int64_t number = -1;  // since the clock's zero
    int64_t messages = 0;
    int64_t bytes = 0;
    int64_t lag_at = -1;  // when the lag was first told in this second, and what it was
    int64_t lag = 0;
  };
  Second& second_of(int64_t now);
  bool is_recent(const Second& second, int64_t now) const;

  std::array<Second, kSecondsMax> seconds_;
  std::optional<int64_t> begun_at_;  // while it runs
  int64_t ran_before_ = 0;           // microseconds, in runs that ended
  int64_t messages_ = 0;             // of all runs
  int64_t bytes_ = 0;
};

}  // namespace millrace::engine
