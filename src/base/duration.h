// A time as a message says it.
#pragma once

#include <chrono>
#include <string>

namespace millrace {

/// "10 s", or "500 ms" of what is no number of seconds.
inline std::string in_words(std::chrono::milliseconds time) {
  const auto count = time.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + " s" : std::to_string(count) + " ms";
}

}  // namespace millrace
