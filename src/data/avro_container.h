// The frame of Avro's container files (specification 1.11, "Object Container Files"): a header with
// the writer's schema and the name of a codec, then blocks of data, each behind its counts and
// before the file's mark. A source cuts files by it, and a decoder reads what was cut. Pure
// functions; nothing is copied and nothing inflated.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace {

inline constexpr size_t kAvroMarkBytes = 16;

struct AvroContainerHeader {
  std::string_view schema;  // JSON
  std::string_view codec;   // empty: "null"
  std::string_view mark;    // what stands behind each block
  size_t size = 0;          // bytes of the header, the mark included
};
enum class AvroFrame : uint8_t { kWhole, kCut, kWrong };  // there; more bytes are needed; never

AvroFrame read_avro_header(std::string_view bytes, AvroContainerHeader& header);

struct AvroContainerBlock {
  int64_t count = 0;      // data in it
  std::string_view data;  // as the codec left them
  size_t size = 0;        // bytes of the block, counts and mark included
};
/// kWrong, too, for a block that does not end in the mark.
AvroFrame read_avro_block(std::string_view bytes, std::string_view mark, AvroContainerBlock& block);

}  // namespace millrace
