// The primitives of MySQL's client/server protocol: little-endian integers, length-encoded integers
// and strings, and the constants of its packets. Everything in serve/ that reads or writes a packet
// goes through here, the server and the small client alike. Pure functions and one cursor, used on
// the thread of the connection. Never trusts a length: a WireReader that ran out stays failed.
//
// Source: "MySQL Server Doxygen: Client/Server Protocol" (Basic Data Types, Capabilities Flags,
// Status Flags, Command Phase).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::serve {

inline constexpr int64_t kMicrosPerSecond = 1'000'000;

// Capability flags (CLIENT_*).
inline constexpr uint32_t kLongPassword = 1U << 0;
inline constexpr uint32_t kFoundRows = 1U << 1;
inline constexpr uint32_t kLongFlag = 1U << 2;
inline constexpr uint32_t kConnectWithDb = 1U << 3;
inline constexpr uint32_t kCompress = 1U << 5;
inline constexpr uint32_t kLocalFiles = 1U << 7;
inline constexpr uint32_t kIgnoreSpace = 1U << 8;
inline constexpr uint32_t kProtocol41 = 1U << 9;
inline constexpr uint32_t kInteractive = 1U << 10;
inline constexpr uint32_t kTls = 1U << 11;
inline constexpr uint32_t kTransactions = 1U << 13;
inline constexpr uint32_t kSecureConnection = 1U << 15;
inline constexpr uint32_t kMultiStatements = 1U << 16;
inline constexpr uint32_t kMultiResults = 1U << 17;
inline constexpr uint32_t kPluginAuth = 1U << 19;
inline constexpr uint32_t kConnectAttributes = 1U << 20;
inline constexpr uint32_t kPluginAuthLenenc = 1U << 21;
inline constexpr uint32_t kSessionTrack = 1U << 23;
inline constexpr uint32_t kDeprecateEof = 1U << 24;

// Status flags (SERVER_STATUS_*, SERVER_MORE_RESULTS_EXISTS).
inline constexpr uint16_t kStatusInTransaction = 0x0001;
inline constexpr uint16_t kStatusAutocommit = 0x0002;
inline constexpr uint16_t kStatusMoreResults = 0x0008;
inline constexpr uint16_t kStatusCursorExists = 0x0040;
inline constexpr uint16_t kStatusLastRowSent = 0x0080;
inline constexpr uint16_t kStatusSessionChanged = 0x4000;

// First bytes of packets.
inline constexpr uint8_t kOkHeader = 0x00;
inline constexpr uint8_t kMoreDataHeader = 0x01;
inline constexpr uint8_t kNullValue = 0xfb;
inline constexpr uint8_t kLocalInfileHeader = 0xfb;
inline constexpr uint8_t kEofHeader = 0xfe;
inline constexpr uint8_t kErrHeader = 0xff;

/// Collation ids: utf8mb4_0900_ai_ci for text, binary for numbers and bytes.
inline constexpr uint16_t kUtf8mb4 = 255;
inline constexpr uint16_t kBinary = 63;

void append_u8(std::string& out, uint8_t value);
void append_u16(std::string& out, uint16_t value);
void append_u24(std::string& out, uint32_t value);
void append_u32(std::string& out, uint32_t value);
void append_u64(std::string& out, uint64_t value);
void append_lenenc(std::string& out, uint64_t value);
void append_lenenc_string(std::string& out, std::string_view text);
/// Text up to its first NUL, and a NUL.
void append_nul_string(std::string& out, std::string_view text);

/// Reads a payload from its start. A read past the end, or of a malformed length, gives zero or an
/// empty text, and ok() is false from then on.
class WireReader {
 public:
  explicit WireReader(std::string_view payload) : rest_(payload) {}

  uint8_t u8() { return static_cast<uint8_t>(integer(1)); }
  uint16_t u16() { return static_cast<uint16_t>(integer(2)); }
  uint32_t u24() { return static_cast<uint32_t>(integer(3)); }
  uint32_t u32() { return static_cast<uint32_t>(integer(4)); }
  uint64_t u64() { return integer(8); }
  uint64_t lenenc();
  std::string_view bytes(uint64_t size);
  std::string_view lenenc_string() { return bytes(lenenc()); }
  /// Up to a NUL, which is consumed; without one it fails.
  std::string_view nul_string();
  /// Up to a NUL or the end, as old clients end their last field.
  std::string_view nul_or_rest();
  std::string_view rest() { return bytes(rest_.size()); }

  bool ok() const { return ok_; }
  size_t left() const { return rest_.size(); }

 private:
  uint64_t integer(size_t size);

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace millrace::serve
