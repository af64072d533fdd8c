#include "serve/result_writer.h"

#include "serve/column_type.h"
#include "serve/wire.h"

namespace millrace::serve {

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

Result<RowsOutcome> write_rows(PacketChannel& channel, store::ResultStream& stream, RowForm form,
                               uint32_t capabilities, const Ok& end) {
  // The first chunk is asked for before anything is sent: most queries that fail, fail here, and
  // their error is then the whole answer.
  RowsOutcome outcome;
  auto chunk = stream.next();
  if (!chunk) {
    outcome.query = std::move(chunk).error();
    return outcome;
  }
  TRY_OK(write_columns(channel, stream.columns(), capabilities, end));
  const RowEncoder encoder(stream.columns(), form);
  std::string row;
  while (*chunk != nullptr) {
    for (size_t i = 0; i < (*chunk)->rows(); ++i) {
      row.clear();
      outcome.query = encoder.append(**chunk, i, row);
      if (!outcome.query) return outcome;
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
