// The content of one file from its first byte to its last, inflated when it is gzip or zstd: told
// by its first bytes, whatever it is called. The door to zlib and zstd. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace millrace::source {

class FileStream {
 public:
  /// Errors: kNotFound, kPermission.
  static Result<std::unique_ptr<FileStream>> open(const std::string& path);
  virtual ~FileStream() = default;

  /// The next bytes, up to `size`; 0 at the end. Errors: kDataLoss for a file that is damaged or
  /// ends too early.
  virtual Result<size_t> read(char* to, size_t size) = 0;
};

}  // namespace millrace::source
