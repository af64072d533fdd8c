#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "data/latin1.h"
#include "data/utf8.h"
#include "decode/csv_detail.h"
#include "decode/csv_splitter.h"
#include "decode/decoder.h"
#include "decode/number.h"
#include "decode/number_lanes.h"
#include "decode/time_text.h"

namespace millrace::decode {
namespace {

/// The second half: turns the fields of a chunk into columns, one column after another.
class CsvDecoder : public Decoder {
 public:
  CsvDecoder(CsvFormat format, std::vector<InputField> fields, const DecodeLimits& limits);

  const std::shared_ptr<const Schema>& schema() const override { return schema_; }
  Status decode(const MessageBatch& messages, Batch& rows, std::vector<Reject>& rejects) override;
  std::span<const std::string_view> lines() const override { return lines_; }

 private:
  struct Wanted {
    size_t field;  // in fields_
    bool nullable;
    Kind kind;
  };
  static constexpr size_t kNullWords = CsvChunk::kRowsMax / 64;

  void convert_chunk(const MessageBatch& messages, Batch& rows, std::vector<Reject>& rejects);
  void convert_column(size_t index, Column& column);
  template <class T>
  void convert_numbers(size_t index, Column& column);
  template <class T>
  uint64_t convert_lanes(size_t field, T* out);
  template <class T>
  void convert_number(size_t index, size_t live, T& value);
  template <class T, class Parse>
  void convert_each(size_t index, Column& column, RejectReason reason, Parse parse);
  void convert_text(size_t index, Column& column);
  std::string_view from_latin1(std::string_view text);
  template <class T>
  void settle_number(size_t index, size_t live, const CsvField& field, T& value);
  void note_line(std::string_view payload, const CsvRow& row, size_t at);
  bool is_null(const CsvField& field, bool is_text) const;
  void set_null(size_t index, size_t live);
  void reject(size_t index, size_t live, RejectReason reason, std::string_view text);
  size_t drop_failed_rows(Batch& rows);
  void set_validity(size_t index, Column& column, size_t kept) const;
  Reject make_reject(const MessageBatch& messages, const CsvRow& row);
  int64_t lines_before(const Message& message, const CsvRow& row);

  const CsvFormat format_;
  const std::vector<InputField> fields_;
  const DecodeLimits limits_;
  const bool null_word_;       // MySQL: with ENCLOSED BY, the unquoted word NULL is NULL
  const bool null_is_digits_;  // NULL DEFINED BY is what a number may look like
  std::vector<Wanted> wanted_;
  std::shared_ptr<const Schema> schema_;
  CsvSplitter splitter_;
  CsvChunk chunk_;
  std::shared_ptr<TextArena> arena_ = std::make_shared<TextArena>();

