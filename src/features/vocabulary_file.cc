#include "features/vocabulary_file.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <unordered_set>

namespace millrace::features {
namespace {

constexpr uintmax_t kBytesMax = uintmax_t{1} << 28;
constexpr size_t kWordsMax = 1 << 22;

Error at_line(const std::string& path, size_t line, const std::string& what) {
  return Error(Code::kInvalidArgument,
               "line " + std::to_string(line) + " of \"" + path + "\" " + what);
}

/// The decimal text of an integer, or nothing.
std::string integer_text(const std::string& word) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) return {};
  return std::to_string(value);
}

}  // namespace

Result<std::vector<std::string>> read_vocabulary_lines(const std::string& path, size_t size,
                                                       bool integers) {
  std::error_code failed;
  const bool regular = std::filesystem::is_regular_file(path, failed);
  std::ifstream file(path, std::ios::binary);
  if (!regular || !file) return Error(Code::kNotFound, "cannot read file \"" + path + "\"");
  if (std::filesystem::file_size(path, failed) > kBytesMax || failed) {
    return Error(Code::kInvalidArgument, "file \"" + path + "\" is larger than 256 MiB");
  }
  std::vector<std::string> words;
  std::unordered_set<std::string> seen;
  std::string line;
  while ((size == 0 || words.size() < size) && std::getline(file, line)) {
    std::erase(line, '\r');
    const size_t number = words.size() + 1;
    if (number > kWordsMax) return at_line(path, number, "is one too many");
    if (integers) {
      std::string text = integer_text(line);
      if (text.empty()) return at_line(path, number, "is not an integer");
      line = std::move(text);
    }
    if (!seen.insert(line).second) return at_line(path, number, "is there twice");
    words.push_back(line);
  }
  if (words.size() < size || words.empty()) {
    return Error(Code::kInvalidArgument, "file \"" + path + "\" has " +
                                             std::to_string(words.size()) + " lines, not " +
                                             std::to_string(std::max<size_t>(size, 1)));
  }
  return words;
}

}  // namespace millrace::features
