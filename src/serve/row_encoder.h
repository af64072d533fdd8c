// Rows of a result as the protocol has them, in text or in binary. A RowEncoder knows the columns
// of one result and appends row after row to a packet; it keeps nothing between rows. Used on the
// connection's thread.
//
// Source: MySQL's client/server protocol, "Text Resultset Row", "Binary Protocol Resultset Row",
// "Binary Protocol Value".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/session.h"

namespace millrace::serve {

/// How values stand in a row: as text after COM_QUERY, in binary after COM_STMT_EXECUTE.
enum class RowForm : uint8_t { kAsText, kAsBinary };

class RowEncoder {
 public:
  RowEncoder(const std::vector<store::ResultColumn>& columns, RowForm form)
      : columns_(columns), form_(form) {}

  /// Errors: kInvalidArgument for a date that the binary form cannot hold, kResourceExhausted for a
  /// row that no packet can; `out` is of no use then.
  Status append(const store::ResultChunk& chunk, size_t row, std::string& out) const;

 private:
  void append_text_row(const store::ResultChunk& chunk, size_t row, std::string& out) const;
  Status append_binary_row(const store::ResultChunk& chunk, size_t row, std::string& out) const;
  Status append_value(const store::ResultChunk& chunk, size_t column, size_t row,
                      std::string& out) const;

  const std::vector<store::ResultColumn>& columns_;  // the result's, which outlives this
  const RowForm form_;
};

}  // namespace millrace::serve
