#include "data/avro_container.h"

namespace millrace {
namespace {

constexpr std::string_view kMagic("Obj\x01", 4);
constexpr int64_t kHeaderBytesMax = 64 << 20;

/// Reads on in bytes that may end too early.
class Reading {
 public:
  explicit Reading(std::string_view bytes) : bytes_(bytes) {}

  AvroFrame state() const { return state_; }
  bool fine() const { return state_ == AvroFrame::kWhole; }
  size_t at() const { return at_; }
  void wrong() { state_ = AvroFrame::kWrong; }

  /// A zig-zag variable-length integer.
  int64_t whole() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && fine(); shift += 7) {
      if (at_ == bytes_.size()) {
        state_ = AvroFrame::kCut;
        return 0;
      }
      const auto byte = static_cast<uint8_t>(bytes_[at_++]);
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return static_cast<int64_t>((value >> 1) ^ (0 - (value & 1)));
    }
    if (fine()) wrong();
    return 0;
  }

  std::string_view raw(int64_t size) {
    if (size < 0) wrong();
    if (!fine()) return {};
    if (static_cast<uint64_t>(size) > bytes_.size() - at_) {
      state_ = AvroFrame::kCut;
      return {};
    }
    at_ += static_cast<size_t>(size);
    return bytes_.substr(at_ - static_cast<size_t>(size), static_cast<size_t>(size));
  }

  std::string_view text() {
    const int64_t size = whole();
    if (size > kHeaderBytesMax) wrong();
    return raw(size);
  }

 private:
  const std::string_view bytes_;
  size_t at_ = 0;
  AvroFrame state_ = AvroFrame::kWhole;
};

}  // namespace

AvroFrame read_avro_header(std::string_view bytes, AvroContainerHeader& header) {
  const auto magic = bytes.substr(0, kMagic.size());
  if (magic != kMagic.substr(0, magic.size())) return AvroFrame::kWrong;
  Reading reading(bytes);
  (void)reading.raw(static_cast<int64_t>(kMagic.size()));
  while (reading.fine()) {
    int64_t count = reading.whole();
    if (count == 0) break;
    if (count < 0) {
      count = count == INT64_MIN ? 0 : -count;
      (void)reading.whole();  // the bytes of these entries
    }
    for (int64_t i = 0; i < count && reading.fine(); ++i) {
      const auto key = reading.text();
      const auto value = reading.text();
      if (key == "avro.schema") header.schema = value;
      if (key == "avro.codec") header.codec = value;
    }
  }
  header.mark = reading.raw(kAvroMarkBytes);
  header.size = reading.at();
  if (reading.fine() && header.schema.empty()) return AvroFrame::kWrong;
  return reading.state();
}

AvroFrame read_avro_block(std::string_view bytes, std::string_view mark,
                          AvroContainerBlock& block) {
  Reading reading(bytes);
  block.count = reading.whole();
  const int64_t size = reading.whole();
  if (block.count < 0) reading.wrong();
  block.data = reading.raw(size);
  const auto found = reading.raw(kAvroMarkBytes);
  block.size = reading.at();
  return reading.fine() && found != mark ? AvroFrame::kWrong : reading.state();
}

}  // namespace millrace
