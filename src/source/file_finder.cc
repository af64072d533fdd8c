#include "source/file_finder.h"

#include <glob.h>
#include <sys/stat.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "data/utf8.h"

namespace millrace::source {
namespace {

constexpr const char* kSigns = "*?[\\";  // of a pattern

/// A path that names what is there is that, whatever signs of a pattern it has.
std::string literally(std::string_view path) {
  std::string pattern;
  for (const char c : path) {
    if (std::string_view(kSigns).find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

/// The folder above the first sign of a pattern, in which files may come.
std::string folder_of(const std::string& pattern) {
  const auto slash = pattern.rfind('/', pattern.find_first_of(kSigns));
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : pattern.substr(0, slash);
}

Status check_folder(const std::string& folder) {
  std::error_code wrong;
  const std::filesystem::directory_iterator opened(folder, wrong);
  if (!wrong) return {};
  const bool missing =
      wrong == std::errc::no_such_file_or_directory || wrong == std::errc::not_a_directory;
  return Error(missing ? Code::kMissingTopic : Code::kPermission,
               "path \"" + folder + "\" cannot be read: " + wrong.message(),
               "LOAD DATA FS reads a folder, a file, or what a pattern such as /data/*.csv fits.");
}

}  // namespace

Result<std::string> FileFinder::pattern() const {
  struct stat status {};
  if (::stat(path_.c_str(), &status) == 0 && S_ISREG(status.st_mode)) return literally(path_);
  if (S_ISDIR(status.st_mode) || path_.find_first_of(kSigns) == std::string::npos) {
    TRY_OK(check_folder(path_));
    return literally(path_) + "/*";
  }
  TRY_OK(check_folder(folder_of(path_)));
  return path_;
}

/// Whether a file has not changed for a while; its own time may be another clock's.
bool FileFinder::is_settled(const std::string& name, const Sight& sight,
                            const std::map<std::string, Sight>& before) {
  const int64_t now = sight.seen_at;
  const int64_t wanted = settled_for_.count() * 1000;
  const auto at = before.find(name);
  const bool same =
      at != before.end() && at->second.changed == sight.changed && at->second.size == sight.size;
  const int64_t seen_at = same ? at->second.seen_at : now;
  if (now - (sight.changed <= now ? sight.changed : seen_at) >= wanted) return true;
  unsettled_[name] = {sight.changed, sight.size, seen_at};
  return false;
}

Result<std::vector<SourceFile>> FileFinder::look(const std::set<std::string>& known) {
  TRY(const auto wanted, pattern());
  const auto before = std::exchange(unsettled_, {});
  glob_t matches{};
  std::vector<SourceFile> files;
  Status read;
  if (::glob(wanted.c_str(), 0, nullptr, &matches) == 0) {
    for (size_t i = 0; i < matches.gl_pathc && read; ++i) {
      const char* const name = matches.gl_pathv[i];
      struct stat status {};
      if (known.contains(name)) continue;
      if (::stat(name, &status) != 0 || !S_ISREG(status.st_mode)) continue;
      const int64_t changed =
          int64_t{status.st_mtim.tv_sec} * 1'000'000 + int64_t{status.st_mtim.tv_nsec} / 1000;
      const Sight sight{changed, int64_t{status.st_size}, now_micros()};
      if (!is_utf8(name))
        read = Error(Code::kDataLoss, "the name of file \"" + as_utf8(name) + "\" is no UTF-8",
                     "Rename it, or move it elsewhere.");
      else if (is_settled(name, sight, before))
        files.push_back({name, sight.size, false});
    }
  }
  ::globfree(&matches);
  TRY_OK(read);
  return files;
}

}  // namespace millrace::source
