// A CompressedStream is MySQL's compressed protocol over another stream: what is written goes out
// in frames behind a 7-byte header, deflated where that makes them shorter; what is read is
// inflated. It belongs to its connection and to its thread, begins after the login, and never holds
// more than one frame of up to 2^24-1 bytes.
//
// Source: MySQL's client/server protocol, "Compression".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "serve/packet.h"

namespace millrace::serve {

class CompressedStream : public ByteStream {
 public:
  /// `below` outlives it; `unread` was read from there already.
  CompressedStream(ByteStream& below, std::string unread)
      : below_(below), raw_(std::move(unread)) {}

  /// Errors: those of the stream below, kInvalidArgument for what cannot be inflated.
  Result<size_t> read_some(char* data, size_t size, Milliseconds timeout) override;
  Status write_all(std::string_view bytes, Milliseconds timeout) override;

  /// A command begins: both sides count frames from 0 again.
  void reset_sequence() { sequence_ = 0; }

 private:
  Result<bool> read_raw(size_t size, Milliseconds timeout);
  Result<bool> read_frame(Milliseconds timeout);

  ByteStream& below_;
  std::string raw_;  // as it came; [raw_at_, end) is not used yet
  size_t raw_at_ = 0;
  std::string plain_;  // of the last frame; [plain_at_, end) is not taken yet
  size_t plain_at_ = 0;
  uint8_t sequence_ = 0;
};

}  // namespace millrace::serve
