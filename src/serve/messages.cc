#include "serve/messages.h"

#include "serve/auth.h"
#include "serve/wire.h"

namespace millrace::serve {
namespace {

constexpr uint8_t kProtocolVersion = 10;
constexpr size_t kFirstScrambleBytes = 8;
constexpr size_t kMessageBytesMax = 4096;
constexpr uint8_t kSchemaChanged = 1;  // SESSION_TRACK_SCHEMA

Error bad_handshake(std::string_view what) {
  return Error(Code::kInvalidArgument, "bad handshake: the " + std::string(what) + " is malformed");
}

/// The proof is written in three ways, as the protocol grew.
std::string_view read_response(WireReader& reader, uint32_t capabilities) {
  if ((capabilities & kPluginAuthLenenc) != 0) return reader.lenenc_string();
  if ((capabilities & kSecureConnection) != 0) return reader.bytes(reader.u8());
  return reader.nul_or_rest();
}

/// Names and values behind a length, as clients that announce kConnectAttributes send them last.
Status read_attributes(WireReader& reader, Login& login) {
  if ((login.capabilities & kConnectAttributes) == 0 || reader.left() == 0) return {};
  WireReader list(reader.lenenc_string());
  while (reader.ok() && list.ok() && list.left() > 0) {
    const std::string name(list.lenenc_string());
    login.attributes[name] = list.lenenc_string();
  }
  if (!reader.ok() || !list.ok()) return bad_handshake("list of connection attributes");
  return {};
}

void append_login_start(std::string& out, const Login& login) {
  append_u32(out, login.capabilities);
  append_u32(out, (1U << 30));
  append_u8(out, login.collation);
  out.append(23, '\0');
}

/// At most `size` bytes of `text`, never cutting a UTF-8 character.
std::string_view cut(std::string_view text, size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<uint8_t>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

}  // namespace

std::string write_greeting(const Greeting& greeting) {
  std::string out;
  append_u8(out, kProtocolVersion);
  append_nul_string(out, greeting.server_version);
  append_u32(out, greeting.connection_id);
  out += greeting.scramble.substr(0, kFirstScrambleBytes);
  append_u8(out, 0);
  append_u16(out, static_cast<uint16_t>(greeting.capabilities & 0xffff));
  append_u8(out, static_cast<uint8_t>(kUtf8mb4));
  append_u16(out, greeting.status);
  append_u16(out, static_cast<uint16_t>(greeting.capabilities >> 16));
  append_u8(out, static_cast<uint8_t>(kScrambleBytes + 1));
  out.append(10, '\0');
  out += greeting.scramble.substr(kFirstScrambleBytes);
  append_u8(out, 0);
  append_nul_string(out, greeting.plugin);
  return out;
}

Result<Greeting> read_greeting(std::string_view payload) {
  WireReader reader(payload);
  Greeting greeting;
  if (reader.u8() != kProtocolVersion)
    return Error(Code::kUnsupported, "the server speaks another protocol than MySQL's version 10");
  greeting.server_version = reader.nul_string();
  greeting.connection_id = reader.u32();
  greeting.scramble = reader.bytes(kFirstScrambleBytes);
  reader.u8();
  greeting.capabilities = reader.u16();
  reader.u8();
  greeting.status = reader.u16();
  greeting.capabilities |= static_cast<uint32_t>(reader.u16()) << 16;
  reader.bytes(11);
  greeting.scramble += reader.bytes(kScrambleBytes - kFirstScrambleBytes);
  reader.u8();
  if (!reader.ok()) return bad_handshake("greeting");
  greeting.plugin = reader.nul_or_rest();
  return greeting;
}

std::string write_login(const Login& login) {
  std::string out;
  append_login_start(out, login);
  append_nul_string(out, login.user);
  append_lenenc_string(out, login.response);
  if ((login.capabilities & kConnectWithDb) != 0) append_nul_string(out, login.database);
  append_nul_string(out, login.plugin);
  return out;
}

std::string write_tls_request(const Login& login) {
  std::string out;
  append_login_start(out, login);
  return out;
}

bool is_tls_request(std::string_view payload) {
  constexpr size_t kStartBytes = 32;
  return payload.size() == kStartBytes && (WireReader(payload).u32() & kTls) != 0;
}

Result<Login> read_login(std::string_view payload, uint32_t offered) {
  WireReader reader(payload);
  Login login;
  login.capabilities = reader.u32();
  if (!reader.ok() || (login.capabilities & kProtocol41) == 0)
    return Error(Code::kUnsupported, "bad handshake: the client speaks no protocol 4.1");
  if ((login.capabilities & ~offered & kTls) != 0)
    return Error(Code::kUnsupported, "bad handshake: the server has no TLS",
                 "Connect with TLS switched off, as with --ssl-mode=DISABLED.");
  login.capabilities &= offered;
  reader.u32();  // the client's largest packet: a result row may be larger, as with MySQL
  login.collation = reader.u8();
  reader.bytes(23);
  login.user = reader.nul_string();
  login.response = read_response(reader, login.capabilities);
  if (!reader.ok()) return bad_handshake("login");
  // Clients leave out what comes last and is empty.
  if ((login.capabilities & kConnectWithDb) != 0) login.database = reader.nul_or_rest();
  if ((login.capabilities & kPluginAuth) != 0) login.plugin = reader.nul_or_rest();
  TRY_OK(read_attributes(reader, login));
  return login;
}

Result<Login> read_change_user(std::string_view payload, uint32_t capabilities) {
  WireReader reader(payload);
  Login login;
  login.capabilities = capabilities;
  login.user = reader.nul_string();
  login.response = reader.bytes(reader.u8());
  login.database = reader.nul_string();
  if (!reader.ok()) return bad_handshake("change of user");
  if (reader.left() >= 2) login.collation = static_cast<uint8_t>(reader.u16());
  if ((capabilities & kPluginAuth) != 0) login.plugin = reader.nul_or_rest();
  TRY_OK(read_attributes(reader, login));
  return login;
}

std::string write_auth_switch(std::string_view plugin, std::string_view scramble) {
  std::string out;
  append_u8(out, kEofHeader);
  append_nul_string(out, plugin);
  append_nul_string(out, scramble);
  return out;
}

std::string write_ok(const Ok& ok, uint32_t capabilities) {
  std::string out;
  append_u8(out, kOkHeader);
  append_lenenc(out, ok.rows_changed);
  append_lenenc(out, ok.last_insert_id);
  append_u16(out, ok.status);
  append_u16(out, ok.warnings);
  const bool changed =
      (capabilities & kSessionTrack) != 0 && (ok.status & kStatusSessionChanged) != 0;
  if (changed || !ok.info.empty()) append_lenenc_string(out, ok.info);
  if (!changed) return out;
  std::string schema;
  append_lenenc_string(schema, ok.schema);
  std::string changes;
  append_u8(changes, kSchemaChanged);
  append_lenenc_string(changes, schema);
  append_lenenc_string(out, changes);
  return out;
}

std::string write_end(const Ok& ok, uint32_t capabilities) {
  std::string out;
  if ((capabilities & kDeprecateEof) != 0) {
    out = write_ok(ok, capabilities);
    out[0] = static_cast<char>(kEofHeader);
    return out;
  }
  append_u8(out, kEofHeader);
  append_u16(out, ok.warnings);
  append_u16(out, ok.status);
  return out;
}

Result<Ok> read_ok(std::string_view payload) {
  WireReader reader(payload);
  Ok ok;
  if (payload.size() == 4) {  // a true EOF
    ok.warnings = reader.u16();
    ok.status = reader.u16();
    return ok;
  }
  ok.rows_changed = reader.lenenc();
  ok.last_insert_id = reader.lenenc();
  ok.status = reader.u16();
  ok.warnings = reader.u16();
  if (!reader.ok()) return Error(Code::kInvalidArgument, "malformed OK packet");
  if (reader.left() > 0) ok.info = reader.lenenc_string();
  return ok;
}

WireError to_wire(const Error& error) {
  const auto& row = facts(error.code);
  return {row.mysql_errno, std::string(row.sqlstate), error.to_string()};
}

std::string write_error(const WireError& error, uint32_t capabilities) {
  std::string out;
  append_u8(out, kErrHeader);
  append_u16(out, error.number);
  if ((capabilities & kProtocol41) != 0) {
    out += '#';
    out += error.sqlstate;
  }
  out += cut(error.message, kMessageBytesMax);
  return out;
}

WireError read_error(std::string_view payload) {
  WireReader reader(payload);
  WireError error;
  reader.u8();
  error.number = reader.u16();
  error.sqlstate = "HY000";
  auto rest = reader.rest();
  if (!rest.empty() && rest.front() == '#') {
    error.sqlstate = rest.substr(1, 5);
    rest.remove_prefix(std::min<size_t>(6, rest.size()));
  }
  error.message = rest;
  return error;
}

void append_column_definition(std::string& out, const ColumnDefinition& column) {
  append_lenenc_string(out, "def");
  append_lenenc_string(out, column.schema);
  append_lenenc_string(out, column.table);
  append_lenenc_string(out, column.table);
  append_lenenc_string(out, column.name);
  append_lenenc_string(out, column.name);
  append_u8(out, 12);  // bytes that follow
  append_u16(out, column.collation);
  append_u32(out, column.length);
  append_u8(out, column.type);
  append_u16(out, column.flags);
  append_u8(out, column.decimals);
  append_u16(out, 0);
}

Result<ColumnDefinition> read_column_definition(std::string_view payload) {
  WireReader reader(payload);
  ColumnDefinition column;
  reader.lenenc_string();
  column.schema = reader.lenenc_string();
  column.table = reader.lenenc_string();
  reader.lenenc_string();
  column.name = reader.lenenc_string();
  reader.lenenc_string();
  reader.lenenc();
  column.collation = reader.u16();
  column.length = reader.u32();
  column.type = reader.u8();
  column.flags = reader.u16();
  column.decimals = reader.u8();
  if (!reader.ok()) return Error(Code::kInvalidArgument, "malformed column definition");
  return column;
}

}  // namespace millrace::serve
