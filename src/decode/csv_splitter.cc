#include "decode/csv_splitter.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <cstring>

#include "data/quoting.h"
#include "data/utf8.h"

namespace millrace::decode {
namespace {

constexpr size_t kLineBlock = 64;

int byte_of(const std::string& text) {
  return text.empty() ? -1 : static_cast<unsigned char>(text[0]);
}

/// Each bit the sum of itself and all below it.
uint64_t prefix_xor(uint64_t bits) {
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

/// Whether the quotes of a line, 64 bytes after 64, are the first and last bytes of fields and no
/// others.
struct Enclosures {
  bool any = false;    // there was a quote
  bool open = false;   // a field's, at the last byte taken
  bool ended = false;  // at the last byte, so that the field has to end too
  bool begins = true;  // a field, with the next byte

  /// Takes separators within quotes out. False: the quotes are others than those. They are the ones
  /// of the next 64 bytes, of which the line has `left` or more.
  bool take(uint64_t quotes, size_t left, uint64_t& separators) {
    const uint64_t within = left >= 64 ? ~uint64_t{0} : (uint64_t{1} << left) - 1;
    // From an opening quote on, up to the closing one.
    const uint64_t inside = prefix_xor(quotes) ^ (open ? ~uint64_t{0} : 0);
    const uint64_t closing = quotes & ~inside;
    separators &= ~inside;
    const uint64_t first_bytes = separators << 1 | uint64_t{begins};
    const uint64_t behind_fields = (closing << 1 | uint64_t{ended}) & within;
    if ((quotes & inside & ~first_bytes) != 0 || (behind_fields & ~separators) != 0) return false;
    any = true;
    open = inside >> 63 != 0;
    ended = closing >> 63 != 0;
    begins = separators >> 63 != 0;
    return true;
  }
};

}  // namespace

void CsvChunk::clear() {
  rows.clear();
  live.clear();
  all_simple = true;
  careful_fields.clear();
  failures.clear();
}

void CsvChunk::fail(CsvRow& row, CsvFailure failure) {
  if (row.failure >= 0) return;  // the first reason is the one that counts
  row.failure = static_cast<int32_t>(failures.size());
  failures.push_back(failure);
}

CsvSplitter::CsvSplitter(CsvFormat format, size_t field_count, DecodeLimits limits)
    : format_(std::move(format)),
      field_count_(field_count),
      limits_(limits),
      plain_possible_(is_plain_possible()),
      crlf_(format_.lines_terminated_by == "\n"),
      separator_(format_.fields_terminated_by[0]),
      quote_(byte_of(format_.enclosed_by)),
      escape_(byte_of(format_.escaped_by)) {
  // Escape and quote the same: a doubled one stands for itself, and nothing is escaped.
  if (escape_ == quote_) escape_ = -1;
  if (escape_ >= 0) stops_[static_cast<size_t>(escape_)] = true;
  for (const auto* terminator : {&format_.fields_terminated_by, &format_.lines_terminated_by}) {
    const int first = byte_of(*terminator);
    if (first >= 0) stops_[static_cast<size_t>(first)] = true;
  }
  if (crlf_) stops_['\r'] = true;
}

/// A separator of several bytes must have none in common with the line's end, which is looked for
/// first.
bool CsvSplitter::is_plain_possible() const {
  const auto& separator = format_.fields_terminated_by;
  if (separator.size() == 1) return true;
  std::string line_end = format_.lines_terminated_by;
  if (line_end == "\n") line_end += '\r';
  return separator.find_first_of(line_end) == std::string::npos;
}

void CsvSplitter::begin(std::string_view payload, uint32_t message) {
  payload_ = payload;
  message_ = message;
  at_ = 0;
  first_ = true;
  quotes_confined_ = false;
}

/// Index of the terminator of the line that `from` is in, or the payload's size.
size_t CsvSplitter::find_line_end(size_t from) const {
  const auto& terminator = format_.lines_terminated_by;
  if (terminator.empty()) return payload_.size();
  if (terminator.size() == 1) {
    const void* found = std::memchr(payload_.data() + from, terminator[0], payload_.size() - from);
    return found ? static_cast<size_t>(static_cast<const char*>(found) - payload_.data())
                 : payload_.size();
  }
  return std::min(payload_.find(terminator, from), payload_.size());
}

void CsvSplitter::skip_ignored_lines() {
  for (int64_t i = 0; i < format_.ignore_lines && at_ < payload_.size(); ++i)
    at_ = std::min(find_line_end(at_) + format_.lines_terminated_by.size(), payload_.size());
}

/// LINES STARTING BY: what stands before the prefix is skipped, and a line without it altogether.
bool CsvSplitter::skip_to_line_start() {
  const auto& prefix = format_.lines_starting_by;
  while (at_ < payload_.size()) {
    const size_t end = find_line_end(at_);
    const size_t found = payload_.substr(0, end).find(prefix, at_);
    if (found != std::string_view::npos) {
      at_ = found + prefix.size();
      return true;
    }
    at_ = std::min(end + format_.lines_terminated_by.size(), payload_.size());
  }
  return false;
}

bool CsvSplitter::next_row(CsvChunk& chunk, TextArena& arena) {
  CsvRow row;
  row.message = message_;
  if (first_) {
    first_ = false;
    if (payload_.empty()) {
      chunk.rows.push_back(row);
      chunk.fail(chunk.rows.back(), {RejectReason::kTooFewFields, -1, {}, 0});
      return true;
    }
    skip_ignored_lines();
  }
  if (at_ >= payload_.size()) return false;
  if (!format_.lines_starting_by.empty() && !skip_to_line_start()) return false;

  const size_t end = find_line_end(at_);
  size_t content_end = end;
  if (crlf_ && end < payload_.size() && end > at_ && payload_[end - 1] == '\r') --content_end;
  row.begin = payload_.data() + at_;
  row.end = payload_.data() + content_end;
  chunk.rows.push_back(row);
  auto& added = chunk.rows.back();
  if (plain_possible_ && split_plain(chunk, added) != Split::kCareful) {
    at_ = std::min(end + format_.lines_terminated_by.size(), payload_.size());
  } else {
    split_careful(chunk, added, arena);
  }
  if (added.failure < 0) settle(chunk, added);
  return true;
}

/// Gives a row that was split its slot.
void CsvSplitter::settle(CsvChunk& chunk, CsvRow& row) const {
  const size_t slot = chunk.live.size();
  chunk.live.push_back(static_cast<uint32_t>(chunk.rows.size() - 1));
  if (row.careful < 0) {
    chunk.places.set(slot, row.begin, static_cast<size_t>(row.end - row.begin));
  } else {
    chunk.places.begins[slot] = nullptr;
    for (size_t i = 0; i <= field_count_; ++i)
      chunk.starts[i * CsvChunk::kRowsMax + slot] = chunk.separator_size;
  }
  if (row.end - row.begin > limits_.field_bytes_max) check_sizes(chunk, row, slot);
  if (row.failure >= 0) chunk.live.pop_back();
  chunk.all_simple = chunk.all_simple && row.careful < 0 && !row.quotes && row.utf8;
}

CsvSplitter::Masks CsvSplitter::masks_of(const char* block) const {
  Masks masks;
  // A quote or an escape that the format has not is looked for as the separator, and dropped.
  const char quote = quote_ < 0 ? separator_ : static_cast<char>(quote_);
  const char escape = escape_ < 0 ? separator_ : static_cast<char>(escape_);
#if defined(__x86_64__)
  const __m128i separators = _mm_set1_epi8(separator_);
  const __m128i quotes = _mm_set1_epi8(quote);
  const __m128i escapes = _mm_set1_epi8(escape);
  for (int i = 0; i < 4; ++i) {
    const __m128i bytes =
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + static_cast<size_t>(i) * 16));
    const auto bits = [&](const __m128i& lanes) {
      return static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(lanes))) << (i * 16);
    };
    masks.separators |= bits(_mm_cmpeq_epi8(bytes, separators));
    masks.quotes |= bits(_mm_cmpeq_epi8(bytes, quotes));
    masks.escapes |= bits(_mm_cmpeq_epi8(bytes, escapes));
    masks.high |= bits(bytes);
  }
