#include "store/duckdb_stream.h"

#include <string_view>
#include <utility>

#include "store/duckdb_error.h"
#include "store/duckdb_text.h"

namespace millrace::store {
namespace {

class DuckdbChunk : public ResultChunk {
 public:
  DuckdbChunk(DataChunk chunk, std::shared_ptr<const std::vector<TextType>> types)
      : chunk_(std::move(chunk)),
        types_(std::move(types)),
        rows_(duckdb_data_chunk_get_size(chunk_.get())) {
    columns_.reserve(types_->size());
    for (size_t i = 0; i < types_->size(); ++i)
      columns_.emplace_back((*types_)[i], duckdb_data_chunk_get_vector(chunk_.get(), i));
  }

  size_t rows() const override { return rows_; }
  bool is_null(size_t column, size_t row) const override { return columns_[column].is_null(row); }
  void append_text(size_t column, size_t row, std::string& out) const override {
    columns_[column].append(row, out);
  }
  int64_t integer(size_t column, size_t row) const override {
    return columns_[column].integer(row);
  }
  double real(size_t column, size_t row) const override { return columns_[column].real(row); }
  std::optional<int64_t> moment(size_t column, size_t row) const override {
    return columns_[column].moment(row);
  }

 private:
  DataChunk chunk_;
  std::shared_ptr<const std::vector<TextType>> types_;
  std::vector<TextVector> columns_;
  size_t rows_;
};

bool changes_rows(duckdb_statement_type type) {
  return type == DUCKDB_STATEMENT_TYPE_INSERT || type == DUCKDB_STATEMENT_TYPE_UPDATE ||
         type == DUCKDB_STATEMENT_TYPE_DELETE || type == DUCKDB_STATEMENT_TYPE_MERGE_INTO;
}

}  // namespace

void Interruption::begin() {
  Lock lock(mutex_);
  running_ = true;
  interrupted_ = false;
}

void Interruption::end() {
  Lock lock(mutex_);
  running_ = false;
}

void Interruption::interrupt(duckdb_connection connection) {
  Lock lock(mutex_);
  if (!running_) return;
  interrupted_ = true;
  duckdb_interrupt(connection);
}

Status Interruption::check() const {
  if (interrupted_) return Error(Code::kCancelled, "the statement was interrupted");
  return {};
}

DuckdbStream::DuckdbStream(QueryResult result, Interruption& interruption, StreamEvents events)
    : result_(std::move(result)),
      interruption_(interruption),
      events_(std::move(events)),
      types_(std::make_shared<std::vector<TextType>>()) {}

Result<std::unique_ptr<DuckdbStream>> DuckdbStream::open(QueryResult result,
                                                         Interruption& interruption,
                                                         StreamEvents events) {
  auto stream = std::make_unique<DuckdbStream>(std::move(result), interruption, std::move(events));
  const auto shown = duckdb_result_return_type(stream->result_.get());
  if (shown == DUCKDB_RESULT_TYPE_QUERY_RESULT) {
    TRY_OK(stream->read_columns());
    return stream;
  }
  stream->read_change();
  stream->end();
  return stream;
}

DuckdbStream::~DuckdbStream() {
  end();
}

Status DuckdbStream::read_columns() {
  auto& result = result_.get();
  changes_ = changes_rows(duckdb_result_statement_type(result));
  for (idx_t i = 0; i < duckdb_column_count(&result); ++i) {
    const char* name = duckdb_column_name(&result, i);
    const LogicalType type(duckdb_column_logical_type(&result, i));
    auto text = TextType::of(type.get());
    if (!text) return std::move(text).error().within("column \"" + std::string(name) + "\"");
    columns_.push_back({name, text->sql_type(), text->width, text->scale});
    types_->push_back(std::move(*text));
  }
  return {};
}

void DuckdbStream::read_change() {
  auto& result = result_.get();
  rows_changed_ = static_cast<int64_t>(duckdb_rows_changed(&result));
  // CREATE TABLE ... AS tells its rows like a query of one number.
  const bool counts = duckdb_result_return_type(result) == DUCKDB_RESULT_TYPE_NOTHING &&
                      duckdb_column_count(&result) == 1 &&
                      std::string_view(duckdb_column_name(&result, 0)) == "Count" &&
                      duckdb_column_type(&result, 0) == DUCKDB_TYPE_BIGINT;
  if (!counts) return;
  const DataChunk chunk = result_.fetch();
  if (!chunk || duckdb_data_chunk_get_size(chunk.get()) != 1) return;
  rows_changed_ = *static_cast<const int64_t*>(
      duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk.get(), 0)));
}

Result<std::unique_ptr<ResultChunk>> DuckdbStream::next() {
  TRY(DataChunk chunk, next_chunk());
  if (!chunk) return std::unique_ptr<ResultChunk>();
  return std::unique_ptr<ResultChunk>(std::make_unique<DuckdbChunk>(std::move(chunk), types_));
}

Result<DataChunk> DuckdbStream::next_chunk() {
  if (ended_) return DataChunk();
  // An interrupt between two chunks is not DuckDB's to see when the rows are all there.
  auto going_on = interruption_.check();
  DataChunk chunk;
  if (going_on) {
    chunk = result_.fetch();
    if (const char* error = result_.error(); !chunk && error != nullptr) going_on = error_of(error);
  }
  if (!going_on) {
    Error error = std::move(going_on).error();
    if (auto interrupted = interruption_.check(); !interrupted && error.code == Code::kCancelled)
      error = interrupted.error();
    const auto failed = std::move(events_.failed);
    end();
    return failed ? failed(std::move(error)) : std::move(error);
  }
  if (!chunk || duckdb_data_chunk_get_size(chunk.get()) == 0) {
    end();
    return DataChunk();
  }
  if (changes_) rows_changed_ += static_cast<int64_t>(duckdb_data_chunk_get_size(chunk.get()));
  return chunk;
}

Result<bool> DuckdbRowStream::next(Batch& rows) {
  TRY(DataChunk chunk, stream_->next_chunk());
  if (!chunk) return false;
  reader_.read(std::move(chunk), rows);
  return true;
}

void DuckdbStream::end() {
  if (ended_) return;
  ended_ = true;
  result_ = QueryResult();
  if (events_.ended) events_.ended();
}

}  // namespace millrace::store
