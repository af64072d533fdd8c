#include "estimator/snapshot.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/check.h"

namespace millrace::estimator {
namespace {

static_assert(std::endian::native == std::endian::little, "snapshots are written as memory is");

constexpr size_t kMagicSize = 8;
constexpr uint64_t kVersion = 2;
constexpr size_t kHeadSize = kMagicSize + 16;  // magic, version, payload size
constexpr size_t kFrameSize = kHeadSize + 8;   // and the checksum at the end
constexpr size_t kRunFloats = 1024;            // floats of a page, which is left out or written

uint64_t word_at(const char* bytes) {
  uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

uint64_t mixed(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9FB21C651E98DF25U;
  return hash ^ (hash >> 32);
}

bool is_usual(std::span<const float> page, float usual) {
  const auto bits = std::bit_cast<uint32_t>(usual);
  return std::all_of(page.begin(), page.end(),
                     [bits](float value) { return std::bit_cast<uint32_t>(value) == bits; });
}

}  // namespace

uint64_t checksum_of(std::string_view bytes) {
  // Four lanes, so that a large model is summed as fast as memory gives it.
  std::array<uint64_t, 4> lanes = {1, 2, 3, 4};
  size_t at = 0;
  for (; at + 32 <= bytes.size(); at += 32) {
    for (size_t lane = 0; lane < 4; ++lane) {
      lanes[lane] = mixed(lanes[lane], word_at(bytes.data() + at + 8 * lane));
    }
  }
  char tail[32] = {};
  std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end(), tail);
  for (size_t lane = 0; lane < 4; ++lane) {
    lanes[lane] = mixed(lanes[lane], word_at(tail + 8 * lane));
  }
  uint64_t hash = bytes.size();
  for (const uint64_t lane : lanes) hash = mixed(hash, lane);
  return hash;
}

SnapshotWriter::SnapshotWriter(std::string_view magic) {
  CHECK(magic.size() == kMagicSize, "a magic has eight characters");
  bytes_ = magic;
  add_u64(kVersion);
  add_u64(0);  // the payload's size, known at the end
}

void SnapshotWriter::add_u64(uint64_t value) {
  char raw[sizeof(value)];
  std::memcpy(raw, &value, sizeof(value));
  bytes_.append(raw, sizeof(value));
}

void SnapshotWriter::add_f32(float value) {
  add_u64(std::bit_cast<uint32_t>(value));
}

void SnapshotWriter::add_f64(double value) {
  add_u64(std::bit_cast<uint64_t>(value));
}

void SnapshotWriter::add_text(std::string_view text) {
  add_u64(text.size());
  bytes_ += text;
}

void SnapshotWriter::add_floats(std::span<const float> values, float usual) {
  add_u64(values.size());
  for (size_t at = 0; at < values.size(); at += kRunFloats) {
    const auto page = values.subspan(at, std::min(kRunFloats, values.size() - at));
    const bool left_out = is_usual(page, usual);
    bytes_ += left_out ? '\0' : '\1';
    if (left_out) continue;
    const auto raw = std::as_bytes(page);
    bytes_.append(reinterpret_cast<const char*>(raw.data()), raw.size());
  }
}

std::string SnapshotWriter::finish() {
  const uint64_t size = bytes_.size() - kHeadSize;
  std::memcpy(bytes_.data() + kMagicSize + 8, &size, sizeof(size));
  add_u64(checksum_of(bytes_));
  return std::move(bytes_);
}

Result<SnapshotReader> SnapshotReader::open(std::string_view magic, std::string_view bytes) {
  const auto damaged = [](std::string what) {
    return Error(Code::kDataLoss, "the snapshot is damaged: " + std::move(what));
  };
  if (bytes.size() < kFrameSize) return damaged("it is too short");
  if (bytes.substr(0, kMagicSize) != magic) return damaged("it does not begin as one");
  const uint64_t version = word_at(bytes.data() + kMagicSize);
  const uint64_t size = word_at(bytes.data() + kMagicSize + 8);
  if (version != kVersion) {
    return Error(Code::kUnsupported, "the snapshot has version " + std::to_string(version) +
                                         ", and this program reads version " +
                                         std::to_string(kVersion));
  }
  if (size != bytes.size() - kFrameSize) return damaged("its length is wrong");
  const uint64_t checksum = word_at(bytes.data() + bytes.size() - 8);
  if (checksum_of(bytes.substr(0, bytes.size() - 8)) != checksum) {
    return damaged("its checksum is wrong");
  }
  return SnapshotReader(bytes.substr(kHeadSize, size));
}

std::string_view SnapshotReader::take(size_t size) {
  if (!ok_ || size > rest_.size()) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  const auto taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

uint64_t SnapshotReader::u64() {
  const auto raw = take(sizeof(uint64_t));
  return raw.empty() ? 0 : word_at(raw.data());
}

float SnapshotReader::f32() {
  return std::bit_cast<float>(static_cast<uint32_t>(u64()));
}

double SnapshotReader::f64() {
  return std::bit_cast<double>(u64());
}

std::string_view SnapshotReader::text() {
  return take(u64());
}

void SnapshotReader::read_floats(size_t count, float usual, std::span<float>* values) {
  if (u64() != count) ok_ = false;
  for (size_t at = 0; ok_ && at < count; at += kRunFloats) {
    const size_t page = std::min(kRunFloats, count - at);
    const auto mark = take(1);
    if (mark.empty() || static_cast<unsigned char>(mark[0]) > 1) {
      ok_ = false;
    } else if (mark[0] == 0) {
      if (values != nullptr)
        std::fill_n(values->begin() + static_cast<std::ptrdiff_t>(at), page, usual);
    } else {
      const auto raw = take(page * sizeof(float));
      if (ok_ && values != nullptr) std::memcpy(values->data() + at, raw.data(), raw.size());
    }
  }
}

}  // namespace millrace::estimator
