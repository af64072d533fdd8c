// A PacketChannel carries packets over a byte stream: each is up to 2^24-1 bytes behind a 3-byte
// length and a sequence number; a payload of that size or more is split, and joined again here. It
// belongs to the thread of its connection. What it reads is bounded by payload_bytes_max, and
// memory is taken as bytes arrive, not as a header promises. What it writes is gathered in a buffer
// of bounded size: a large result never waits in memory.
//
// Source: MySQL's client/server protocol, "MySQL Packets".
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::serve {

using Milliseconds = std::chrono::milliseconds;

/// The bytes of one frame at most; a longer payload goes on in the next.
inline constexpr size_t kFrameMax = (size_t{1} << 24) - 1;

/// Bytes in, bytes out. Errors: kTimeout, kUnavailable when the other side is gone.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// Reads up to `size` bytes, at least one; 0 when the other side has closed.
  virtual Result<size_t> read_some(char* data, size_t size, Milliseconds timeout) = 0;
  /// `timeout` is the longest pause without progress.
  virtual Status write_all(std::string_view bytes, Milliseconds timeout) = 0;
};

/// Why a read failed, for the answers that the protocol has of its own.
enum class PacketFault : uint8_t { kNone, kClosed, kTimeout, kTooBig, kOutOfOrder };

struct PacketLimits {
  size_t payload_bytes_max = size_t{1} << 16;
  size_t buffer_bytes_max = size_t{1} << 16;  // written bytes that wait for a flush
  Milliseconds read_pause_max{30'000};        // within a packet that has begun
  Milliseconds write_pause_max{60'000};
};

class PacketChannel {
 public:
  PacketChannel(ByteStream& stream, PacketLimits limits) : stream_(&stream), limits_(limits) {}

  /// From now on bytes go over another stream (TLS, compression); nothing may wait for a flush.
  void set_stream(ByteStream& stream) { stream_ = &stream; }
  /// What was read ahead and belongs to the stream that comes next.
  std::string take_unread();

  /// Reads one payload, waiting up to `patience` for its first byte. After an error the channel is
  /// of no use but for a last write.
  Status read(std::string& payload, Milliseconds patience);
  PacketFault fault() const { return fault_; }

  /// Adds one payload to the buffer, which goes out when it is full or at flush().
  Status write(std::string_view payload);
  Status flush();

  /// A command begins: both sides count from 0 again.
  void reset_sequence(uint8_t next = 0) { sequence_ = next; }
  void set_payload_max(size_t bytes) { limits_.payload_bytes_max = bytes; }
  const PacketLimits& limits() const { return limits_; }

 private:
  Status read_exact(std::string& out, size_t size, Milliseconds patience);
  Error failed(PacketFault fault, Code code, std::string message);

  ByteStream* stream_;
  PacketLimits limits_;
  uint8_t sequence_ = 0;
  PacketFault fault_ = PacketFault::kNone;
  size_t read_ahead_ = 0;  // bytes asked for at once
  std::string input_;      // read ahead; [input_at_, end) is not used yet
  size_t input_at_ = 0;
  std::string output_;
};

}  // namespace millrace::serve
