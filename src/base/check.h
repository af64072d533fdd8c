// CHECK: an invariant of ours, tested in release builds too. A failed one is our defect: it prints
// where and why, and aborts. What a user, a file or the network can cause is never a CHECK.
#pragma once

namespace millrace {
[[noreturn]] void check_failed(const char* condition, const char* why, const char* file, int line);
}  // namespace millrace

#define CHECK(condition, why)                                        \
  do {                                                               \
    if (__builtin_expect(!(condition), 0))                           \
      ::millrace::check_failed(#condition, why, __FILE__, __LINE__); \
  } while (false)
