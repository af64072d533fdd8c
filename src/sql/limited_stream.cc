#include "sql/limited_stream.h"

namespace millrace::sql {
namespace {

class LimitedStream : public store::ResultStream {
 public:
  LimitedStream(std::unique_ptr<store::ResultStream> stream, std::shared_ptr<const Account> account)
      : stream_(std::move(stream)), account_(std::move(account)) {}

  const std::vector<store::ResultColumn>& columns() const override { return stream_->columns(); }
  int64_t rows_changed() const override { return stream_->rows_changed(); }

  Result<std::unique_ptr<store::ResultChunk>> next() override {
    TRY(auto chunk, stream_->next());
    if (!chunk) return chunk;
    const auto& limits = account_->limits;
    rows_ += static_cast<int64_t>(chunk->rows());
    if (limits.result_rows > 0 && rows_ > limits.result_rows)
      return limit_met(*account_, "the result has more rows", "MAX_RESULT_ROWS",
                       limits.result_rows);
    if (limits.result_bytes > 0) count(*chunk);
    if (limits.result_bytes > 0 && bytes_ > limits.result_bytes)
      return limit_met(*account_, "the result has more bytes", "MAX_RESULT_BYTES",
                       limits.result_bytes);
    return chunk;
  }

 private:
  void count(const store::ResultChunk& chunk) {
    for (size_t column = 0; column < columns().size(); ++column) {
      for (size_t row = 0; row < chunk.rows(); ++row) {
        if (chunk.is_null(column, row)) continue;
        text_.clear();
        chunk.append_text(column, row, text_);
        bytes_ += static_cast<int64_t>(text_.size());
      }
    }
  }

  const std::unique_ptr<store::ResultStream> stream_;
  const std::shared_ptr<const Account> account_;
  int64_t rows_ = 0;
  int64_t bytes_ = 0;
  std::string text_;
};

}  // namespace

std::unique_ptr<store::ResultStream> limited(std::unique_ptr<store::ResultStream> stream,
                                             std::shared_ptr<const Account> account) {
  if (!stream || (account->limits.result_rows == 0 && account->limits.result_bytes == 0))
    return stream;
  return std::make_unique<LimitedStream>(std::move(stream), std::move(account));
}

Error limit_met(const Account& account, std::string_view what, std::string_view limit,
                int64_t value) {
  return Error(Code::kLimit,
               std::string(what) + " than " + std::string(limit) + " of user \"" + account.name +
                   "\" allows, " + std::to_string(value),
               "A user with ADMIN may ALTER USER " + account.quoted() + " WITH " +
                   std::string(limit) + " n; 0 is no limit.");
}

}  // namespace millrace::sql
