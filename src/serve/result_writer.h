// Writes a result as a result set: column definitions, then each row as it comes, chunk by chunk.
// Holds one row at a time. Used on the connection's thread.
//
// Source: MySQL's client/server protocol, "COM_QUERY Response", "Text Resultset", "Binary Protocol
// Resultset".
#pragma once

#include "base/result.h"
#include "serve/messages.h"
#include "serve/packet.h"
#include "serve/row_encoder.h"
#include "store/session.h"

namespace millrace::serve {

/// How a result ended: sent whole, or with the query's error, which is not sent yet.
struct RowsOutcome {
  uint64_t rows = 0;
  Status query;
};

/// The number of columns and their definitions, with the EOF that old clients expect behind them.
Status write_columns(PacketChannel& channel, const std::vector<store::ResultColumn>& columns,
                     uint32_t capabilities, const Ok& end);

/// Sends columns and rows, without the closing packet. An Error of its own is the channel's.
Result<RowsOutcome> write_rows(PacketChannel& channel, store::ResultStream& stream, RowForm form,
                               uint32_t capabilities, const Ok& end);

}  // namespace millrace::serve
