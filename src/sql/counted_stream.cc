#include "sql/counted_stream.h"

namespace millrace::sql {
namespace {

class CountedStream : public store::ResultStream {
 public:
  CountedStream(std::unique_ptr<store::ResultStream> stream, std::shared_ptr<int64_t> rows)
      : stream_(std::move(stream)), rows_(std::move(rows)) {}

  const std::vector<store::ResultColumn>& columns() const override { return stream_->columns(); }
  int64_t rows_changed() const override { return stream_->rows_changed(); }

  Result<std::unique_ptr<store::ResultChunk>> next() override {
    TRY(auto chunk, stream_->next());
    if (chunk) *rows_ += static_cast<int64_t>(chunk->rows());
    return chunk;
  }

 private:
  const std::unique_ptr<store::ResultStream> stream_;
  const std::shared_ptr<int64_t> rows_;
};

}  // namespace

std::unique_ptr<store::ResultStream> counted(std::unique_ptr<store::ResultStream> stream,
                                             std::shared_ptr<int64_t> rows) {
  return std::make_unique<CountedStream>(std::move(stream), std::move(rows));
}

}  // namespace millrace::sql
