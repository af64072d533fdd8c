#include "decode/avro_codec.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>

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

}  // namespace

bool inflate_avro(std::string_view codec, std::string_view data, std::string& out,
                  std::string& why) {
  out.clear();
  if (codec == "deflate" || codec == "zstandard") {
    if (codec == "deflate" ? inflate_raw(data, out) : inflate_zstd(data, out)) return true;
    why = "a block's " + std::string(codec) + " data are damaged";
    return false;
  }
  why = "the codec \"" + std::string(codec.substr(0, 40)) +
        "\" is not known: null, deflate and zstandard are";
  return false;
}

}  // namespace millrace::decode
