// The codecs of Avro's container files that specification 1.11 has: deflate, snappy, zstandard,
// bzip2 and xz, beside null. One function without state; the door to their libraries in this room.
#pragma once

#include <string>
#include <string_view>

namespace millrace::decode {

inline constexpr size_t kAvroBlockBytesMax = size_t{256} << 20;

/// `data` as they were before the codec, in `out`. False: `why` says what is wrong with them.
bool inflate_avro(std::string_view codec, std::string_view data, std::string& out,
                  std::string& why);

}  // namespace millrace::decode
