#include "transform/program.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "data/schema.h"
#include "transform/download.h"
#include "transform/transform.h"

namespace millrace::transform {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFile = "file://";
constexpr const char* kTar = "/bin/tar";

Error wrong(const ProgramSource& source, const std::string& what, const std::string& hint = {}) {
  return Error(Code::kInvalidArgument, "transform \"" + source.uri + "\" " + what, hint);
}

/// Without what a web address has behind its path.
std::string path_of(const std::string& uri) {
  return is_web_address(uri) ? uri.substr(0, uri.find_first_of("?#")) : uri;
}

bool is_archive(const std::string& uri) {
  const std::string lower = to_lower(path_of(uri));
  return lower.ends_with(".tar.gz") || lower.ends_with(".tgz");
}

/// The path within the program's directory.
std::string name_of(const ProgramSource& source) {
  if (!source.program.empty()) return source.program;
  return fs::path(path_of(source.uri)).filename().string();
}

bool leaves_directory(const std::string& name) {
  const fs::path path(name);
  return path.is_absolute() ||
         std::any_of(path.begin(), path.end(), [](const auto& part) { return part == ".."; });
}

Result<std::string> read_file(const ProgramSource& source) {
  std::string path = source.uri.substr(kFile.size());
  if (path.starts_with("localhost/")) path.erase(0, std::string_view("localhost").size());
  std::error_code error;
  if (!fs::is_regular_file(path, error))
    return Error(Code::kNotFound, "transform \"" + source.uri + "\" is not a file of the server's");
  if (static_cast<int64_t>(fs::file_size(path, error)) > kProgramBytesMax)
    return wrong(source, "has more than 256 MiB");
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (file || file.eof()) return bytes;
  return Error(Code::kPermission,
               "transform \"" + source.uri + "\" cannot be read: " + std::strerror(errno));
}

Status unpack(const ProgramSource& source, std::string_view bytes, const fs::path& directory) {
  TransformOptions options;
  options.name = "tar";
  options.command = {{kTar, "-xzf", "-", "--no-same-owner"}, directory.string()};
  options.input = TransformOptions::Input::kRaw;
  MessageBatch archive;
  archive.ranges.push_back({0, 0, 1, 1, 1});
  archive.messages.push_back({bytes, {}, 0, 0, -1});
  const auto done = Transform(std::move(options)).run(archive, {});
  if (done) return {};
  auto error = wrong(source, "is an archive that cannot be unpacked");
  error.detail = done.error().output.substr(0, 1000);
  return error;
}

Status write_program(const ProgramSource& source, std::string_view bytes,
                     const fs::path& directory) {
  const fs::path path = directory / name_of(source);
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (file) return {};
  return Error(Code::kResourceExhausted,
               "could not write \"" + path.string() + "\": " + std::strerror(errno));
}

/// A directory beside the one that it becomes when all is there.
fs::path unfinished(const std::string& directory) {
  static std::atomic<int> made{0};
  return directory + ".new-" + std::to_string(::getpid()) + "-" + std::to_string(++made);
}

}  // namespace

Status check_source(const ProgramSource& source) {
  if (!source.uri.starts_with(kFile) && !is_web_address(source.uri))
    return wrong(source, "is no URI of a program", "It is written file:///path or http://...");
  if (is_web_address(source.uri)) TRY_OK(check_web_address(source.uri));
  if (is_archive(source.uri) && source.program.empty())
    return wrong(source, "is an archive, and no program of it is named",
                 "WITH TRANSFORM ('uri', 'program', 'arguments')");
  const std::string name = name_of(source);
  if (name.empty() || leaves_directory(name))
    return wrong(source, "has a program \"" + name + "\" that is not in its directory");
  if (!is_archive(source.uri) && name.find('/') != std::string::npos)
    return wrong(source, "is a program itself, and \"" + name + "\" is no name of it");
  TRY([[maybe_unused]] const auto words, split_arguments(source.arguments));
  return {};
}

Result<std::string> fetch(const ProgramSource& source) {
  TRY_OK(check_source(source));
  TRY(auto bytes,
      is_web_address(source.uri) ? download(source.uri, kProgramBytesMax) : read_file(source));
  const bool archive = is_archive(source.uri);
  if (archive && !bytes.starts_with("\x1f\x8b")) return wrong(source, "is no gzip archive");
  if (!archive && !bytes.starts_with("#!") &&
      !bytes.starts_with("\x7f"
                         "ELF"))
    return wrong(source, "is no program", "A script begins with a line as #!/usr/bin/env python3.");
  return bytes;
}

Result<Command> laid_out(const ProgramSource& source, const std::string& directory) {
  TRY(auto words, split_arguments(source.arguments));
  // The program runs where it lies, and a data directory may be given by a relative path.
  std::error_code error;
  const fs::path lies_in = fs::absolute(directory, error);
  const std::string program = (lies_in / name_of(source)).string();
  if (!fs::is_regular_file(program, error))
    return Error(Code::kNotFound,
                 "transform \"" + source.uri + "\" has no program \"" + name_of(source) + "\"");
  words.insert(words.begin(), program);
  return Command{std::move(words), lies_in.string()};
}

Result<Command> lay_out(const ProgramSource& source, std::string_view bytes,
                        const std::string& directory) {
  const fs::path fresh = unfinished(directory);
  std::error_code error;
  fs::create_directories(fresh, error);
  if (error)
    return Error(Code::kResourceExhausted,
                 "could not make directory \"" + fresh.string() + "\": " + error.message());
  auto written =
      is_archive(source.uri) ? unpack(source, bytes, fresh) : write_program(source, bytes, fresh);
  const auto there = laid_out(source, fresh.string());
  if (written && !there) written = wrong(source, "lacks program \"" + name_of(source) + "\"");
  if (written) {
    fs::permissions(there->words[0], fs::perms::owner_all, fs::perm_options::add, error);
    fs::rename(fresh, directory, error);  // fails when somebody was quicker with the same
  }
  fs::remove_all(fresh, error);
  TRY_OK(written);
  return laid_out(source, directory);
}

Result<std::vector<std::string>> split_arguments(std::string_view text) {
  std::vector<std::string> words;
  bool open = false;  // a word has begun
  char quote = '\0';
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool blank = c == ' ' || c == '\t' || c == '\n';
    if (quote == '\0' && blank) {
      open = false;
      continue;
    }
    if (!std::exchange(open, true)) words.emplace_back();
    if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote) {
      quote = '\0';
    } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      words.back() += text[++i];
    } else {
      words.back() += c;
    }
  }
  if (quote == '\0') return words;
  return Error(Code::kInvalidArgument, "the arguments of a transform, " + std::string(text) +
                                           ", have a quote that is not closed");
}

}  // namespace millrace::transform
