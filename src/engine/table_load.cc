#include "engine/table_load.h"

#include <algorithm>

#include "data/line_end.h"
#include "decode/decoder.h"
#include "engine/line_rules.h"
#include "engine/plan.h"
#include "source/file_stream.h"

namespace millrace::engine {
namespace {

/// Read before lines are cut and decoded; a line may be longer.
constexpr size_t kBatchBytes = size_t{4} << 20;
constexpr size_t kLineBytesMax = size_t{64} << 20;
constexpr size_t kWarningsMax = 64;

class FileInput : public LoadInput {
 public:
  explicit FileInput(std::unique_ptr<source::FileStream> stream) : stream_(std::move(stream)) {}
  Result<size_t> read(char* to, size_t size) override { return stream_->read(to, size); }

 private:
  const std::unique_ptr<source::FileStream> stream_;
};

/// Cuts the input into batches of messages, one for each line, whose offset is its row's number
/// from 1. A line keeps its terminator, so that one without anything in it is a row all the same.
class LineReader {
 public:
  LineReader(LoadInput& input, const decode::CsvFormat& csv)
      : input_(input), line_end_(line_rules(csv)), ignored_(csv.ignore_lines) {}

  /// No messages: the input is at its end.
  Result<MessageBatch> next() {
    MessageBatch batch;
    while (batch.messages.empty() && !(ended_ && rest_.empty())) TRY_OK(fill(batch));
    return batch;
  }

 private:
  Status fill(MessageBatch& batch) {
    auto text = std::make_shared<std::string>(std::move(rest_));
    rest_.clear();
    TRY_OK(read_up_to(*text, std::max(kBatchBytes, wanted_)));
    std::string_view left = *text;
    while (!left.empty()) {
      line_end_.restart();
      size_t end = ended_ ? line_end_.find_in_all(left) : line_end_.find(left);
      if (end == std::string_view::npos && !ended_) break;
      end = end == std::string_view::npos ? left.size() : end + line_end_.terminator_size();
      if (ignored_ > 0) {
        --ignored_;
      } else {
        Message message;
        message.payload = left.substr(0, end);
        message.offset = ++rows_;
        batch.messages.push_back(message);
      }
      left.remove_prefix(end);
    }
    // A line that is not whole yet: the more of it there is, the more is read at once.
    wanted_ = left.size() * 2;
    if (left.size() > kLineBytesMax)
      return Error(Code::kCorruptRow,
                   "row " + std::to_string(rows_ + 1) + " is longer than " +
                       std::to_string(kLineBytesMax >> 20) + " MiB",
                   "Is a quote not closed, or the line's terminator another?");
    rest_ = left;
    batch.owner = std::move(text);
    return {};
  }

  Status read_up_to(std::string& text, size_t size) {
    size_t have = text.size();
    text.resize(std::max(size, have));
    while (!ended_ && have < text.size()) {
      TRY(const size_t got, input_.read(text.data() + have, text.size() - have));
      ended_ = got == 0;
      have += got;
    }
    text.resize(have);
    return {};
  }

  LoadInput& input_;
  LineEnd line_end_;
  int64_t ignored_;
  int64_t rows_ = 0;
  bool ended_ = false;
  size_t wanted_ = 0;
  std::string rest_;
};

/// A load at work: one batch after another.
class TableLoader {
 public:
  TableLoader(const PipelineDefinition& load, store::Session& session)
      : load_(load), session_(session) {}

  Status prepare(store::Store& store) {
    TRY(const auto target, store.table(load_.table.database, load_.table.name));
    TRY(auto plan, make_plan(load_, target, nullptr));
    if (!plan.facts.empty())
      return Error(Code::kInvalidArgument,
                   "LOAD DATA INFILE has no messages whose facts an expression could read");
    decode::CsvFormat csv = load_.csv;
    csv.ignore_lines = 0;  // they are the file's, and a message is a line
    decode::DecodeLimits limits;
    limits.field_bytes_max = kLineBytesMax;
    TRY(decoder_, decode::make_csv_decoder(csv, plan.fields, limits));
    rows_ = Batch(decoder_->schema());
    plan.output.input = decoder_->schema();
    if (!skips_bad_rows()) plan.output.failures_max = 1;
    if (skips_taken_keys() && load_.duplicates == store::Duplicates::kRefuse)
      plan.output.duplicates = store::Duplicates::kIgnore;
    TRY(table_, session_.load(plan.output));
    if (load_.duplicates == store::Duplicates::kReplace) {
      TRY(rows_before_, table_->table_rows());
    }
    return {};
  }

