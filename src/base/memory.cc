#include "base/memory.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>

namespace millrace {
namespace {

/// Makes `bytes` less when the file holds a smaller number; "max" is none.
void take_smaller(const std::string& file, int64_t& bytes) {
  std::ifstream in(file);
  std::string text;
  int64_t limit = 0;
  if (!std::getline(in, text)) return;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (read.ec == std::errc() && limit > 0) bytes = std::min(bytes, limit);
}

/// The group's folder and those above it: each of them limits what is in it.
void take_smallest(const std::string& folder, std::string_view group, const std::string& file,
                   int64_t& bytes) {
  while (true) {
    take_smaller(folder + std::string(group) + "/" + file, bytes);
    const size_t slash = group.rfind('/');
    if (slash == std::string_view::npos) return;
    group = group.substr(0, slash);
  }
}

}  // namespace

int64_t memory_of_machine(const std::string& root) {
  int64_t bytes = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGE_SIZE);
  std::ifstream in(root + "/proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {  // number:controllers:/group
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const auto group = std::string_view(line).substr(second + 1);
    if (controllers == ",,")
      take_smallest(root + "/sys/fs/cgroup", group, "memory.max", bytes);
    else if (controllers.find(",memory,") != std::string::npos)
      take_smallest(root + "/sys/fs/cgroup/memory", group, "memory.limit_in_bytes", bytes);
  }
  return bytes;
}

void return_free_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace millrace
