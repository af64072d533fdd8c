// The lines of a vocabulary file, as TensorFlow's TextFileInitializer reads them: one word a line,
// carriage returns dropped, a last line without an end counts. Private to features/.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace millrace::features {

/// The first `size` words, or all if it is 0. With `integers` each is one, and comes as its
/// shortest decimal text. Errors: kNotFound, kInvalidArgument (fewer lines, a word twice, not an
/// integer, too large).
Result<std::vector<std::string>> read_vocabulary_lines(const std::string& path, size_t size,
                                                       bool integers);

}  // namespace millrace::features
