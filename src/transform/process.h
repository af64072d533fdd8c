// A child process with three pipes, and its end for certain. Between us and the program stands a
// keeper, a fork of this process that does nothing but wait: when the program ends, when we let go
// of it, or when this process dies in whatever way (its end of a pipe closes then), the keeper
// kills the program, its process group and whatever they started. Belongs to one thread; the pipes'
// ends here do not block. Needs SIGPIPE to be ignored.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace millrace::transform {

struct Command {
  std::vector<std::string> words;  // the program's path, then its arguments
  std::string directory;           // where it runs
};

/// A file descriptor, closed with its owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { close(); }
  int number() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  void close();

 private:
  int number_ = -1;
};

class Process {
 public:
  /// Errors: kResourceExhausted when the system has no more processes or descriptors. A program
  /// that cannot be run ends with status 127, and says why on its stderr.
  static Result<std::unique_ptr<Process>> start(const Command& command);
  /// Kills what runs still.
  ~Process();

  Descriptor& input() { return input_; }    // what the program reads
  Descriptor& output() { return output_; }  // what it writes
  Descriptor& errors() { return errors_; }  // its stderr
  /// Readable when the program has ended.
  int report() const { return report_.number(); }
  /// As waitpid() gives it; nothing before the end. Nothing of the program runs when it is there.
  std::optional<int> status();

 private:
  Process() = default;

  Descriptor input_, output_, errors_, report_;
  Descriptor life_;  // the keeper kills when this is closed
  pid_t keeper_ = -1;
  std::optional<int> status_;
};

}  // namespace millrace::transform
