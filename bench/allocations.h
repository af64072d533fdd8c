// Counts what the program takes from the heap: linking allocations.cc replaces operator new by one
// that counts. For showing that a loop does not allocate per row.
#pragma once

#include <cstdint>

namespace millrace::bench {

/// Calls of operator new since the program began, by all threads.
int64_t allocation_count();

}  // namespace millrace::bench
