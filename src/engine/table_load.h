// LOAD DATA INFILE: the lines of a file, decoded as a pipeline decodes them, into a table within
// the transaction of a session. The file is read as it comes, some megabytes at a time, and each
// batch of lines is in the table before the next is read. The caller's thread does all of it; the
// caller opens the transaction before and ends it after, by how this ended.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/definition.h"
#include "store/store.h"

namespace millrace::engine {

/// The bytes of a file, from its first to its last.
class LoadInput {
 public:
  virtual ~LoadInput() = default;
  /// The next bytes, up to `size`; 0 at the end.
  virtual Result<size_t> read(char* to, size_t size) = 0;
};

/// Asked once everything else has been checked.
using OpenLoadInput = std::function<Result<std::unique_ptr<LoadInput>>()>;

/// A file of this machine, inflated when it is gzip or zstd. Errors: kNotFound, kPermission.
Result<std::unique_ptr<LoadInput>> open_load_file(const std::string& path);

/// What became of the rows, as MySQL counts them.
struct LoadReport {
  int64_t records = 0;     // rows in the file
  int64_t taken = 0;       // that the table took
  int64_t deleted = 0;     // rows that others took the place of
  int64_t bad = 0;         // rows that were left out because something is wrong with them
  int64_t taken_keys = 0;  // rows that were left out because their key was there
  std::vector<std::string> warnings;  // of the first bad rows, each with its number
};

/// What of a pipeline's clauses a load has: table, csv, fields, set, where, skipped, duplicates.
/// Bad rows and, with IGNORE, keys that are there are left out when `skipped` says so; else the
/// first of them is the error, with the number of its row. Errors: those of the table and the
/// expressions, of `open` and of the input; kCancelled.
Result<LoadReport> load_table(const PipelineDefinition& load, store::Store& store,
                              store::Session& session, const OpenLoadInput& open,
                              const std::stop_token& stop);

}  // namespace millrace::engine
