// Which files there are that a source has not found yet: those of a folder, or that fit a pattern,
// and that have not changed for a while. Owned and called by the source.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "source/file_source.h"

namespace millrace::source {

class FileFinder {
 public:
  /// `path` names a file or a folder, or is a pattern of the shell's.
  FileFinder(std::string path, std::chrono::milliseconds settled_for)
      : path_(std::move(path)), settled_for_(settled_for) {}

  /// Regular files that are not `known`, by name; hidden ones only when they are asked for.
  /// Errors: kMissingTopic and kPermission when nothing can come, kDataLoss for a name that is no
  /// UTF-8.
  Result<std::vector<SourceFile>> look(const std::set<std::string>& known);
  /// Whether the last look has left out files that may still be written.
  bool anything_unsettled() const { return !unsettled_.empty(); }

 private:
  struct Sight {
    int64_t changed = 0;  // by the file's own time, in microseconds since 1970
    int64_t size = 0;
    int64_t seen_at = 0;  // first, as it is
  };

  Result<std::string> pattern() const;
  bool is_settled(const std::string& name, const Sight& sight,
                  const std::map<std::string, Sight>& before);

  const std::string path_;
  const std::chrono::milliseconds settled_for_;
  std::map<std::string, Sight> unsettled_;
};

}  // namespace millrace::source
