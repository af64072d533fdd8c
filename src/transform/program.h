// From the words of WITH TRANSFORM ('uri', 'program', 'arguments') to a program that can be run:
// its bytes are fetched once, by whoever keeps them, and laid out in a directory, where every run
// finds them. Free functions without state; directories that are there already are left as they
// are, so several threads may lay out the same program.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "transform/process.h"

namespace millrace::transform {

struct ProgramSource {
  std::string uri;        // file:// or http[s]://, of a program or of a .tar.gz or .tgz
  std::string program;    // its path in the archive; of a bare program: its name, or empty
  std::string arguments;  // cut at blanks; quotes and backslashes as in a shell, and nothing else

  bool operator==(const ProgramSource&) const = default;
};

inline constexpr int64_t kProgramBytesMax = 256 << 20;

/// Whether the words can mean a program. Errors: kInvalidArgument.
Status check_source(const ProgramSource& source);

/// The bytes behind the URI. Errors: kNotFound, kPermission, kUnavailable (http),
/// kInvalidArgument for what is neither an archive nor a program.
Result<std::string> fetch(const ProgramSource& source);

/// What runs the program, laid out from `bytes` in `directory`, which is made unless it is there.
/// Errors: kInvalidArgument for an archive that cannot be read or that lacks the program.
Result<Command> lay_out(const ProgramSource& source, std::string_view bytes,
                        const std::string& directory);
/// The same of a directory that is there; kNotFound when it is not.
Result<Command> laid_out(const ProgramSource& source, const std::string& directory);

/// Errors: kInvalidArgument for a quote that is not closed.
Result<std::vector<std::string>> split_arguments(std::string_view text);

}  // namespace millrace::transform
