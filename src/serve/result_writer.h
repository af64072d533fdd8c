// Writes a result as a text result set: column definitions, then each row as it comes, chunk by
// chunk. Holds one row at a time. Used on the connection's thread.
//
// Source: MySQL's client/server protocol, "COM_QUERY Response", "Text Resultset".
#pragma once

#include <functional>

#include "base/result.h"
#include "serve/messages.h"
#include "serve/packet.h"
#include "store/session.h"

namespace millrace::serve {

/// How a result ended: sent whole, or with the query's error, which is not sent yet.
struct RowsOutcome {
  uint64_t rows = 0;
  Status query;
};

/// Sends columns and rows, without the closing packet. An Error of its own is the channel's.
Result<RowsOutcome> write_rows(PacketChannel& channel, store::ResultStream& stream,
                               uint32_t capabilities, const Ok& end);

/// One row as the text protocol has it: each value behind its length, or the NULL mark.
void append_text_row(std::string& out, const store::ResultChunk& chunk, size_t columns, size_t row);

}  // namespace millrace::serve
