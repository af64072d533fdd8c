// Who owns a data directory: the process that holds the lock on its `millrace.lock`. The kernel
// lets go of the lock when that process ends, however it ends, so that a lock is never stale; the
// owner's process id inside is for people.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace millrace::store {

class DirectoryLock {
 public:
  DirectoryLock() = default;
  DirectoryLock(DirectoryLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  DirectoryLock& operator=(DirectoryLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~DirectoryLock() { release(); }

  /// Makes the directory when it is missing. Errors: kUnavailable when it is owned (by whom is in
  /// the message), kPermission, kResourceExhausted.
  static Result<DirectoryLock> acquire(const std::string& directory);
  void release();

 private:
  int file_ = -1;
};

}  // namespace millrace::store
