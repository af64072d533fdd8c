#include "serve/packet.h"

#include <algorithm>

#include "serve/wire.h"

namespace millrace::serve {
namespace {

constexpr size_t kPacketHeaderBytes = 4;
// Who sends little, as most who wait, needs little; a full read asks for the whole.
constexpr size_t kReadAheadFirst = size_t{1} << 10;
constexpr size_t kReadAheadMax = size_t{1} << 14;

}  // namespace

Error PacketChannel::failed(PacketFault fault, Code code, std::string message) {
  fault_ = fault;
  return Error(code, std::move(message));
}

std::string PacketChannel::take_unread() {
  std::string unread = input_.substr(input_at_);
  input_.clear();
  input_at_ = 0;
  return unread;
}

Status PacketChannel::read_exact(std::string& out, size_t size, Milliseconds patience) {
  while (size > 0) {
    if (input_at_ == input_.size()) {
      const bool full = input_.size() == read_ahead_;
      read_ahead_ = full ? kReadAheadMax : std::max(read_ahead_, kReadAheadFirst);
      input_.resize(read_ahead_);
      input_at_ = 0;
      auto got = stream_->read_some(input_.data(), input_.size(), patience);
      input_.resize(got ? *got : 0);
      if (!got) {
        const bool late = got.error().code == Code::kTimeout;
        fault_ = late ? PacketFault::kTimeout : PacketFault::kClosed;
        return std::move(got).error();
      }
      if (*got == 0)
        return failed(PacketFault::kClosed, Code::kUnavailable, "the connection was closed");
      patience = limits_.read_pause_max;
    }
    const size_t part = std::min(size, input_.size() - input_at_);
    out.append(input_, input_at_, part);
    input_at_ += part;
    size -= part;
  }
  return {};
}

Status PacketChannel::read(std::string& payload, Milliseconds patience) {
  payload.clear();
  size_t frame = kFrameMax;
  while (frame == kFrameMax) {
    std::string header;
    TRY_OK(read_exact(header, kPacketHeaderBytes, patience));
    WireReader reader(header);
    frame = reader.u24();
    const uint8_t sequence = reader.u8();
    const bool in_order = sequence == sequence_;
    sequence_ = static_cast<uint8_t>(sequence + 1);  // an answer, if any, follows what came
    if (!in_order)
      return failed(PacketFault::kOutOfOrder, Code::kInvalidArgument, "got packets out of order");
    if (frame > limits_.payload_bytes_max - std::min(limits_.payload_bytes_max, payload.size()))
      return failed(PacketFault::kTooBig, Code::kResourceExhausted,
                    "got a packet bigger than " + std::to_string(limits_.payload_bytes_max) +
                        " bytes (max_allowed_packet)");
    patience = limits_.read_pause_max;
    TRY_OK(read_exact(payload, frame, patience));
  }
  return {};
}

Status PacketChannel::write(std::string_view payload) {
  while (true) {
    const size_t frame = std::min(payload.size(), kFrameMax);
    append_u24(output_, static_cast<uint32_t>(frame));
    append_u8(output_, sequence_++);
    if (frame > limits_.buffer_bytes_max) {  // large: sent from where it lies, not copied
      TRY_OK(flush());
      TRY_OK(stream_->write_all(payload.substr(0, frame), limits_.write_pause_max));
    } else {
      output_ += payload.substr(0, frame);
      if (output_.size() >= limits_.buffer_bytes_max) TRY_OK(flush());
    }
    payload.remove_prefix(frame);
    if (frame < kFrameMax)
      return {};  // a full frame is followed by one more, an empty one at least
  }
}

Status PacketChannel::flush() {
  if (output_.empty()) return {};
  const auto sent = stream_->write_all(output_, limits_.write_pause_max);
  output_.clear();
  if (output_.capacity() > 4 * limits_.buffer_bytes_max) output_.shrink_to_fit();
  if (!sent) fault_ = PacketFault::kClosed;
  return sent;
}

}  // namespace millrace::serve
