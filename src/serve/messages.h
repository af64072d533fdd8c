// The packets of MySQL's protocol as values, to be written and read: greeting, login, OK, error,
// end, column definition. No I/O and no state. Texts that came from a client are bounded by the
// packet they came in.
//
// Source: MySQL's client/server protocol, "Connection Phase Packets", "Generic Response Packets",
// "Column Definition".
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::serve {

/// HandshakeV10: the server's first packet.
struct Greeting {
  std::string server_version;
  uint32_t connection_id = 0;
  std::string scramble;  // 20 bytes
  uint32_t capabilities = 0;
  uint16_t status = 0;
  std::string plugin;
};
std::string write_greeting(const Greeting& greeting);
/// Errors: kUnsupported for another protocol; the server's own, when it greets with an error.
Result<Greeting> read_greeting(std::string_view payload);

/// HandshakeResponse41, and what COM_CHANGE_USER says again.
struct Login {
  uint32_t capabilities = 0;
  uint8_t collation = 0;
  std::string user;
  std::string response;  // the proof, made with `plugin` and the greeting's scramble
  std::string database;
  std::string plugin;  // empty: the client did not say
  /// What the client tells of itself: _client_name, program_name...
  std::map<std::string, std::string> attributes;
};
std::string write_login(const Login& login);
/// SSLRequest: the beginning of a login, whose rest follows under TLS.
std::string write_tls_request(const Login& login);
/// Whether a client's first packet asks for TLS.
bool is_tls_request(std::string_view payload);
/// `offered`: the capabilities of the greeting; only what both sides have is left in the result.
/// Errors: kUnsupported (clients older than 4.1, TLS that was not offered), kInvalidArgument for a
/// malformed packet.
Result<Login> read_login(std::string_view payload, uint32_t offered);
/// The payload of COM_CHANGE_USER after its first byte.
Result<Login> read_change_user(std::string_view payload, uint32_t capabilities);

/// AuthSwitchRequest.
std::string write_auth_switch(std::string_view plugin, std::string_view scramble);

struct Ok {
  uint64_t rows_changed = 0;
  uint64_t last_insert_id = 0;
  uint16_t status = 0;
  uint16_t warnings = 0;
  std::string info;
  std::string schema;  // the new one, when status says kStatusSessionChanged
};
/// The info has its length before it, whatever the documentation says (net_send_ok() of MySQL's
/// sql/protocol_classic.cc, and the drivers that read it); what changed stands behind it.
std::string write_ok(const Ok& ok, uint32_t capabilities);
/// The end of a result set: an EOF packet, or under kDeprecateEof an OK with EOF's first byte.
std::string write_end(const Ok& ok, uint32_t capabilities);
/// Reads either, after its first byte. Errors: kInvalidArgument.
Result<Ok> read_ok(std::string_view payload);

/// An error as it stands on the wire.
struct WireError {
  uint16_t number = 0;
  std::string sqlstate;  // five characters
  std::string message;
};
/// Number and SQLSTATE by base/error's table; detail and hint after the message.
WireError to_wire(const Error& error);
/// Without kProtocol41 (before the login) there is no SQLSTATE.
std::string write_error(const WireError& error, uint32_t capabilities);
/// A whole error packet, its first byte included, as an Error whose message is the server's.
WireError read_error(std::string_view payload);

/// ColumnDefinition41.
struct ColumnDefinition {
  std::string schema, table, name;
  uint16_t collation = 0;
  uint32_t length = 0;  // bytes at most, as MySQL counts them
  uint8_t type = 0;     // MYSQL_TYPE_*
  uint16_t flags = 0;
  uint8_t decimals = 0;
};
void append_column_definition(std::string& out, const ColumnDefinition& column);
Result<ColumnDefinition> read_column_definition(std::string_view payload);

}  // namespace millrace::serve