#else
  for (size_t i = 0; i < kLineBlock; ++i) {
    const uint64_t bit = uint64_t{1} << i;
    if (block[i] == separator_) masks.separators |= bit;
    if (block[i] == quote) masks.quotes |= bit;
    if (block[i] == escape) masks.escapes |= bit;
    if (static_cast<unsigned char>(block[i]) > 127) masks.high |= bit;
  }
#endif
  if (quote_ < 0) masks.quotes = 0;
  if (escape_ < 0) masks.escapes = 0;
  return masks;
}

/// Of the row's bytes from `base` on, up to its end.
CsvSplitter::Masks CsvSplitter::masks_of(const CsvRow& row, size_t base) const {
  const auto size = static_cast<size_t>(row.end - row.begin);
  const size_t rest = size - base;
  if (rest >= kLineBlock) return masks_of(row.begin + base);
  if (size >= kLineBlock) {  // the line's last 64 bytes, of which the first are done
    Masks masks = masks_of(row.end - kLineBlock);
    const auto done = static_cast<uint32_t>(kLineBlock - rest);
    masks.separators >>= done;
    masks.quotes >>= done;
    masks.escapes >>= done;
    masks.high >>= done;
    return masks;
  }
  char padded[kLineBlock];
  std::memcpy(padded, row.begin + base, rest);
  Masks masks = masks_of(padded);
  const uint64_t within = (uint64_t{1} << rest) - 1;
  masks.separators &= within;
  masks.quotes &= within;
  masks.escapes &= within;
  masks.high &= within;
  return masks;
}

