// Memory for the text of a batch that does not stand in a message as it is: what was unescaped, or
// made from bytes. Owned by a decoder and shared with the batch at work, so that views into it live
// as long as the batch.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace millrace::decode {

/// Views into it stay where they are until clear().
class TextArena {
 public:
  char* allocate(size_t bytes);
  std::string_view copied(std::string_view text);
  /// Gives back the last `bytes` of what was allocated last.
  void give_back(size_t bytes) { used_ -= bytes; }
  void clear();

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
  };
  std::vector<Block> blocks_;
  size_t used_ = 0;  // of the last block
};

/// An empty arena for the next batch: the same one, unless the batch before is kept elsewhere.
void renew(std::shared_ptr<TextArena>& arena);

}  // namespace millrace::decode
