#include "features/fingerprint.h"

#include <farmhash.h>

#include <charconv>

namespace millrace::features {

uint64_t long_fingerprint(std::string_view text) {
  return util::Fingerprint64(text.data(), text.size());
}

uint64_t fingerprint_of_integer(int64_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  return fingerprint({digits, static_cast<size_t>(end - digits)});
}

}  // namespace millrace::features