/// Whether the separator, whose first byte is at `at` of the line, stands there as a whole.
bool CsvSplitter::is_separator(const CsvRow& row, size_t at) const {
  const auto& separator = format_.fields_terminated_by;
  const auto rest = static_cast<size_t>(row.end - row.begin) - at;
  return rest >= separator.size() &&
         std::memcmp(row.begin + at + 1, separator.data() + 1, separator.size() - 1) == 0;
}

CsvSplitter::Split CsvSplitter::split_plain(CsvChunk& chunk, CsvRow& row) const {
  const uint32_t width = chunk.separator_size;
  const auto size = static_cast<size_t>(row.end - row.begin);
  uint32_t* start = &chunk.starts[chunk.live.size()];  // of the field at work
  *start = 0;
  size_t found = 0;
  uint64_t high = 0;
  Enclosures enclosures;
  for (size_t base = 0; base < size; base += kLineBlock) {
    Masks masks = masks_of(row, base);
    if (masks.escapes != 0) return Split::kCareful;
    if (masks.quotes == 0 && !enclosures.any)
      enclosures.begins = masks.separators >> 63 != 0;
    else if (!enclosures.take(masks.quotes, size - base, masks.separators))
      return Split::kCareful;
    high |= masks.high;
    if (found >= field_count_) continue;  // too many already; an escape may still change that
    // A block has at most 64 separators, and there is room for as many behind the row's own.
    for (uint64_t bits = masks.separators; bits != 0; bits &= bits - 1) {
      const uint32_t at =
          static_cast<uint32_t>(base) + static_cast<uint32_t>(__builtin_ctzll(bits));
      if (width > 1 && (at < *start || !is_separator(row, at))) continue;
      ++found;
      start += CsvChunk::kRowsMax;
      *start = at + width;
    }
  }
  if (enclosures.any && (enclosures.open || width > 1)) return Split::kCareful;
  row.quotes = enclosures.any;
  row.utf8 = high == 0 || (!format_.latin1 && is_utf8({row.begin, size}));
  if (found >= field_count_) {
    if (!limits_.extra_fields_rejected) return Split::kDone;
    chunk.fail(row, {RejectReason::kTooManyFields, -1, {}, found + 1});
    return Split::kFailed;
  }
  if (found + 1 < field_count_) {
    chunk.fail(row, {RejectReason::kTooFewFields, -1, {}, found + 1});
    return Split::kFailed;
  }
  start[CsvChunk::kRowsMax] = static_cast<uint32_t>(size) + width;
  return Split::kDone;
}

bool CsvSplitter::at_terminator(size_t at, std::string_view terminator) const {
  if (at >= payload_.size() || terminator.empty() || payload_[at] != terminator[0]) return false;
  return terminator.size() == 1 || payload_.substr(at, terminator.size()) == terminator;
}

/// Bytes of the line's end at `at`, 0 when there is none.
size_t CsvSplitter::line_end_size(size_t at) const {
  if (at_terminator(at, format_.lines_terminated_by)) return format_.lines_terminated_by.size();
  return crlf_ && at_terminator(at, "\r\n") ? 2 : 0;
}

/// [from, to) of the payload with its escapes and doubled quotes resolved.
std::string_view CsvSplitter::unescaped(size_t from, size_t to, bool in_quotes,
                                        TextArena& arena) const {
  char* const begin = arena.allocate(to - from);
  char* out = begin;
  for (size_t i = from; i < to; ++i) {
    const auto c = static_cast<unsigned char>(payload_[i]);
    if (c == escape_ && i + 1 < to) {
      *out++ = millrace::unescaped(payload_[++i]);
    } else {
      *out++ = payload_[i];
      if (in_quotes && c == quote_ && i + 1 < to && payload_[i + 1] == payload_[i]) ++i;
    }
  }
  return {begin, static_cast<size_t>(out - begin)};
}

