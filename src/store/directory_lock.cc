#include "store/directory_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <system_error>

namespace millrace::store {
namespace {

Code code_of_errno(int number) {
  switch (number) {
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::kPermission;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
      return Code::kResourceExhausted;
    default:
      return Code::kUnavailable;
  }
}

Error could_not(const std::string& what, const std::string& path, int number) {
  return Error(code_of_errno(number), "could not " + what + " \"" + path +
                                          "\": " + std::system_category().message(number));
}

std::string read_owner(int file) {
  std::array<char, 32> text{};
  const auto length = pread(file, text.data(), text.size(), 0);
  std::string owner(text.data(), length > 0 ? static_cast<size_t>(length) : 0);
  while (!owner.empty() && owner.back() == '\n') owner.pop_back();
  return owner.empty() ? "unknown" : owner;
}

Error owned(const std::string& directory, int file) {
  return Error(Code::kUnavailable,
               "data directory \"" + directory + "\" is in use by process " + read_owner(file),
               "Stop that millrace first, or give this one a directory of its own.");
}

}  // namespace

Result<DirectoryLock> DirectoryLock::acquire(const std::string& directory) {
  std::error_code failed;
  std::filesystem::create_directories(directory, failed);
  if (failed) return could_not("make directory", directory, failed.value());
  const std::string path = directory + "/millrace.lock";
  DirectoryLock lock;
  lock.file_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock.file_ < 0) return could_not("open", path, errno);
  if (flock(lock.file_, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return owned(directory, lock.file_);
    return could_not("lock", path, errno);
  }
  const std::string owner = std::to_string(getpid()) + "\n";
  const auto size = static_cast<ssize_t>(owner.size());
  if (ftruncate(lock.file_, 0) != 0 || pwrite(lock.file_, owner.data(), owner.size(), 0) != size)
    return could_not("write", path, errno);
  return lock;
}

void DirectoryLock::release() {
  // The file stays: taking it away would let two processes lock two files of the same name.
  if (file_ >= 0) ::close(std::exchange(file_, -1));
}

}  // namespace millrace::store
