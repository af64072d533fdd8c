// A source of files: a folder or a pattern, looked at again and again. Each file is one part of one
// partition, each line a message. Files get numbers in the order in which they are found, and the
// ledger keeps them before the first line is read: so an offset (the file's number, then the place
// of the line in its content) means the same for ever. A file that was found is not looked at for
// changes; one that is still being written must come by a rename, or stay unchanged for a second.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/line_end.h"
#include "source/source.h"

namespace millrace::source {

struct SourceFile {
  std::string name;  // its path
  int64_t size = 0;  // when it was found
  bool skipped = false;
};

/// The files of a pipeline, by number; kept by the caller. Called on the source's thread.
struct FileLedger {
  std::function<Result<std::vector<SourceFile>>()> read;
  std::function<Status(const std::vector<SourceFile>&)> append;
};

struct FileOptions {
  std::string path;  // a file, a folder, or a pattern of the shell's: /data/*.csv.gz
  FileLedger ledger;
  LineRules lines;  // how content is cut
  /// Files are Avro's container files, and each block is a message: the file's header, then the
  /// block. What is none, or damaged, is one message to the end of its file.
  bool avro_containers = false;
  size_t line_bytes_max = 64 << 20;
  int64_t ignored_lines = 0;  // at the begin of each file
  std::chrono::milliseconds settled_for{1000};
};

/// Offsets: the number of the file in the high bits, the place in its content in the low ones.
inline constexpr int kFileOffsetBits = 40;
inline constexpr int64_t file_offset(int64_t file, int64_t place) {
  return file << kFileOffsetBits | place;
}

/// Errors of its calls: kDataLoss for a file that is damaged, that is another one when its reading
/// goes on, or has a line of more than line_bytes_max; kNotFound and kPermission for one that
/// cannot be opened.
std::unique_ptr<Source> open_files(FileOptions options);

}  // namespace millrace::source