bool CsvSplitter::is_null_escape(std::string_view raw) const {
  return raw.size() == 2 && static_cast<unsigned char>(raw[0]) == escape_ && raw[1] == 'N';
}

/// Reads a field that begins with the quote at at_. A quote within it ends it only before a
/// terminator, as MySQL has it; a doubled one stands for one. False when it does not end.
bool CsvSplitter::read_quoted(CsvField& field, TextArena& arena, size_t end_max) {
  const size_t first = at_ + 1;
  const char* const bytes = payload_.data();
  bool changed = false;
  for (size_t i = first; i < end_max; ++i) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    if (c == escape_) {
      changed = true;
      ++i;
    } else if (c == quote_) {
      const size_t next = i + 1;
      if (next < end_max && static_cast<unsigned char>(bytes[next]) == quote_) {
        changed = true;
        ++i;
      } else if (next >= end_max || at_terminator(next, format_.fields_terminated_by) ||
                 line_end_size(next) > 0) {
        const std::string_view raw = payload_.substr(first, i - first);
        field.quoted = true;
        field.null = is_null_escape(raw);
        field.text = changed ? unescaped(first, i, true, arena) : raw;
        at_ = next;
        return true;
      }
    }
  }
  return false;
}

void CsvSplitter::read_unquoted(CsvField& field, TextArena& arena) {
  const size_t first = at_;
  const char* const bytes = payload_.data();
  bool changed = false;
  size_t i = first;
  for (; i < payload_.size(); ++i) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    if (!stops_[c]) continue;
    if (c == escape_ && i + 1 < payload_.size()) {
      changed = true;
      ++i;
    } else if (at_terminator(i, format_.fields_terminated_by) || line_end_size(i) > 0) {
      break;
    }
  }
  const std::string_view raw = payload_.substr(first, i - first);
  field.null = changed && is_null_escape(raw);
  field.text = changed ? unescaped(first, i, false, arena) : raw;
  at_ = i;
}

/// A quote that opens and does not close costs its line and no more: the next row begins behind it.
/// Returns where.
size_t CsvSplitter::confine_to_line(CsvChunk& chunk, CsvRow& row, size_t first) {
  quotes_confined_ = true;
  const size_t end = find_line_end(first);
  row.end = payload_.data() + end;
  const auto field = chunk.careful_fields.size() - static_cast<size_t>(row.careful);
  chunk.fail(row, {RejectReason::kBadQuoting, static_cast<int32_t>(field),
                   payload_.substr(at_, end > at_ ? end - at_ : 0), 0});
  return std::min(end + format_.lines_terminated_by.size(), payload_.size());
}

void CsvSplitter::split_careful(CsvChunk& chunk, CsvRow& row, TextArena& arena) {
  const size_t first = at_;
  row.careful = static_cast<int32_t>(chunk.careful_fields.size());
  row.utf8 = false;
  size_t found = 0;
  while (true) {
    CsvField field;
    const bool quoted =
        at_ < payload_.size() && static_cast<unsigned char>(payload_[at_]) == quote_;
    if (quoted) {
      const size_t end_max = quotes_confined_ ? find_line_end(at_) : payload_.size();
      if (!read_quoted(field, arena, end_max)) {
        at_ = confine_to_line(chunk, row, at_);
        return;
      }
    } else {
      read_unquoted(field, arena);
    }
    field.readable_end = field.text.data() + field.text.size();
    if (found++ < field_count_) chunk.careful_fields.push_back(field);
    if (!at_terminator(at_, format_.fields_terminated_by)) break;
    at_ += format_.fields_terminated_by.size();
  }
  row.begin = payload_.data() + first;
  row.end = payload_.data() + at_;
  at_ = std::min(at_ + line_end_size(at_), payload_.size());
  if (found < field_count_) {
    chunk.fail(row, {RejectReason::kTooFewFields, -1, {}, found});
  } else if (found > field_count_ && limits_.extra_fields_rejected) {
    chunk.fail(row, {RejectReason::kTooManyFields, -1, {}, found});
  }
}

/// The line is longer than a field may be; perhaps one of its fields is.
void CsvSplitter::check_sizes(CsvChunk& chunk, CsvRow& row, size_t slot) const {
  for (size_t i = 0; i < field_count_; ++i) {
    const auto text = chunk.field(slot, i).text;
    if (static_cast<int64_t>(text.size()) <= limits_.field_bytes_max) continue;
    chunk.fail(row, {RejectReason::kOversizedField, static_cast<int32_t>(i), {}, text.size()});
    return;
  }
}

}  // namespace millrace::decode
