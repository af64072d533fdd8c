#include "engine/reader.h"

#include <algorithm>
#include <utility>

#include "base/memory.h"

namespace millrace::engine {

using std::chrono::milliseconds;

/// The first batch of a run is this part of a full one, and each that follows kGrowth times the one
/// before: its rows are there soon after START, and the worker begins while the rest is fetched.
constexpr int64_t kFirstPart = 16;
constexpr int64_t kGrowth = 4;
/// Where rejects or WHERE take rows, this part more messages are taken, to have as many rows.
constexpr int64_t kSparePart = 16;
/// How soon a topic that was missing is looked for again.
constexpr milliseconds kLookAgain{1000};
/// How old the ends may be that are told while a batch's interval is waited for.
constexpr milliseconds kEndsInterval{2000};

namespace {

bool is_behind(const MessageBatch& batch) {
  return batch.others_wait ||
         std::any_of(batch.ranges.begin(), batch.ranges.end(), [](const OffsetRange& range) {
           return range.end_offset < range.latest_offset;
         });
}

}  // namespace

Reader::Reader(std::unique_ptr<source::Source> source, Stages& stages, const ReaderOptions& options)
    : source_(std::move(source)),
      stages_(stages),
      options_(options),
      next_batch_id_(options.next_batch_id),
      part_(kFirstPart) {
  thread_ = run_thread("reader", [this](std::stop_token stop) { read(stop); });
}

Reader::~Reader() {
  stop();
}

void Reader::stop() {
  thread_.request_stop();
  queue_.close();
}

void Reader::acknowledge(std::vector<Cursor> cursors) {
  Lock lock(mutex_);
  acknowledged_ = std::move(cursors);
}

void Reader::send_acknowledgement() {
  std::vector<Cursor> cursors;
  {
    Lock lock(mutex_);
    cursors.swap(acknowledged_);
  }
  if (!cursors.empty()) source_->acknowledge(cursors);
}

void Reader::give_back(Batch rows) {
  Lock lock(mutex_);
  spare_.push_back(std::move(rows));
}

void Reader::let_memory_go() {
  if (!std::exchange(backlog_, false)) return;
  {
    Lock lock(mutex_);
    spare_.clear();
  }
  staged_ = {};
  return_free_memory();
}

source::TakeLimits Reader::limits() const {
  auto limits = options_.limits;
  if (loses_rows_) limits.messages_max += limits.messages_max / kSparePart;
  const auto cut = [this](int64_t& max) {
    if (max > 0) max = std::max<int64_t>(max / part_, 1);
  };
  cut(limits.bytes_max);
  cut(limits.messages_max);
  return limits;
}

Status Reader::stage(Taken& taken, const std::stop_token& stop) {
  Stopwatch watch;
  TRY(taken.batch, transformed(stages_.transform.get(), std::move(taken.batch), stop, taken.said));
  if (stages_.transform) taken.transform_micros = watch.restart();
  TRY_OK(run_stages(stages_, taken.batch, staged_));
  taken.decode_micros = staged_.decode_micros;
  taken.shape_micros = staged_.shape_micros;
  taken.score_micros = staged_.score_micros;
  taken.rejects = std::move(staged_.rejects);
  taken.rows = std::exchange(staged_.rows(), take_spare());
  loses_rows_ = loses_rows_ || taken.rows.rows() < taken.batch.messages.size();
  return {};
}

Batch Reader::take_spare() {
  Lock lock(mutex_);
  if (spare_.empty()) return {};
  Batch spare = std::move(spare_.back());
  spare_.pop_back();
  return spare;
}

/// New partitions, or a topic that is gone: a consumer is told of neither. A broker that starts may
/// miss a topic for a moment, so it is asked twice.
std::optional<Taken> Reader::news_of_topic() {
  const milliseconds wait = missing_ ? kLookAgain : options_.partitions_interval;
  if (since_partitions_.micros() < wait.count() * 1000) return std::nullopt;
  since_partitions_.restart();
  const auto found = source_->partition_count();
  Taken news;
  if (found) {
    missing_ = false;
    news.new_partitions = *found > options_.partitions;
    if (news.new_partitions) return news;
    return std::nullopt;
  }
  // A broker that is away will be heard of from take(); here it only means "not now".
  if (facts(found.error().code).retryable) return std::nullopt;
  if (!std::exchange(missing_, true)) return std::nullopt;
  news.error = found.error();
  return news;
}

bool Reader::tell_well_again() {
  unwell_ = false;
  Taken news;
  news.well_again = true;
  return queue_.push(std::move(news));
}

bool Reader::read_one(const std::stop_token& stop) {
  if ((!behind_ || options_.in_turn) && !queue_.wait_until_wanted()) return false;
  if (!behind_) let_memory_go();
  send_acknowledgement();
  Taken taken;
  taken.started_at = now_micros();
  Stopwatch watch;
  auto batch = source_->take(limits(), stop);
  taken.take_micros = watch.micros();
  options_.on_ends(source_->heard_ends());
  if (!batch) {
    const bool goes_on = facts(batch.error().code).retryable;
    unwell_ = true;
    taken.error = std::move(batch).error();
    return queue_.push(std::move(taken)) && goes_on;
  }
  if (unwell_ && !tell_well_again()) return false;
  if (!batch->ranges.empty()) {
    taken.batch = std::move(*batch);
    taken.batch.batch_id = next_batch_id_++;
    part_ = std::max<int64_t>(part_ / kGrowth, 1);
    behind_ = taken.behind = is_behind(taken.batch);
    backlog_ = backlog_ || behind_;
    if (auto staged = stage(taken, stop); !staged) {
      Taken news;
      news.error = std::move(staged).error();
      news.batch.batch_id = next_batch_id_ - 1;
      news.lost = true;
      (void)queue_.push(std::move(news));
      return false;
    }
    if (!queue_.push(std::move(taken))) return false;
  }
  auto news = news_of_topic();
  if (!news) return true;
  (void)queue_.push(std::move(*news));
  return false;  // the run ends, and the next one reads what there is
}

/// Meanwhile the source goes on to hear of its ends.
void Reader::wait_for_interval(const std::stop_token& stop) {
  const Stopwatch watch;
  while (!stop.stop_requested()) {
    const auto left = options_.batch_interval - milliseconds(watch.micros() / 1000);
    if (left <= milliseconds(0)) return;
    wait_unless_stopped(stop, std::min(left, kEndsInterval));
    options_.on_ends(source_->heard_ends());
  }
}

void Reader::read(const std::stop_token& stop) {
  while (!stop.stop_requested() && read_one(stop)) wait_for_interval(stop);
  // Whoever waits in next() must learn that nothing more comes.
  queue_.close();
}

}  // namespace millrace::engine
