#include "serve/result_writer.h"

#include "serve/column_type.h"
#include "serve/wire.h"

namespace millrace::serve {
namespace {

constexpr size_t kRowBytesMax = size_t{1} << 30;  // the largest packet a MySQL client can take

Status write_columns(PacketChannel& channel, const std::vector<store::ResultColumn>& columns,
                     uint32_t capabilities, const Ok& end) {
  std::string packet;
  append_lenenc(packet, columns.size());
  TRY_OK(channel.write(packet));
  for (const auto& column : columns) {
    packet.clear();
    append_column_definition(packet, describe(column));
    TRY_OK(channel.write(packet));
  }
  if ((capabilities & kDeprecateEof) == 0) TRY_OK(channel.write(write_end(end, capabilities)));
  return {};
}

}  // namespace

void append_text_row(std::string& out, const store::ResultChunk& chunk, size_t columns,
                     size_t row) {
  for (size_t column = 0; column < columns; ++column) {
    if (chunk.is_null(column, row)) {
      append_u8(out, kNullValue);
      continue;
    }
    // Most values are short: their length fits the one byte kept free before them.
    const size_t at = out.size();
    out += '\0';
    chunk.append_text(column, row, out);
    const size_t size = out.size() - at - 1;
    if (size < kNullValue) {
      out[at] = static_cast<char>(size);
    } else {
      std::string length;
      append_lenenc(length, size);
      out.replace(at, 1, length);
    }
  }
}

Result<RowsOutcome> write_rows(PacketChannel& channel, store::ResultStream& stream,
                               uint32_t capabilities, const Ok& end) {
  // The first chunk is asked for before anything is sent: most queries that fail, fail here, and
  // their error is then the whole answer.
  RowsOutcome outcome;
  auto chunk = stream.next();
  if (!chunk) {
    outcome.query = std::move(chunk).error();
    return outcome;
  }
  const auto& columns = stream.columns();
  TRY_OK(write_columns(channel, columns, capabilities, end));
  std::string row;
  while (*chunk != nullptr) {
    for (size_t i = 0; i < (*chunk)->rows(); ++i) {
      row.clear();
      append_text_row(row, **chunk, columns.size(), i);
      if (row.size() > kRowBytesMax) {
        outcome.query = Error(Code::kResourceExhausted, "a row of the result has more than 1 GiB");
        return outcome;
      }
      TRY_OK(channel.write(row));
      ++outcome.rows;
    }
    chunk = stream.next();
    if (!chunk) {
      outcome.query = std::move(chunk).error();
      return outcome;
    }
  }
  return outcome;
}

}  // namespace millrace::serve