  Status take(const MessageBatch& messages) {
    rejects_.clear();
    TRY_OK(decoder_->decode(messages, rows_, rejects_));
    for (const auto& reject : rejects_) TRY_OK(leave_out(reject.offset, reject.detail));
    failures_.clear();
    auto taken = table_->append(rows_, failures_);
    for (const auto& failure : failures_)
      TRY_OK(leave_out(number_of(messages, failure.row), failure.detail));
    if (!taken) return of_rows(std::move(taken).error(), messages);
    report_.records += static_cast<int64_t>(rows_.rows() + rejects_.size());
    report_.taken += *taken;
    if (skips_taken_keys()) {
      const auto good = static_cast<int64_t>(rows_.rows() - failures_.size());
      report_.taken_keys += load_.where.sql.empty() ? good - *taken : 0;
    }
    return {};
  }

  Result<LoadReport> finish() {
    if (load_.duplicates == store::Duplicates::kReplace) {
      TRY(const int64_t rows, table_->table_rows());
      // Of rows with one key in the file, the table took the last; each took the place of another.
      report_.taken = report_.records - report_.bad;
      report_.deleted = rows_before_ + report_.taken - rows;
    }
    return std::move(report_);
  }

 private:
  bool skips_bad_rows() const {
    return load_.skipped == SkippedErrors::kIgnore || load_.skipped == SkippedErrors::kAll ||
           load_.skipped == SkippedErrors::kParser || load_.skipped == SkippedErrors::kConstraint;
  }
  bool skips_taken_keys() const {
    return load_.skipped != SkippedErrors::kNone && load_.skipped != SkippedErrors::kParser;
  }

  int64_t number_of(const MessageBatch& messages, uint32_t row) const {
    return messages.messages[rows_.message_of_row()[row]].offset;
  }

  Status leave_out(int64_t row, const std::string& why) {
    const std::string text = "row " + std::to_string(row) + ": " + why;
    if (!skips_bad_rows())
      return Error(Code::kCorruptRow, text, "IGNORE before INTO TABLE leaves out bad rows.");
    ++report_.bad;
    if (report_.warnings.size() < kWarningsMax) report_.warnings.push_back(text);
    return {};
  }

  /// The table's own words do not say which row it refused.
  static Error of_rows(Error error, const MessageBatch& messages) {
    if (error.code != Code::kConstraint) return error;
    return std::move(error).within("rows " + std::to_string(messages.messages.front().offset) +
                                   " to " + std::to_string(messages.messages.back().offset));
  }

  const PipelineDefinition& load_;
  store::Session& session_;
  std::unique_ptr<decode::Decoder> decoder_;
  std::unique_ptr<store::TableLoad> table_;
  int64_t rows_before_ = 0;
  Batch rows_;
  std::vector<Reject> rejects_;
  std::vector<store::RowFailure> failures_;
  LoadReport report_;
};

}  // namespace

Result<std::unique_ptr<LoadInput>> open_load_file(const std::string& path) {
  TRY(auto stream, source::FileStream::open(path));
  return std::unique_ptr<LoadInput>(std::make_unique<FileInput>(std::move(stream)));
}

Result<LoadReport> load_table(const PipelineDefinition& load, store::Store& store,
                              store::Session& session, const OpenLoadInput& open,
                              const std::stop_token& stop) {
  TableLoader loader(load, session);
  TRY_OK(loader.prepare(store));
  TRY(const auto input, open());
  LineReader lines(*input, load.csv);
  while (true) {
    TRY(const auto messages, lines.next());
    if (messages.messages.empty()) return loader.finish();
    if (stop.stop_requested()) return Error(Code::kCancelled, "query interrupted");
    TRY_OK(loader.take(messages));
  }
}

}  // namespace millrace::engine
