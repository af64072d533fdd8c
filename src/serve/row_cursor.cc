#include "serve/row_cursor.h"

namespace millrace::serve {
namespace {

constexpr size_t kRowsMax = size_t{1} << 22;  // of a cursor whose rows had to be read ahead

}  // namespace

RowCursor::RowCursor(std::unique_ptr<sql::Execution> execution, sql::StatementResult result)
    : execution_(std::move(execution)),
      result_(std::move(result)),
      columns_(result_.stream->columns()),
      encoder_(columns_, RowForm::kAsBinary) {}

RowCursor::~RowCursor() {
  chunks_.clear();
  result_.stream.reset();  // before its execution
}

/// Sees to it that there is a row to send, unless all are sent.
Status RowCursor::fill() {
  TRY_OK(failed_);
  while (chunks_.empty() && result_.stream) {
    auto chunk = result_.stream->next();
    if (chunk && *chunk && (*chunk)->rows() > 0) {
      chunks_.push_back(std::move(*chunk));
    } else if (!chunk || !*chunk) {
      result_.stream.reset();
      execution_.reset();
      if (!chunk) return failed_ = std::move(chunk).error();
    }
  }
  return {};
}

void RowCursor::detach() {
  size_t rows = 0;
  while (result_.stream) {
    auto chunk = result_.stream->next();
    if (!chunk) failed_ = std::move(chunk).error();
    if (!chunk || !*chunk) break;
    rows += (*chunk)->rows();
    if (rows > kRowsMax) {
      failed_ = Error(Code::kResourceExhausted,
                      "a cursor of more than " + std::to_string(kRowsMax) +
                          " rows cannot stay open beside other statements",
                      "Fetch all of its rows first, or use a connection for it alone.");
      break;
    }
    chunks_.push_back(std::move(*chunk));
  }
  if (!failed_) chunks_.clear();
  result_.stream.reset();
  execution_.reset();
}

Result<RowCursor::Fetched> RowCursor::fetch(PacketChannel& channel, size_t rows_max) {
  Fetched fetched;
  std::string packet;
  while (fetched.rows < rows_max) {
    fetched.query = fill();
    if (!fetched.query || chunks_.empty()) return fetched;
    packet.clear();
    fetched.query = encoder_.append(*chunks_.front(), row_, packet);
    if (!fetched.query) return fetched;
    TRY_OK(channel.write(packet));
    ++fetched.rows;
    if (++row_ < chunks_.front()->rows()) continue;
    chunks_.pop_front();
    row_ = 0;
  }
  // Whether that was the last row is told with it.
  fetched.query = fill();
  return fetched;
}

}  // namespace millrace::serve
