// The commands of the command phase: the first byte of every packet that a client sends after its
// login.
//
// Source: MySQL's client/server protocol, "Command Phase".
#pragma once

#include <cstdint>

namespace millrace::serve {

// COM_*
enum Command : uint8_t {
  kQuit = 0x01,
  kInitDb = 0x02,
  kQuery = 0x03,
  kFieldList = 0x04,
  kStatistics = 0x09,
  kProcessInfo = 0x0a,
  kProcessKill = 0x0c,
  kPing = 0x0e,
  kChangeUser = 0x11,
  kStatementPrepare = 0x16,
  kStatementExecute = 0x17,
  kStatementSendLongData = 0x18,
  kStatementClose = 0x19,
  kStatementReset = 0x1a,
  kSetOption = 0x1b,
  kStatementFetch = 0x1c,
  kResetConnection = 0x1f,
};

}  // namespace millrace::serve
