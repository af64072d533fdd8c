#include "transform/run.h"

#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/duration.h"

namespace millrace::transform {
namespace {

constexpr size_t kFrameBytes = 8;
constexpr size_t kMessagesAtOnce = 256;  // in one write: two pieces each, and IOV_MAX is 1024
constexpr size_t kOutputBytesAtOnce = 256 * 1024;

using Frame = std::array<char, kFrameBytes>;

Frame frame_of(std::string_view payload) {
  Frame frame{};
  for (size_t i = 0; i < frame.size(); ++i)
    frame[i] = static_cast<char>(static_cast<uint64_t>(payload.size()) >> (8 * i));
  return frame;
}

}  // namespace

Result<std::unique_ptr<Run>> Run::start(const TransformOptions& options, const MessageBatch& batch,
                                        const Task& task) {
  auto run = std::unique_ptr<Run>(new Run(options, batch, task));
  TRY(run->process_, Process::start(options.command));
  return run;
}

std::array<pollfd, Run::kWaits> Run::waits() const {
  return {{{process_->input().number(), POLLOUT, 0},
           {process_->output().number(), POLLIN, 0},
           {process_->errors().number(), POLLIN, 0},
           {process_->report(), POLLIN, 0}}};
}

/// Forgets `bytes` that were written.
bool Run::take(size_t bytes) {
  const size_t frame = options_.input == TransformOptions::Input::kFramed ? kFrameBytes : 0;
  sent_ += bytes;
  while (message_ < task_.end_message) {
    const size_t whole = frame + batch_.messages[message_].payload.size();
    if (sent_ < whole) return true;
    sent_ -= whole;
    ++message_;
  }
  return false;
}

/// Writes as much as the pipe takes. A program that has closed its stdin has read enough.
void Run::feed() {
  const bool framed = options_.input == TransformOptions::Input::kFramed;
  auto& input = process_->input();
  while (input) {
    if (!take(0)) return input.close();
    std::array<Frame, kMessagesAtOnce> frames;
    std::array<iovec, 2 * kMessagesAtOnce> pieces;
    int count = 0;
    size_t skipped = sent_;
    const auto add = [&](const char* bytes, size_t size) {
      const size_t here = std::min(skipped, size);
      skipped -= here;
      if (here < size)
        pieces[static_cast<size_t>(count++)] = {const_cast<char*>(bytes) + here, size - here};
    };
    const size_t end = std::min(task_.end_message, message_ + kMessagesAtOnce);
    for (size_t i = message_; i < end; ++i) {
      const auto payload = batch_.messages[i].payload;
      if (framed) {
        frames[i - message_] = frame_of(payload);
        add(frames[i - message_].data(), kFrameBytes);
      }
      add(payload.data(), payload.size());
    }
    const ssize_t written = ::writev(input.number(), pieces.data(), count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) return;
    if (written < 0) return input.close();
    since_progress_.restart();
    take(static_cast<size_t>(written));
  }
}

Status Run::read_output() {
  auto& output = process_->output();
  while (output) {
    if (output_.size() - size_ < kOutputBytesAtOnce)
      output_.resize(std::max(size_ + kOutputBytesAtOnce, output_.size() * 2));
    const ssize_t count = ::read(output.number(), output_.data() + size_, output_.size() - size_);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return {};
    if (count <= 0) {
      output.close();
      break;
    }
    size_ += static_cast<size_t>(count);
    since_progress_.restart();
    if (size_ > static_cast<size_t>(options_.output_bytes_max)) {
      auto error =
          failed("wrote more than " + std::to_string(options_.output_bytes_max >> 20) + " MiB");
      error.hint = "MAX_OFFSETS_PER_BATCH_PARTITION gives it fewer messages at a time.";
      return error;
    }
  }
  return {};
}

/// The last kSaidBytesMax of it are kept: what matters stands at the end.
void Run::read_errors() {
  auto& errors = process_->errors();
  std::array<char, 16 * 1024> text;
  while (errors) {
    const ssize_t count = ::read(errors.number(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return errors.close();
    said_.append(text.data(), static_cast<size_t>(count));
    if (said_.size() > 2 * kSaidBytesMax) said_.erase(0, said_.size() - kSaidBytesMax);
  }
}

/// The pipes are looked at after the end, too: what the program wrote last is in them still. They
/// end there, for nothing that holds their other ends runs any more.
Result<bool> Run::advance() {
  const auto status = process_->status();
  feed();
  TRY_OK(read_output());
  read_errors();
  if (!status) return false;
  if (said_.size() > kSaidBytesMax) said_.erase(0, said_.size() - kSaidBytesMax);
  if (WIFSIGNALED(*status))
    return failed("was killed by signal " + std::to_string(WTERMSIG(*status)));
  if (WEXITSTATUS(*status) != 0)
    return failed("ended with status " + std::to_string(WEXITSTATUS(*status)));
  output_.resize(size_);
  return true;
}

Error Run::failed(const std::string& how) const {
  const auto& range = batch_.ranges[task_.range];
  Error error(Code::kTransform, "transform \"" + options_.name + "\" " + how + " at partition " +
                                    std::to_string(range.partition) + ", offsets " +
                                    std::to_string(range.first_offset) + " to " +
                                    std::to_string(range.end_offset));
  error.hint = "What it wrote to stderr is STD_ERROR in information_schema.PIPELINES_ERRORS.";
  error.output = said_;
  return error;
}

Error Run::hung() const {
  return failed("neither read nor wrote for " + in_words(options_.idle_max) + " and was killed");
}

}  // namespace millrace::transform