  // Of the chunk at work. Its live rows have the output rows from done_ on, and move together when
  // some of them turn out to be bad.
  LaneNumbers numbers_;
  size_t done_ = 0;  // output rows of the chunks before
  // Lines are counted where a reject asks for them, on from the one before of the same message.
  std::vector<std::string_view> lines_;
  const char* counted_to_ = nullptr;
  uint32_t counted_message_ = 0;
  int64_t counted_ = 0;
  std::vector<uint64_t> nulls_;  // kNullWords for each wanted column, one bit for each live row
  std::vector<uint8_t> has_nulls_;
  std::string converted_;  // reused
};

CsvDecoder::CsvDecoder(CsvFormat format, std::vector<InputField> fields, const DecodeLimits& limits)
    : format_(std::move(format)),
      fields_(std::move(fields)),
      limits_(limits),
      null_word_(!format_.enclosed_by.empty()),
      null_is_digits_(!format_.null_defined_by.empty() && format_.null_defined_by.find_first_not_of(
                                                              "-.0123456789") == std::string::npos),
      schema_(wanted_schema(fields_)),
      splitter_(format_, fields_.size(), limits) {
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (fields_[i].wanted) wanted_.push_back({i, fields_[i].nullable, fields_[i].type.kind});
  }
  chunk_.separator_size = static_cast<uint32_t>(format_.fields_terminated_by.size());
  if (!format_.enclosed_by.empty()) chunk_.quote = format_.enclosed_by[0];
  // A block of the splitter may find 64 separators behind the last one that a row should have.
  chunk_.starts.resize(CsvChunk::kRowsMax * (fields_.size() + 1 + 64));
  chunk_.rows.reserve(CsvChunk::kRowsMax);
  chunk_.live.reserve(CsvChunk::kRowsMax);
  nulls_.resize(wanted_.size() * kNullWords);
  has_nulls_.resize(wanted_.size());
}

Status CsvDecoder::decode(const MessageBatch& messages, Batch& rows, std::vector<Reject>& rejects) {
  // Lets go of the arena, unless the batch before is kept elsewhere. Messages of several lines ask
  // for more.
  rows.reset(messages.messages.size());
  renew(arena_);
  done_ = 0;
  lines_.clear();
  counted_to_ = nullptr;
  for (size_t i = 0; i < messages.messages.size(); ++i) {
    splitter_.begin(messages.messages[i].payload, static_cast<uint32_t>(i));
    while (splitter_.next_row(chunk_, *arena_)) {
      if (chunk_.full()) convert_chunk(messages, rows, rejects);
    }
  }
  convert_chunk(messages, rows, rejects);
  rows.truncate(done_);
  rows.keep_alive(messages.owner);
  rows.keep_alive(arena_);
  return {};
}

void CsvDecoder::convert_chunk(const MessageBatch& messages, Batch& rows,
                               std::vector<Reject>& rejects) {
  const size_t needed = done_ + chunk_.live.size();
  if (needed > rows.rows()) rows.extend(std::max(needed, rows.rows() * 2));
  std::fill(nulls_.begin(), nulls_.end(), 0);
  std::fill(has_nulls_.begin(), has_nulls_.end(), 0);
  for (size_t i = 0; i < wanted_.size(); ++i) convert_column(i, rows.column(i));

  const size_t kept = chunk_.failures.empty() ? chunk_.live.size() : drop_failed_rows(rows);
  for (size_t i = 0; i < wanted_.size(); ++i) set_validity(i, rows.column(i), kept);
  for (size_t i = 0; i < kept; ++i) {
    const auto& row = chunk_.rows[chunk_.live[i]];
    rows.message_of_row()[done_ + i] = row.message;
    note_line(messages.messages[row.message].payload, row, done_ + i);
  }
  if (!chunk_.failures.empty()) {
    for (const auto& row : chunk_.rows) {
      if (row.failure >= 0) rejects.push_back(make_reject(messages, row));
    }
  }
  done_ += kept;
  if (!lines_.empty()) lines_.resize(done_);
  chunk_.clear();
}

/// What a row is of its message, unless it is all of it but the line's end.
void CsvDecoder::note_line(std::string_view payload, const CsvRow& row, size_t at) {
  const auto behind = static_cast<size_t>(payload.data() + payload.size() - row.end);
  if (row.begin == payload.data() && behind == 0) return;
  std::string_view rest(row.end, behind);
  if (format_.lines_terminated_by == "\n" && rest.starts_with('\r')) rest.remove_prefix(1);
  if (row.begin == payload.data() && (rest.empty() || rest == format_.lines_terminated_by)) return;
  lines_.resize(at + 1);
  lines_[at] = {row.begin, static_cast<size_t>(row.end - row.begin)};
}

void CsvDecoder::convert_column(size_t index, Column& column) {
  switch (wanted_[index].kind) {
    case Kind::kBool:
      return convert_each<bool>(index, column, RejectReason::kBadNumber, parse_bool);
    case Kind::kInt8:
      return convert_numbers<int8_t>(index, column);
    case Kind::kInt16:
      return convert_numbers<int16_t>(index, column);
    case Kind::kInt32:
      return convert_numbers<int32_t>(index, column);
    case Kind::kInt64:
      return convert_numbers<int64_t>(index, column);
    case Kind::kUInt8:
      return convert_numbers<uint8_t>(index, column);
    case Kind::kUInt16:
      return convert_numbers<uint16_t>(index, column);
    case Kind::kUInt32:
      return convert_numbers<uint32_t>(index, column);
    case Kind::kUInt64:
      return convert_numbers<uint64_t>(index, column);
    case Kind::kFloat:
      return convert_numbers<float>(index, column);
    case Kind::kDouble:
      return convert_numbers<double>(index, column);
    case Kind::kDate:
      return convert_each<int32_t>(index, column, RejectReason::kBadDate, parse_date);
    case Kind::kTimestamp:
      return convert_each<int64_t>(index, column, RejectReason::kBadDate, parse_timestamp);
    case Kind::kVarchar:
    case Kind::kBlob:
      return convert_text(index, column);
  }
}

/// \N, what NULL DEFINED BY says, the word NULL where MySQL takes it so, and the empty unquoted
/// field, which for text is '' unless NULL DEFINED BY ''.
bool CsvDecoder::is_null(const CsvField& field, bool is_text) const {
  if (field.null) return true;
  if (!format_.null_defined_by.empty() && field.text == format_.null_defined_by &&
      (!field.quoted || format_.null_optionally_enclosed))
    return true;
  if (field.quoted)
    return field.text.empty() && format_.empty_is_null && format_.null_optionally_enclosed;
  if (field.text.empty()) return !is_text || format_.empty_is_null;
  return null_word_ && field.text == "NULL";
}

void CsvDecoder::set_null(size_t index, size_t live) {
  if (!wanted_[index].nullable) return reject(index, live, RejectReason::kNullNotAllowed, {});
  has_nulls_[index] = 1;
  nulls_[index * kNullWords + live / 64] |= uint64_t{1} << (live % 64);
}

void CsvDecoder::reject(size_t index, size_t live, RejectReason reason, std::string_view text) {
  if (!format_.latin1 && !is_utf8(text)) reason = RejectReason::kBadUtf8;
  chunk_.fail(chunk_.rows[chunk_.live[live]],
              {reason, static_cast<int32_t>(wanted_[index].field), text, 0});
}

/// A field that the inline functions did not take: NULL, an unusual number, or none.
template <class T>
void CsvDecoder::settle_number(size_t index, size_t live, const CsvField& field, T& value) {
  value = 0;
  if (is_null(field, false)) return set_null(index, live);
  const Parsed parsed = parse_number(field.text, value);
  if (parsed == Parsed::kMalformed)
    reject(index, live, RejectReason::kBadNumber, field.text);
  else if (parsed == Parsed::kOutOfRange)
    reject(index, live, RejectReason::kOutOfRange, field.text);
}

template <class T>
bool parse_short(const char* begin, size_t size, const char* readable_end, T& value) {
  if constexpr (std::is_floating_point_v<T>)
    return parse_short_decimal(begin, size, readable_end, value);
  else
    return parse_short_whole(begin, size, readable_end, value);
}

/// The largest number of up to eight digits that a T holds exactly.
template <class T>
constexpr uint32_t whole_max() {
  constexpr uint32_t kEightDigits = 99'999'999;
  if constexpr (std::is_floating_point_v<T>)
    return std::min(kEightDigits, sizeof(T) == 4 ? (1U << 24) - 1 : kEightDigits);
  else
    return static_cast<uint32_t>(
        std::min(uint64_t{kEightDigits}, static_cast<uint64_t>(std::numeric_limits<T>::max())));
}

/// Writes what the lanes take of a column; a bit for each live row that they leave.
template <class T>
uint64_t CsvDecoder::convert_lanes(size_t field, T* out) {
  const uint32_t* from = &chunk_.starts[field * CsvChunk::kRowsMax];
  const LaneField lanes{from, from + CsvChunk::kRowsMax, chunk_.separator_size};
  const size_t count = chunk_.live.size();
  const auto& values = numbers_.values;
  if constexpr (std::is_floating_point_v<T>) {
    const uint64_t left = read_decimals(chunk_.places, lanes, count, whole_max<T>(), numbers_);
    for (size_t i = 0; i < count; ++i) out[i] = static_cast<T>(static_cast<int32_t>(values[i]));
    if (!numbers_.has_decimals) return left;
    static constexpr T kTens[] = {1, 10, 100, 1000, 10'000, 100'000, 1'000'000, 10'000'000};
    // Exact operands, so that the quotient is the nearest T; dividing by one changes nothing.
    for (size_t i = 0; i < count; ++i) out[i] /= kTens[numbers_.decimals[i]];
    return left;
  } else {
    const uint64_t left = read_whole_numbers(chunk_.places, lanes, count, whole_max<T>(), numbers_);
    for (size_t i = 0; i < count; ++i) out[i] = static_cast<T>(values[i]);
    return left;
  }
}

template <class T>
void CsvDecoder::convert_numbers(size_t index, Column& column) {
  T* out = column.values<T>().data() + done_;
  if (null_is_digits_ || !has_number_lanes()) {
    for (size_t i = 0; i < chunk_.live.size(); ++i) convert_number(index, i, out[i]);
    return;
  }
  for (uint64_t left = convert_lanes(wanted_[index].field, out); left != 0; left &= left - 1) {
    const auto i = static_cast<size_t>(__builtin_ctzll(left));
    convert_number(index, i, out[i]);
  }
}

template <class T>
void CsvDecoder::convert_number(size_t index, size_t live, T& value) {
  const CsvField field = chunk_.field(live, wanted_[index].field);
  if (!null_is_digits_ &&
      parse_short(field.text.data(), field.text.size(), field.readable_end, value))
    return;
  settle_number(index, live, field, value);
}

template <class T, class Parse>
void CsvDecoder::convert_each(size_t index, Column& column, RejectReason reason, Parse parse) {
  T* out = column.values<T>().data() + done_;
  for (size_t i = 0; i < chunk_.live.size(); ++i) {
    const CsvField field = chunk_.field(i, wanted_[index].field);
    if (is_null(field, false)) {
      set_null(index, i);
    } else if (parse(field.text, out[i]) != Parsed::kValue) {
      reject(index, i, reason, field.text);
    }
  }
}

void CsvDecoder::convert_text(size_t index, Column& column) {
  auto* out = column.values<std::string_view>().data() + done_;
  const size_t field = wanted_[index].field;
  const bool any_bytes = wanted_[index].kind == Kind::kBlob;
  const bool may_be_null = !format_.null_defined_by.empty() || format_.empty_is_null || null_word_;
  const auto settle = [&](size_t i, const CsvField& text) {
    out[i] = text.text;
    if (!may_be_null && !text.null) return true;
    if (!is_null(text, true)) return true;
    out[i] = {};
    set_null(index, i);
    return false;
  };
  const uint32_t* const from = &chunk_.starts[field * CsvChunk::kRowsMax];
  const uint32_t* const next = from + CsvChunk::kRowsMax;
  const auto& begins = chunk_.places.begins;
  if (chunk_.all_simple) {
    for (size_t i = 0; i < chunk_.live.size(); ++i)
      settle(i, {{begins[i] + from[i], next[i] - from[i] - chunk_.separator_size}});
    return;
  }
  for (size_t i = 0; i < chunk_.live.size(); ++i) {
    const CsvField text = chunk_.field(i, field);
    const bool checked = any_bytes || chunk_.rows[chunk_.live[i]].utf8;
    if (!settle(i, text) || checked) continue;
    if (format_.latin1) {
      out[i] = from_latin1(text.text);
    } else if (!is_utf8(text.text)) {
      reject(index, i, RejectReason::kBadUtf8, text.text);
    }
  }
}

std::string_view CsvDecoder::from_latin1(std::string_view text) {
  converted_.clear();
  append_from_latin1(text, converted_);
  return arena_->copied(converted_);
}

template <class T>
void move_together(Column& column, size_t first, const std::vector<uint32_t>& kept) {
  T* values = column.values<T>().data() + first;
  for (size_t i = 0; i < kept.size(); ++i) values[i] = values[kept[i]];
}

/// Some live rows turned out to be bad: the others move together, in every column. Returns how many
/// they are.
size_t CsvDecoder::drop_failed_rows(Batch& rows) {
  std::vector<uint32_t> kept;
  for (uint32_t i = 0; i < chunk_.live.size(); ++i) {
    if (chunk_.rows[chunk_.live[i]].failure < 0) kept.push_back(i);
  }
  if (kept.size() == chunk_.live.size()) return kept.size();
  for (size_t c = 0; c < wanted_.size(); ++c) {
    Column& column = rows.column(c);
    switch (width_of(wanted_[c].kind)) {
      case 1:
        move_together<uint8_t>(column, done_, kept);
        break;
      case 2:
        move_together<uint16_t>(column, done_, kept);
        break;
      case 4:
        move_together<uint32_t>(column, done_, kept);
        break;
      case 8:
        move_together<uint64_t>(column, done_, kept);
        break;
      default:
        move_together<std::string_view>(column, done_, kept);
    }
    if (!has_nulls_[c]) continue;
    uint64_t* nulls = &nulls_[c * kNullWords];
    for (size_t i = 0; i < kept.size(); ++i) {
      const uint64_t null = nulls[kept[i] / 64] >> (kept[i] % 64) & 1;
      nulls[i / 64] = (nulls[i / 64] & ~(uint64_t{1} << (i % 64))) | null << (i % 64);
    }
  }
  for (size_t i = 0; i < kept.size(); ++i) chunk_.live[i] = chunk_.live[kept[i]];
  return kept.size();
}

void CsvDecoder::set_validity(size_t index, Column& column, size_t kept) const {
  column.set_valid(done_, kept);
  if (!has_nulls_[index]) return;
  for (size_t i = 0; i < kept; ++i) {
    if (nulls_[index * kNullWords + i / 64] >> (i % 64) & 1) column.set_null(done_ + i);
  }
}

/// Line ends of the message in front of the row, those that a quoted field holds too.
int64_t CsvDecoder::lines_before(const Message& message, const CsvRow& row) {
  const std::string_view end = format_.lines_terminated_by;
  if (end.empty() || row.begin == nullptr) return 0;
  if (counted_to_ == nullptr || counted_message_ != row.message) {
    counted_to_ = message.payload.data();
    counted_message_ = row.message;
    counted_ = 0;
  }
  const std::string_view passed(counted_to_, static_cast<size_t>(row.begin - counted_to_));
  for (size_t at = passed.find(end); at != std::string_view::npos;
       at = passed.find(end, at + end.size()))
    ++counted_;
  counted_to_ = row.begin;
  return counted_;
}

Reject CsvDecoder::make_reject(const MessageBatch& messages, const CsvRow& row) {
  const auto& message = messages.messages[row.message];
  const auto& failure = chunk_.failures[static_cast<size_t>(row.failure)];
  Reject reject;
  reject.partition = message.partition;
  reject.offset = message.offset;
  reject.reason = failure.reason;
  reject.detail = detail_of(failure, fields_, limits_);
  const auto bytes = static_cast<size_t>(row.end - row.begin);
  if (bytes > 0) reject.bytes.assign(row.begin, std::min(bytes, kRejectBytesMax));
  reject.line = message.line_behind(lines_before(message, row));
  return reject;
}

Error bad_format(const std::string& why, const std::string& hint) {
  return Error(Code::kInvalidArgument, "cannot read CSV: " + why, hint);
}

Status check_format(const CsvFormat& format) {
  const auto& fields = format.fields_terminated_by;
  const auto& lines = format.lines_terminated_by;
  if (fields.empty())
    return bad_format("FIELDS TERMINATED BY is empty",
                      "Fixed-width rows are not supported; name the bytes between two fields.");
  if (format.enclosed_by.size() > 1)
    return bad_format("ENCLOSED BY \"" + shown(format.enclosed_by) + "\" has more than one byte",
                      "It is a single character of ASCII.");
  if (format.escaped_by.size() > 1)
    return bad_format("ESCAPED BY \"" + shown(format.escaped_by) + "\" has more than one byte",
                      "It is a single character of ASCII.");
  if (fields == lines)
    return bad_format("fields and lines are both terminated by \"" + shown(fields) + "\"",
                      "Give FIELDS and LINES different terminators.");
  for (const auto* special : {&format.enclosed_by, &format.escaped_by}) {
    if (special->empty()) continue;
    const std::string name = special == &format.enclosed_by ? "ENCLOSED BY" : "ESCAPED BY";
    if (fields[0] == (*special)[0] || (!lines.empty() && lines[0] == (*special)[0]))
      return bad_format(
          "a terminator begins with the character of " + name + " \"" + shown(*special) + "\"",
          "Choose another terminator or another character.");
  }
  if (format.ignore_lines < 0) return bad_format("IGNORE LINES is negative", "");
  return {};
}

}  // namespace

