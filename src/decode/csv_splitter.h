// Splits messages into lines and lines into fields: the first half of the CSV decoder. It fills a
// CsvChunk, a few rows at a time that stay in the cache until their columns are made. A line
// without escapes, whose quotes enclose whole fields and nothing else ("plain", nearly every one),
// is split 64 bytes at a time and its fields are told by their offsets alone; any other line is
// read byte by byte, as MySQL's LOAD DATA reads it, and what has to be unescaped is written into an
// arena. Owned by one decoder, on its thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "data/reject.h"
#include "decode/decoder.h"
#include "decode/number_lanes.h"
#include "decode/text_arena.h"

namespace millrace::decode {

struct CsvField {
  std::string_view text;
  const char* readable_end = nullptr;  // bytes up to here may be read
  bool quoted = false;
  bool null = false;  // \N
};

/// Why a row is rejected; `field` is its index, -1 when it is the row's whole.
struct CsvFailure {
  RejectReason reason = RejectReason::kTooFewFields;
  int32_t field = -1;
  std::string_view text;  // the field's, or empty
  size_t count = 0;       // fields found, or bytes of the field
};

struct CsvRow {
  const char* begin = nullptr;
  const char* end = nullptr;
  uint32_t message = 0;
  int32_t careful = -1;  // where its fields begin in CsvChunk::careful_fields; -1: plain
  int32_t failure = -1;  // in CsvChunk::failures
  bool utf8 = true;      // so is each field, since the line is; of latin1: it is ASCII
  bool quotes = false;   // a plain row has some: they are the first and last bytes of fields
};

struct CsvChunk {
  static constexpr size_t kRowsMax = LaneRows::kMax;

  std::vector<CsvRow> rows;
  std::vector<uint32_t> live;  // those of them that could be split: "slot" s is rows[live[s]]
  // Field f of a plain row in slot s begins at byte starts[f * kRowsMax + s] and ends a separator
  // before the next one's: a column's lie together, for those who read it row after row.
  std::vector<uint32_t> starts;
  LaneRows places;         // of the slots
  bool all_simple = true;  // the live rows are plain, without quotes, and UTF-8
  uint32_t separator_size = 1;
  char quote = 0;  // of rows that have some
  std::vector<CsvField> careful_fields;
  std::vector<CsvFailure> failures;

  bool full() const { return rows.size() == kRowsMax; }
  void clear();
  void fail(CsvRow& row, CsvFailure failure);

  CsvField field(size_t slot, size_t index) const {
    const CsvRow& row = rows[live[slot]];
    if (row.careful >= 0) return careful_fields[static_cast<size_t>(row.careful) + index];
    const uint32_t begin = starts[index * kRowsMax + slot];
    const uint32_t end = starts[(index + 1) * kRowsMax + slot] - separator_size;
    if (row.quotes && begin < end && row.begin[begin] == quote)
      return {{row.begin + begin + 1, end - begin - 2}, row.end, true, false};
    return {{row.begin + begin, end - begin}, row.end, false, false};
  }
};

class CsvSplitter {
 public:
  CsvSplitter(CsvFormat format, size_t field_count, DecodeLimits limits);

  /// Begins a message; its rows follow by next_row().
  void begin(std::string_view payload, uint32_t message);
  /// Adds the message's next row to `chunk`, which has room. False when there is none.
  bool next_row(CsvChunk& chunk, TextArena& arena);

 private:
  enum class Split : uint8_t { kDone, kFailed, kCareful };
  struct Masks {
    uint64_t separators = 0;
    uint64_t quotes = 0;
    uint64_t escapes = 0;
    uint64_t high = 0;  // bytes above 127
  };

  Masks masks_of(const char* block) const;
  Masks masks_of(const CsvRow& row, size_t base) const;
  size_t find_line_end(size_t from) const;
  bool skip_to_line_start();
  void skip_ignored_lines();
  Split split_plain(CsvChunk& chunk, CsvRow& row) const;
  void split_careful(CsvChunk& chunk, CsvRow& row, TextArena& arena);
  void settle(CsvChunk& chunk, CsvRow& row) const;
  bool read_quoted(CsvField& field, TextArena& arena, size_t end_max);
  void read_unquoted(CsvField& field, TextArena& arena);
  bool is_null_escape(std::string_view raw) const;
  std::string_view unescaped(size_t from, size_t to, bool in_quotes, TextArena& arena) const;
  bool is_plain_possible() const;
  bool is_separator(const CsvRow& row, size_t at) const;
  bool at_terminator(size_t at, std::string_view terminator) const;
  size_t line_end_size(size_t at) const;
  void check_sizes(CsvChunk& chunk, CsvRow& row, size_t slot) const;
  size_t confine_to_line(CsvChunk& chunk, CsvRow& row, size_t first);

  const CsvFormat format_;
  const size_t field_count_;
  const DecodeLimits limits_;
  const bool plain_possible_;
  const bool crlf_;       // lines end in \n, and a \r before it belongs to the end
  const char separator_;  // the first byte of it
  int quote_ = -1;        // -1: none
  int escape_ = -1;
  // Bytes at which an unquoted field may end or hold an escape.
  std::array<bool, 256> stops_{};

  std::string_view payload_;
  size_t at_ = 0;  // in payload_
  uint32_t message_ = 0;
  bool first_ = false;  // nothing was read of the message yet
  // A quote was never closed: the rest of the message is not searched again for its end.
  bool quotes_confined_ = false;
};

}  // namespace millrace::decode
