// The reader of a running pipeline: a thread that takes batch after batch from the source, a little
// ahead of the worker (kQueueBatchesMax). It is the only one that touches the source. Errors travel
// through the same queue, in order.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/queue.h"
#include "base/result.h"
#include "base/thread.h"
#include "source/source.h"

namespace millrace::engine {

/// What the reader hands over: a batch, or an error, or the news that the broker is well again or
/// that there are more partitions now.
struct Taken {
  MessageBatch batch;
  std::optional<Error> error;
  bool well_again = false;
  bool new_partitions = false;
  int64_t started_at = 0;  // microseconds since 1970: when the batch's first message was waited for
  int64_t take_micros = 0;
};

struct ReaderOptions {
  source::TakeLimits limits;
  std::chrono::milliseconds batch_interval{0};
  std::chrono::milliseconds partitions_interval{10000};
  size_t partitions = 0;  // as many as are read now
};

class Reader {
 public:
  static constexpr size_t kQueueBatchesMax = 2;

  /// Starts reading `source`, which has been sought to the cursors.
  Reader(std::unique_ptr<source::Source> source, const ReaderOptions& options);
  ~Reader();

  /// The next thing that happened; nothing after stop().
  std::optional<Taken> next() { return queue_.pop(); }
  /// The broker is told before the next take.
  void acknowledge(std::vector<Cursor> cursors);
  /// Thread-safe; what was read ahead is forgotten, the cursors in the store stand.
  void stop();

 private:
  void read(const std::stop_token& stop);
  /// False when reading cannot go on.
  bool read_one(const std::stop_token& stop);
  void send_acknowledgement();
  std::optional<Taken> news_of_topic();
  bool tell_well_again();

  std::unique_ptr<source::Source> source_;  // the reader thread's alone
  const ReaderOptions options_;
  Stopwatch since_partitions_;
  bool unwell_ = false;   // the last thing told was an error
  bool missing_ = false;  // the topic was not there at the last look
  Queue<Taken> queue_{kQueueBatchesMax};
  Mutex mutex_;
  std::vector<Cursor> acknowledged_ GUARDED_BY(mutex_);
  std::jthread thread_;  // last: it uses all above
};

}  // namespace millrace::engine
