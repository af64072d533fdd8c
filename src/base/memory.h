// How much memory there is, and giving what is free in the allocator back to the machine. Any
// thread; never on the way of a row.
#pragma once

#include <cstdint>
#include <string>

namespace millrace {

/// Bytes of the machine or, where they are less, those that the process's control group (of either
/// version) may use. `root` is where the files of the kernel are.
int64_t memory_of_machine(const std::string& root = "");

/// What was freed and lies between what is in use goes back to the machine. Milliseconds, since it
/// looks through all that is free.
void return_free_memory();

}  // namespace millrace
