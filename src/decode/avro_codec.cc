#include "decode/avro_codec.h"

#include <bzlib.h>
#include <lzma.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>

namespace millrace::decode {
namespace {

constexpr size_t kStepBytes = 256 * 1024;

/// Gives `out` room for more; false at the bound.
bool grow(std::string& out, size_t used) {
  if (out.size() - used >= kStepBytes) return true;
  if (used >= kAvroBlockBytesMax) return false;
  out.resize(std::min(std::max(out.size() * 2, used + kStepBytes), kAvroBlockBytesMax));
  return out.size() > used;
}

/// Deflate without zlib's header and checksum, as the specification has it.
bool inflate_raw(std::string_view data, std::string& out) {
  z_stream zip{};
  if (inflateInit2(&zip, -15) != Z_OK) return false;
  zip.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  zip.avail_in = static_cast<uInt>(data.size());
  int result = Z_OK;
  size_t used = 0;
  while (result == Z_OK && grow(out, used)) {
    zip.next_out = reinterpret_cast<Bytef*>(out.data() + used);
    zip.avail_out = static_cast<uInt>(out.size() - used);
    const uInt room = zip.avail_out;
    result = inflate(&zip, Z_NO_FLUSH);
    used += room - zip.avail_out;
    if (result == Z_OK && zip.avail_in == 0 && zip.avail_out > 0) break;  // it ends too early
  }
  inflateEnd(&zip);
  out.resize(used);
  return result == Z_STREAM_END;
}

bool inflate_zstd(std::string_view data, std::string& out) {
  ZSTD_DStream* const stream = ZSTD_createDStream();
  ZSTD_inBuffer in{data.data(), data.size(), 0};
  size_t used = 0;
  size_t left = 1;
  while (left != 0 && !ZSTD_isError(left) && grow(out, used)) {
    ZSTD_outBuffer to{out.data() + used, out.size() - used, 0};
    left = ZSTD_decompressStream(stream, &to, &in);
    used += to.pos;
    if (in.pos == in.size && to.pos < to.size) break;
  }
  ZSTD_freeDStream(stream);
  out.resize(used);
  return left == 0 && in.pos == in.size;
}

/// Memory that one of xz's streams may ask for: its largest preset takes 65 MB.
constexpr uint64_t kXzMemoryMax = uint64_t{128} << 20;

bool inflate_bzip2(std::string_view data, std::string& out) {
  bz_stream zip{};
  if (BZ2_bzDecompressInit(&zip, 0, 0) != BZ_OK) return false;
  zip.next_in = const_cast<char*>(data.data());
  zip.avail_in = static_cast<unsigned>(data.size());
  int result = BZ_OK;
  size_t used = 0;
  while (result == BZ_OK && grow(out, used)) {
    zip.next_out = out.data() + used;
    zip.avail_out = static_cast<unsigned>(out.size() - used);
    const unsigned room = zip.avail_out;
    result = BZ2_bzDecompress(&zip);
    used += room - zip.avail_out;
    if (result == BZ_OK && zip.avail_in == 0 && zip.avail_out > 0) break;  // it ends too early
  }
  const bool whole = result == BZ_STREAM_END && zip.avail_in == 0;
  BZ2_bzDecompressEnd(&zip);
  out.resize(used);
  return whole;
}

bool inflate_xz(std::string_view data, std::string& out) {
  lzma_stream zip = LZMA_STREAM_INIT;
  if (lzma_stream_decoder(&zip, kXzMemoryMax, LZMA_CONCATENATED) != LZMA_OK) return false;
  zip.next_in = reinterpret_cast<const uint8_t*>(data.data());
  zip.avail_in = data.size();
  lzma_ret result = LZMA_OK;
  size_t used = 0;
  while (result == LZMA_OK && grow(out, used)) {
    zip.next_out = reinterpret_cast<uint8_t*>(out.data() + used);
    zip.avail_out = out.size() - used;
    const size_t room = zip.avail_out;
    result = lzma_code(&zip, LZMA_FINISH);
    used += room - zip.avail_out;
  }
  lzma_end(&zip);
  out.resize(used);
  return result == LZMA_STREAM_END;
}

/// Snappy's raw form, and behind it the CRC-32 of what it was, the highest byte first.
bool inflate_snappy(std::string_view data, std::string& out) {
  constexpr size_t kSumBytes = 4;
  if (data.size() < kSumBytes) return false;
  const auto packed = data.substr(0, data.size() - kSumBytes);
  size_t size = 0;
  if (snappy_uncompressed_length(packed.data(), packed.size(), &size) != SNAPPY_OK ||
      size > kAvroBlockBytesMax ||
      snappy_validate_compressed_buffer(packed.data(), packed.size()) != SNAPPY_OK)
    return false;
  out.resize(size);
  if (snappy_uncompress(packed.data(), packed.size(), out.data(), &size) != SNAPPY_OK) return false;
  uint32_t sum = 0;
  for (const char byte : data.substr(packed.size())) sum = sum << 8 | static_cast<uint8_t>(byte);
  return crc32(0, reinterpret_cast<const Bytef*>(out.data()), static_cast<uInt>(size)) == sum;
}

struct Codec {
  std::string_view name;
  bool (*inflate)(std::string_view data, std::string& out);
};
constexpr std::array<Codec, 5> kCodecs{{{"deflate", inflate_raw},
                                        {"snappy", inflate_snappy},
                                        {"zstandard", inflate_zstd},
                                        {"bzip2", inflate_bzip2},
                                        {"xz", inflate_xz}}};

}  // namespace

bool inflate_avro(std::string_view codec, std::string_view data, std::string& out,
                  std::string& why) {
  out.clear();
  std::string known = "null";
  for (const auto& [name, inflate] : kCodecs) {
    if (name == codec) {
      if (inflate(data, out)) return true;
      why = "a block's " + std::string(codec) + " data are damaged";
      return false;
    }
    known += ", " + std::string(name);
  }
  why = "the codec \"" + std::string(codec.substr(0, 40)) + "\" is not known; these are: " + known;
  return false;
}

}  // namespace millrace::decode
