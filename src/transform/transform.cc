#include "transform/transform.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <vector>

#include "base/check.h"
#include "transform/run.h"

namespace millrace::transform {
namespace {

/// The runs that a batch needs, in the order of ranges. Without a message there is none.
std::vector<Task> tasks_of(const MessageBatch& batch, TransformOptions::Input input) {
  std::vector<Task> tasks;
  size_t range = 0;
  for (size_t i = 0; i < batch.messages.size(); ++i) {
    while (batch.ranges[range].partition != batch.messages[i].partition)
      CHECK(++range < batch.ranges.size(), "each message is of a range of its batch");
    const bool same = !tasks.empty() && tasks.back().range == range;
    if (same && input == TransformOptions::Input::kFramed)
      tasks.back().end_message = i + 1;
    else
      tasks.push_back({range, i, i + 1});
  }
  return tasks;
}

/// Ends waits of poll() when a stop is asked for.
class StopSignal {
 public:
  explicit StopSignal(const std::stop_token& stop)
      : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), on_stop_(stop, [this] {
          const uint64_t one = 1;
          [[maybe_unused]] const auto written = ::write(event_.number(), &one, sizeof one);
        }) {}
  int descriptor() const { return event_.number(); }

 private:
  Descriptor event_;
  std::stop_callback<std::function<void()>> on_stop_;
};

/// All runs of one batch.
class Runs {
 public:
  Runs(const TransformOptions& options, const MessageBatch& batch, const std::stop_token& stop)
      : options_(options),
        batch_(batch),
        stop_(stop),
        signal_(stop),
        tasks_(tasks_of(batch, options.input)),
        done_(tasks_.size()) {}

  Result<Transformed> work() {
    while (next_ < tasks_.size() || !running_.empty()) {
      if (stop_.stop_requested()) return Error(Code::kCancelled, "the transform was stopped");
      TRY_OK(start());
      TRY_OK(advance());
      wait();
    }
    return gather();
  }

 private:
  Status start() {
    while (next_ < tasks_.size() && running_.size() < static_cast<size_t>(options_.runs_max)) {
      TRY(auto run, Run::start(options_, batch_, tasks_[next_]));
      running_.push_back({std::move(run), next_++});
    }
    return {};
  }

  Status advance() {
    ended_one_ = false;
    for (size_t i = 0; i < running_.size();) {
      auto& [run, task] = running_[i];
      TRY(const bool ended, run->advance());
      if (ended) {
        done_[task] = std::move(run);
        running_.erase(running_.begin() + static_cast<ptrdiff_t>(i));
        ended_one_ = true;
      } else if (left_of(*run) <= 0) {
        return run->hung();
      } else {
        ++i;
      }
    }
    return {};
  }

  int64_t left_of(const Run& run) const {
    return options_.idle_max.count() - run.idle_micros() / 1000;
  }

  void wait() {
    if (ended_one_ || running_.empty()) return;
    std::vector<pollfd> waits{{signal_.descriptor(), POLLIN, 0}};
    int64_t left = options_.idle_max.count();
    for (const auto& [run, task] : running_) {
      const auto its = run->waits();
      waits.insert(waits.end(), its.begin(), its.end());
      left = std::min(left, left_of(*run));
    }
    constexpr int64_t kPollMsMax = 60'000;
    (void)::poll(waits.data(), waits.size(),
                 static_cast<int>(std::clamp<int64_t>(left + 1, 1, kPollMsMax)));
  }

  Transformed gather();
  void cut(Run& run, Transformed& result);

  const TransformOptions& options_;
  const MessageBatch& batch_;
  const std::stop_token& stop_;
  StopSignal signal_;
  const std::vector<Task> tasks_;
  size_t next_ = 0;
  struct Running {
    std::unique_ptr<Run> run;
    size_t task;
  };
  std::vector<Running> running_;
  std::vector<std::unique_ptr<Run>> done_;
  bool ended_one_ = false;
  std::vector<size_t> source_message_;  // for each record
};

/// The records of one run.
void Runs::cut(Run& run, Transformed& result) {
  const auto& task = run.task();
  const auto& range = batch_.ranges[task.range];
  const bool raw = options_.input == TransformOptions::Input::kRaw;
  const int64_t offset = raw ? batch_.messages[task.first_message].offset : range.first_offset;
  std::string_view text(run.output().data(), run.output().size());
  LineEnd line_end(options_.lines);
  std::string_view line;
  for (int64_t number = 0; line_end.take(text, line); ++number) {
    if (number < options_.ignored_lines || line.empty()) continue;
    Message record;
    record.payload = line;
    record.partition = range.partition;
    record.offset = offset;
    record.first_line = number + 1;
    result.batch.messages.push_back(record);
    source_message_.push_back(task.first_message);
  }
  result.batch.transformed[task.range].bytes_out += static_cast<int64_t>(run.output().size());
}

Transformed Runs::gather() {
  Transformed result;
  result.batch.ranges = batch_.ranges;
  result.batch.transformed.resize(batch_.ranges.size());
  auto outputs = std::make_shared<std::vector<std::vector<char>>>();
  for (auto& run : done_) {
    cut(*run, result);
    const auto& task = run->task();
    for (size_t i = task.first_message; i < task.end_message; ++i)
      result.batch.transformed[task.range].bytes_in +=
          static_cast<int64_t>(batch_.messages[i].payload.size());
    outputs->push_back(std::move(run->output()));
    if (result.said.size() < kSaidBytesMax) result.said += run->said();
  }
  if (result.said.size() > kSaidBytesMax) result.said.resize(kSaidBytesMax);
  result.batch.owner = outputs;
  if (batch_.file)
    result.batch.file = [source = batch_.file, owner = batch_.owner,
                         messages = std::make_shared<std::vector<size_t>>(std::move(
                             source_message_))](size_t i) { return source((*messages)[i]); };
  return result;
}

}  // namespace

Result<Transformed> Transform::run(const MessageBatch& batch, const std::stop_token& stop) const {
  return Runs(options_, batch, stop).work();
}

}  // namespace millrace::transform
