// A byte stream for the tests of what stands above one: bytes in memory.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "serve/packet.h"

namespace millrace::serve {

inline constexpr Milliseconds kPatience{1000};

/// What is written can be read again, a piece at a time.
class Loop : public ByteStream {
 public:
  std::string bytes;
  size_t piece_max = 1000;  // of one read
  size_t writes = 0;

  Result<size_t> read_some(char* data, size_t size, Milliseconds) override {
    const size_t part = std::min({size, piece_max, bytes.size() - at_});
    std::copy_n(bytes.data() + at_, part, data);
    at_ += part;
    return part;
  }
  Status write_all(std::string_view more, Milliseconds) override {
    ++writes;
    bytes += more;
    return {};
  }

 private:
  size_t at_ = 0;
};

}  // namespace millrace::serve
