// One running statement of a Session and the rows it makes. The stream belongs to its session's
// thread; Interruption is what that thread shares with the one that interrupts.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/thread.h"
#include "store/duckdb_feature.h"
#include "store/duckdb_handles.h"
#include "store/duckdb_text_type.h"
#include "store/session.h"

namespace millrace::store {

/// Whether a statement runs on a connection, and whether it was asked to end. An interrupt while
/// nothing runs is forgotten.
class Interruption {
 public:
  void begin();
  void end();
  /// Thread-safe.
  void interrupt(duckdb_connection connection);
  /// DuckDB forgets an interrupt that comes while a statement is being set up; this does not.
  Status check() const;

 private:
  Mutex mutex_;
  bool running_ GUARDED_BY(mutex_) = false;
  std::atomic<bool> interrupted_ = false;
};

/// What a stream tells its session: `failed` with an error of next(), which it may add to, and
/// `ended` once, when the statement is over. After `ended` the session forgets the stream.
struct StreamEvents {
  std::function<Error(Error)> failed;
  std::function<void()> ended;
};

class DuckdbStream : public ResultStream {
 public:
  /// Errors: kUnsupported for a column that has no text.
  static Result<std::unique_ptr<DuckdbStream>> open(QueryResult result, Interruption& interruption,
                                                    StreamEvents events);
  /// Has no columns yet: open() makes a stream.
  DuckdbStream(QueryResult result, Interruption& interruption, StreamEvents events);
  ~DuckdbStream() override;

  const std::vector<ResultColumn>& columns() const override { return columns_; }
  int64_t rows_changed() const override { return rows_changed_; }
  Result<std::unique_ptr<ResultChunk>> next() override;
  /// The next rows as DuckDB has them; empty at the end.
  Result<DataChunk> next_chunk();

 private:
  Status read_columns();
  void read_change();
  void end();

  QueryResult result_;
  Interruption& interruption_;
  StreamEvents events_;
  std::vector<ResultColumn> columns_;
  std::shared_ptr<std::vector<TextType>> types_;  // chunks may outlive the stream
  bool changes_ = false;                          // the rows show what was changed (RETURNING)
  bool ended_ = false;
  int64_t rows_changed_ = 0;
};

/// The same for a model.
class DuckdbRowStream : public RowStream {
 public:
  DuckdbRowStream(std::unique_ptr<DuckdbStream> stream, FeatureReader reader)
      : stream_(std::move(stream)), reader_(std::move(reader)) {}

  const std::shared_ptr<const Schema>& schema() const override { return reader_.schema(); }
  Result<bool> next(Batch& rows) override;

 private:
  std::unique_ptr<DuckdbStream> stream_;
  FeatureReader reader_;
};

}  // namespace millrace::store
