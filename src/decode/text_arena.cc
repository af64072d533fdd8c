#include "decode/text_arena.h"

#include <algorithm>
#include <cstring>

namespace millrace::decode {
namespace {

constexpr size_t kArenaBlock = 64 * 1024;
constexpr size_t kArenaBlocksKept = 16;

}  // namespace

char* TextArena::allocate(size_t bytes) {
  if (blocks_.empty() || blocks_.back().size - used_ < bytes) {
    const size_t size = std::max(bytes, kArenaBlock);
    blocks_.push_back({std::make_unique<char[]>(size), size});
    used_ = 0;
  }
  char* begin = blocks_.back().bytes.get() + used_;
  used_ += bytes;
  return begin;
}

std::string_view TextArena::copied(std::string_view text) {
  char* const to = allocate(text.size());
  std::memcpy(to, text.data(), text.size());
  return {to, text.size()};
}

void TextArena::clear() {
  if (blocks_.size() > kArenaBlocksKept) blocks_.clear();
  // The largest block serves the next batch; one batch rarely needs a second.
  if (blocks_.size() > 1) blocks_.erase(blocks_.begin() + 1, blocks_.end());
  used_ = 0;
}

void renew(std::shared_ptr<TextArena>& arena) {
  if (arena.use_count() == 1)
    arena->clear();
  else
    arena = std::make_shared<TextArena>();
}

}  // namespace millrace::decode
