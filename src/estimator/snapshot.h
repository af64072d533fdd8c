// The bytes of a saved model or of saved metrics (docs/format/model.md): a frame with magic,
// version and checksum around little-endian fields. The reader trusts nothing: whoever reads checks
// each size against what it expects, and a reader that ran past the end stays failed. Pure memory,
// any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::estimator {

/// The checksum of docs/format/model.md.
uint64_t checksum_of(std::string_view bytes);

class SnapshotWriter {
 public:
  /// `magic` is 8 characters.
  explicit SnapshotWriter(std::string_view magic);

  void add_u64(uint64_t value);
  void add_i64(int64_t value) { add_u64(static_cast<uint64_t>(value)); }
  void add_f32(float value);
  void add_f64(double value);
  void add_text(std::string_view text);
  /// An array; pages that repeat `usual` in every element take no room.
  void add_floats(std::span<const float> values, float usual);

  /// The framed bytes; the writer is then empty.
  std::string finish();

 private:
  std::string bytes_;
};

class SnapshotReader {
 public:
  /// Checks frame and checksum. Errors: kDataLoss for damage, kUnsupported for a newer version.
  static Result<SnapshotReader> open(std::string_view magic, std::string_view bytes);

  // Past the end these give 0 or nothing, and ok() is false from then on.
  uint64_t u64();
  int64_t i64() { return static_cast<int64_t>(u64()); }
  float f32();
  double f64();
  std::string_view text();
  /// Reads an array of values.size() floats.
  void floats(std::span<float> values, float usual) { read_floats(values.size(), usual, &values); }
  /// Reads past one without keeping it.
  void skip_floats(size_t count, float usual) { read_floats(count, usual, nullptr); }

  bool ok() const { return ok_; }
  /// What was read makes no sense to whoever reads.
  void fail() { ok_ = false; }
  bool at_end() const { return rest_.empty(); }

 private:
  explicit SnapshotReader(std::string_view payload) : rest_(payload) {}
  std::string_view take(size_t size);
  void read_floats(size_t count, float usual, std::span<float>* values);

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace millrace::estimator
