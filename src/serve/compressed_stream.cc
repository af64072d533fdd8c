#include "serve/compressed_stream.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "serve/wire.h"

namespace millrace::serve {
namespace {

constexpr size_t kCompressedHeaderBytes = 7;
constexpr size_t kWorthwhile = 50;  // shorter than that deflate only adds to
constexpr size_t kReadAhead = size_t{1} << 14;

const Bytef* zlib_bytes(std::string_view text) {
  return reinterpret_cast<const Bytef*>(text.data());
}

/// Empty when it would not be shorter.
std::string deflated(std::string_view plain) {
  if (plain.size() < kWorthwhile) return {};
  std::string out(compressBound(plain.size()), '\0');
  uLongf size = out.size();
  const int done = compress2(reinterpret_cast<Bytef*>(out.data()), &size, zlib_bytes(plain),
                             plain.size(), Z_BEST_SPEED);
  CHECK(done == Z_OK, "the buffer is as large as zlib asked for");
  if (size >= plain.size()) return {};
  out.resize(size);
  return out;
}

}  // namespace

/// Sees to it that `size` bytes are there that are not used yet; false at the end of the stream.
Result<bool> CompressedStream::read_raw(size_t size, Milliseconds timeout) {
  raw_.erase(0, raw_at_);
  raw_at_ = 0;
  while (raw_.size() < size) {
    const size_t had = raw_.size();
    raw_.resize(had + kReadAhead);
    auto got = below_.read_some(raw_.data() + had, kReadAhead, timeout);
    raw_.resize(had + (got ? *got : 0));
    if (!got) return std::move(got).error();
    if (*got == 0) return false;
  }
  return true;
}

Result<bool> CompressedStream::read_frame(Milliseconds timeout) {
  TRY(const bool header, read_raw(kCompressedHeaderBytes, timeout));
  if (!header) return false;
  WireReader reader(std::string_view(raw_).substr(raw_at_, kCompressedHeaderBytes));
  const size_t size = reader.u24();
  sequence_ = static_cast<uint8_t>(reader.u8() + 1);
  const size_t plain_size = reader.u24();
  raw_at_ += kCompressedHeaderBytes;
  TRY(const bool body, read_raw(size, timeout));
  if (!body) return false;
  const auto frame = std::string_view(raw_).substr(raw_at_, size);
  raw_at_ += size;
  plain_at_ = 0;
  if (plain_size == 0) {
    plain_ = frame;
    return true;
  }
  plain_.resize(plain_size);
  uLongf got = plain_size;
  const int done =
      uncompress(reinterpret_cast<Bytef*>(plain_.data()), &got, zlib_bytes(frame), frame.size());
  if (done != Z_OK || got != plain_size)
    return Error(Code::kInvalidArgument, "got a compressed packet that cannot be inflated");
  return true;
}

Result<size_t> CompressedStream::read_some(char* data, size_t size, Milliseconds timeout) {
  while (plain_at_ == plain_.size()) {
    TRY(const bool more, read_frame(timeout));
    if (!more) return size_t{0};
  }
  const size_t part = std::min(size, plain_.size() - plain_at_);
  std::memcpy(data, plain_.data() + plain_at_, part);
  plain_at_ += part;
  if (plain_at_ == plain_.size() && plain_.capacity() > 4 * kReadAhead) {
    plain_ = {};
    plain_at_ = 0;
  }
  return part;
}

Status CompressedStream::write_all(std::string_view bytes, Milliseconds timeout) {
  while (!bytes.empty()) {
    const auto plain = bytes.substr(0, kFrameMax);
    bytes.remove_prefix(plain.size());
    const std::string shorter = deflated(plain);
    const auto body = shorter.empty() ? plain : std::string_view(shorter);
    std::string frame;
    append_u24(frame, static_cast<uint32_t>(body.size()));
    append_u8(frame, sequence_++);
    append_u24(frame, shorter.empty() ? 0 : static_cast<uint32_t>(plain.size()));
    frame += body;
    TRY_OK(below_.write_all(frame, timeout));
  }
  return {};
}

}  // namespace millrace::serve
