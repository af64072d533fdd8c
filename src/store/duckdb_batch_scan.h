// Lets SQL read a Batch: the table function millrace_batch('token') has the batch's columns and a
// hidden one, the row's number. It scans the memory of the batch that its BatchSource holds at the
// time; only the columns a query names are handed over, and long text is not copied. A token is a
// secret of whoever made the source, so that no user's query can meet somebody's batch.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/thread.h"
#include "data/batch.h"
#include "store/duckdb_handles.h"

namespace millrace::store {

inline constexpr const char* kRowColumn = "__millrace_row";  // UINTEGER, the row's number

/// What a scan reads; set by the thread that then executes the query.
struct BatchSource {
  std::shared_ptr<const Schema> schema;
  const Batch* batch = nullptr;
  size_t first = 0;
  size_t count = 0;
};

/// The sources of one database. Thread-safe.
class BatchSources {
 public:
  /// Makes millrace_batch known to the database of `connection`. Called once.
  static Result<std::shared_ptr<BatchSources>> install(duckdb_connection connection);

  /// The SQL that scans `source`: `millrace_batch('...')`. Valid until remove() of it.
  std::string add(std::shared_ptr<BatchSource> source) EXCLUDES(mutex_);
  void remove(const std::string& scan) EXCLUDES(mutex_);
  std::shared_ptr<BatchSource> find(const std::string& token) EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  std::map<std::string, std::shared_ptr<BatchSource>> sources_ GUARDED_BY(mutex_);
};

}  // namespace millrace::store
