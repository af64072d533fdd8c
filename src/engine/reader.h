// The reader of a running pipeline: a thread that takes batch after batch, gives each to the
// transform, decodes it, and does all else that needs no order: SET and WHERE, and scoring. While
// there is a backlog it is a little ahead of the worker (kQueueBatchesMax); at the end of the topic
// it waits for the worker, so that what arrives meanwhile is the next batch, and no row queues
// behind a batch of a few. The first batches of a run are small. It alone touches the source and
// the stages, but for the learner. Errors travel through the same queue, in order.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/queue.h"
#include "base/result.h"
#include "base/thread.h"
#include "engine/stages.h"
#include "source/source.h"

namespace millrace::engine {

/// What the reader hands over: a batch, or an error, or the news that the broker is well again or
/// that there are more partitions now.
struct Taken {
  MessageBatch batch;
  Batch rows;                   // what the last stage made of `batch`
  std::vector<Reject> rejects;  // of all stages
  std::optional<Error> error;
  bool lost = false;  // with the error: `batch` was taken and could not be staged; read it again
  bool well_again = false;
  bool new_partitions = false;
  bool behind = false;     // the batch did not reach the end of the topic
  int64_t started_at = 0;  // microseconds since 1970: when the batch's first message was waited for
  int64_t take_micros = 0;
  std::optional<int64_t> transform_micros;  // with a transform
  int64_t decode_micros = 0;
  int64_t shape_micros = 0;
  int64_t score_micros = 0;
  std::string said;  // what the transform wrote to stderr
};

struct ReaderOptions {
  source::TakeLimits limits;  // a little more than messages_max when not each becomes a row
  std::chrono::milliseconds batch_interval{0};
  std::chrono::milliseconds partitions_interval{10000};
  size_t partitions = 0;      // as many as are read now
  int64_t next_batch_id = 1;  // of the first batch; the others count on
  bool in_turn = false;       // a batch waits for the one before: SET or WHERE may see its rows
  /// Told by the reader's thread after each take: the source's ends, where they are reached.
  std::function<void(const std::vector<source::PartitionEnd>&)> on_ends;
};

class Reader {
 public:
  static constexpr size_t kQueueBatchesMax = 1;

  /// Starts reading `source`, which has been sought to the cursors.
  /// `stages` outlives the reader.
  Reader(std::unique_ptr<source::Source> source, Stages& stages, const ReaderOptions& options);
  ~Reader();

  /// The next thing that happened; nothing after stop().
  std::optional<Taken> next() { return queue_.pop(); }
  /// The broker is told before the next take.
  void acknowledge(std::vector<Cursor> cursors);
  /// The memory of a batch that is done with, for one to come: while there is a backlog. At its end
  /// all of it goes back to the machine.
  void give_back(Batch rows);
  /// Thread-safe; what was read ahead is forgotten, the cursors in the store stand.
  void stop();

 private:
  void read(const std::stop_token& stop);
  /// False when reading cannot go on.
  bool read_one(const std::stop_token& stop);
  void wait_for_interval(const std::stop_token& stop);
  void send_acknowledgement();
  /// At the end of the topic, while the worker has nothing.
  void let_memory_go();
  /// Of the next batch.
  source::TakeLimits limits() const;
  Status stage(Taken& taken, const std::stop_token& stop);
  Batch take_spare();
  std::optional<Taken> news_of_topic();
  bool tell_well_again();

  // The reader thread's alone.
  std::unique_ptr<source::Source> source_;
  Stages& stages_;
  StagedBatch staged_;  // of the batch before; its rows() are a spare one
  const ReaderOptions options_;
  Stopwatch since_partitions_;
  bool unwell_ = false;   // the last thing told was an error
  bool missing_ = false;  // the topic was not there at the last look
  bool behind_ = true;    // the last batch did not reach the end of the topic
  bool backlog_ = false;  // there was one, and its memory has not been let go
  int64_t next_batch_id_ = 1;
  bool loses_rows_ = false;  // to rejects or WHERE, in this run
  int64_t part_;             // the next batch is one of so many parts of a full one
  Queue<Taken> queue_{kQueueBatchesMax};
  Mutex mutex_;
  std::vector<Cursor> acknowledged_ GUARDED_BY(mutex_);
  std::vector<Batch> spare_ GUARDED_BY(mutex_);
  std::jthread thread_;  // last: it uses all above
};

}  // namespace millrace::engine
