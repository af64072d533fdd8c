// What a source delivers. A Message is a view: its bytes stay where the source put them
// (librdkafka's own buffers) for as long as the MessageBatch lives. A MessageBatch is what one
// pipeline batch takes: a range of offsets of each partition, messages in partition-then-offset
// order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

struct Message {
  std::string_view payload;
  std::string_view key;
  int32_t partition = 0;
  int64_t offset = 0;
  int64_t timestamp_ms = -1;  // since 1970, -1 when the broker gave none
  /// The number of its first line: in the file or the output that it is of, if it is of one. 0: not
  /// known.
  int64_t first_line = 1;

  /// The number of the line that has so many before it.
  int64_t line_behind(int64_t lines) const { return first_line > 0 ? first_line + lines : 0; }
};

/// [first_offset, end_offset) of one partition. Offsets may have gaps (transactions, compaction),
/// so `messages` is not always their difference.
struct OffsetRange {
  int32_t partition = 0;
  int64_t first_offset = 0;
  int64_t end_offset = 0;  // the next offset to read; the cursor after this batch
  int64_t messages = 0;
  int64_t latest_offset = -1;  // the broker's end of the partition when last heard of; -1 unknown

  bool operator==(const OffsetRange&) const = default;
};

/// Where to read next in one partition.
struct Cursor {
  int32_t partition = 0;
  int64_t next_offset = 0;

  bool operator==(const Cursor&) const = default;
};

/// What a transform made of the messages of a range. Its records are not the source's messages, so
/// rows and rejects together are the records, less the rows that WHERE drops.
struct TransformedRange {
  int64_t bytes_in = 0;   // the messages'
  int64_t bytes_out = 0;  // the output's
  int64_t records = 0;    // what the output was decoded to: rows and bad rows
};

struct MessageBatch {
  std::vector<Message> messages;
  std::vector<OffsetRange> ranges;  // one for each partition that moved, by partition
  size_t lines = 0;  // so many of the messages, the last ones, are single lines of those before
  /// One for each range when `messages` are the output of a transform; else empty. Each of them has
  /// the offset at which its range begins, for nothing says which message it was made of.
  std::vector<TransformedRange> transformed = {};
  std::shared_ptr<const void> owner;  // keeps the bytes alive
  int64_t batch_id = 0;               // the pipeline's number of this batch
  std::string topic_id = {};          // what the offsets belong to (source.h); empty: nobody knows
  bool others_wait = false;           // there are messages already of partitions that had no turn
  /// The headers of a message, by its index, as a JSON object; null when the source has none.
  std::function<std::string(size_t)> headers;
  /// What the time of a message is, by its index: "CreateTime" (its producer's), "LogAppendTime"
  /// (its broker's), or empty without one; null when the source has none.
  std::function<std::string_view(size_t)> timestamp_type;
  /// The file that a message came from; null when the source has none.
  std::function<std::string(size_t)> file;
};

}  // namespace millrace