Result<CsvFormat> in_bytes_of_text(CsvFormat format) {
  if (!format.latin1) return format;
  for (auto* const text :
       {&format.fields_terminated_by, &format.enclosed_by, &format.escaped_by,
        &format.lines_starting_by, &format.lines_terminated_by, &format.null_defined_by}) {
    auto bytes = to_latin1(*text);
    if (!bytes)
      return bad_format("character set latin1 does not have all of \"" + shown(*text) + "\"",
                        "What is between fields and lines is of the text's character set.");
    *text = std::move(*bytes);
  }
  return format;
}

Result<std::unique_ptr<Decoder>> make_csv_decoder(const CsvFormat& written,
                                                  std::vector<InputField> fields,
                                                  const DecodeLimits& limits) {
  TRY(const auto format, in_bytes_of_text(written));
  TRY_OK(check_format(format));
  if (fields.empty())
    return bad_format("there are no fields", "Name the fields of a row in a list.");
  if (limits.field_bytes_max < 1)
    return bad_format("the largest field must have at least one byte", "");
  for (const auto& field : fields) {
    if (field.wanted && field.type.list)
      return Error(Code::kUnsupported,
                   "cannot read field \"" + field.name + "\" as " + name_of(field.type) +
                       ": a CSV field holds one value",
                   "Read it as VARCHAR and split it in SET.");
  }
  return std::unique_ptr<Decoder>(std::make_unique<CsvDecoder>(format, std::move(fields), limits));
}

}  // namespace millrace::decode
