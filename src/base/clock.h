// Time, as the rest of the code sees it: microseconds since 1970 for what is written down, a steady
// clock for what is measured. Neither ever enters a model: its bytes depend on data alone.
#pragma once

#include <chrono>
#include <cstdint>

namespace millrace {

/// Microseconds since 1970-01-01 UTC.
inline int64_t now_micros() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

/// Measures elapsed time from its construction or the last restart().
class Stopwatch {
 public:
  int64_t micros() const {
    using namespace std::chrono;
    return duration_cast<microseconds>(steady_clock::now() - start_).count();
  }
  /// The elapsed microseconds, and starts again.
  int64_t restart() {
    const int64_t elapsed = micros();
    start_ = std::chrono::steady_clock::now();
    return elapsed;
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace millrace
