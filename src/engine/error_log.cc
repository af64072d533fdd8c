#include "engine/error_log.h"

#include "base/clock.h"
#include "base/log.h"
#include "data/utf8.h"

namespace millrace::engine {
namespace {

/// Which of PIPELINES_ERRORS' kinds an error is.
std::string kind_of(const Error& error) {
  switch (error.code) {
    case Code::kUnavailable:
    case Code::kTimeout:
    case Code::kDataLoss:
    case Code::kNotFound:
    case Code::kMissingTopic:
    case Code::kAuthentication:
    case Code::kPermission:
      return "Extract";
    case Code::kConstraint:
    case Code::kResourceExhausted:
    case Code::kCorruptRow:
    case Code::kConflict:
      return "Load";
    case Code::kTransform:
      return "Transform";
    default:
      return "Internal";
  }
}

}  // namespace

void ErrorLog::note(const Error& error, int64_t batch_id, const Reject* row) {
  const std::string message = error.to_string();
  const int64_t now = now_micros();
  stats_.set_error(message);
  if (message == last_message_ && now - last_at_ < kRepeatMicros) return;
  last_message_ = message;
  last_at_ = now;
  log_warn("a pipeline has trouble", {{"pipeline", name_.quoted()}, {"error", message}});
  write(error, "Error", batch_id, row);
}

/// Libraries greet at every start; once a minute is enough of that.
void ErrorLog::note_said(const std::string& said, int64_t batch_id) {
  const int64_t now = now_micros();
  if (now - last_said_at_ < kRepeatMicros) return;
  last_said_at_ = now;
  Error error(Code::kTransform, "the transform wrote to stderr");
  error.output = said;
  write(error, "Warning", batch_id, nullptr);
}

void ErrorLog::write(const Error& error, std::string_view type, int64_t batch_id,
                     const Reject* row) {
  store::PipelineError entry;
  entry.pipeline_id = pipeline_id_;
  entry.database = name_.database;
  entry.pipeline = name_.name;
  entry.at = now_micros();
  entry.type = type;
  entry.kind = kind_of(error);
  entry.code = facts(error.code).mysql_errno;
  entry.message = as_utf8(error.to_string());
  entry.std_error = as_utf8(error.output);
  entry.batch_id = batch_id;
  if (row != nullptr) {
    entry.partition = row->partition;
    entry.line = row->bytes;
    entry.line_number = row->line;
  }
  if (pending_.size() < kPendingMax) pending_.push_back(std::move(entry));
  write_pending();
}

void ErrorLog::note_well() {
  if (!last_message_.empty()) stats_.set_error({});
  last_message_.clear();
  write_pending();
}

void ErrorLog::write_pending() {
  while (!pending_.empty()) {
    const auto written = store_.log_error(pending_.front());
    if (!written && facts(written.error().code).retryable) return;
    if (!written)
      log_error("an error could not be kept in PIPELINES_ERRORS",
                {{"pipeline", name_.quoted()}, {"error", written.error().to_string()}});
    pending_.erase(pending_.begin());
  }
}

}  // namespace millrace::engine
