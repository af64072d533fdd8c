#include "allocations.h"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>  // tidy: allow new: the header is called so

namespace {

std::atomic<int64_t> g_count{0};

void* take(size_t bytes, size_t alignment) {
  g_count.fetch_add(1, std::memory_order_relaxed);
  // A multiple of the alignment, as aligned_alloc wants it.
  const size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

namespace millrace::bench {

int64_t allocation_count() {
  return g_count.load(std::memory_order_relaxed);
}

}  // namespace millrace::bench

// The array and nothrow forms call these.
// tidy: allow new: this is the operator itself
void* operator new(size_t bytes) {
  return take(bytes, alignof(std::max_align_t));
}
// tidy: allow new: this is the operator itself
void* operator new(size_t bytes, std::align_val_t alignment) {
  return take(bytes, static_cast<size_t>(alignment));
}
// tidy: allow delete: this is the operator itself
void operator delete(void* memory) noexcept {
  std::free(memory);
}
// tidy: allow delete: this is the operator itself
void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}
// tidy: allow delete: this is the operator itself
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
// tidy: allow delete: this is the operator itself
void operator delete(void* memory, size_t, std::align_val_t) noexcept {
  std::free(memory);
}
