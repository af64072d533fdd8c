// A connection's prepared statements: COM_STMT_PREPARE, EXECUTE, FETCH, RESET, CLOSE and
// SEND_LONG_DATA.
//
// Source: MySQL's client/server protocol, "Prepared Statements".
#include "serve/column_type.h"
#include "serve/command.h"
#include "serve/connection.h"
#include "serve/wire.h"

namespace millrace::serve {
namespace {

constexpr size_t kParametersMax = 65'535;
constexpr uint8_t kReadOnlyCursor = 0x01;

WireError no_such_statement(uint32_t id) {
  return {1243, "HY000", "prepared statement " + std::to_string(id) + " does not exist"};
}

WireError malformed_packet(const std::string& command) {
  return {1835, "HY000", "the packet of " + command + " is malformed"};
}

}  // namespace

Status Connection::answer_statement_command(uint8_t command, std::string_view payload) {
  switch (command) {
    case kStatementPrepare:
      return prepare(payload);
    case kStatementExecute:
      return execute(payload);
    case kStatementFetch:
      return fetch(payload);
    case kStatementReset:
      return reset_statement(payload);
    case kStatementClose:
      statements_.close(WireReader(payload).u32());
      return {};  // these two have no answer
    case kStatementSendLongData:
      take_long_data(payload);
      return {};
    default:
      return send_error(
          WireError{1047, "08S01", "command " + std::to_string(command) + " is not supported"});
  }
}

Status Connection::prepare(std::string_view text) {
  begin_command("Prepare", text);
  if (statements_.full())
    return send_error(WireError{1461, "42000",
                                "too many prepared statements are open (at most " +
                                    std::to_string(OpenStatements::kStatementsMax) + ")"});
  statements_.detach_cursors();
  auto prepared = session_->prepare(text);
  if (!prepared) return send_error(prepared.error());
  if ((*prepared)->parameters().size() > kParametersMax)
    return send_error(WireError{1390, "HY000", "a prepared statement has too many parameters"});
  const auto& statement = statements_.add(std::move(*prepared));
  const auto& parameters = statement.prepared->parameters();
  const auto& columns = statement.prepared->columns();
  std::string packet;
  append_u8(packet, kOkHeader);
  append_u32(packet, statement.id);
  append_u16(packet, static_cast<uint16_t>(columns.size()));
  append_u16(packet, static_cast<uint16_t>(parameters.size()));
  append_u8(packet, 0);
  append_u16(packet, 0);  // warnings
  TRY_OK(channel_.write(packet));
  std::vector<store::ResultColumn> marks;
  for (const auto type : parameters)
    marks.push_back({"?", type == store::SqlType::kNull ? store::SqlType::kVarchar : type, 0, 0});
  for (const auto* list : {&std::as_const(marks), &columns}) {
    for (const auto& column : *list) {
      packet.clear();
      append_column_definition(packet, describe(column));
      TRY_OK(channel_.write(packet));
    }
    if (list->empty() || (capabilities_ & kDeprecateEof) != 0) continue;
    Ok end;
    end.status = status_flags();
    TRY_OK(channel_.write(write_end(end, capabilities_)));
  }
  return channel_.flush();
}

Status Connection::execute(std::string_view payload) {
  WireReader reader(payload);
  const uint32_t id = reader.u32();
  const uint8_t flags = reader.u8();
  reader.u32();  // how often: always once
  if (!reader.ok()) return send_error(malformed_packet("COM_STMT_EXECUTE"));
  OpenStatement* statement = statements_.find(id);
  if (statement == nullptr) return send_error(no_such_statement(id));
  begin_command("Execute", statement->prepared->text());
  ++context_.counters.questions;
  statement->cursor.reset();
  statements_.detach_cursors();
  const bool too_big = statement->long_data_is_too_big;
  const LongData long_data = std::move(statement->long_data);
  statement->forget_long_data();
  if (too_big)
    return send_error(
        WireError{1153, "08S01", "the long data of a parameter is bigger than max_allowed_packet"});
  const auto values = read_parameters(reader, statement->prepared->parameters().size(),
                                      statement->types, long_data);
  if (!values) return send_error(values.error());
  auto execution = session_->execute(*statement->prepared, *values);
  if (!execution) return send_error(execution.error());
  auto result = (*execution)->next();
  if (!result) return send_error(result.error());
  const bool rows = result->stream && !result->stream->columns().empty();
  if ((flags & kReadOnlyCursor) != 0 && rows) {
    statement->cursor = std::make_unique<RowCursor>(std::move(*execution), std::move(*result));
    return open_cursor(*statement);
  }
  bool failed = false;
  return send_result(std::move(*result), {RowForm::kAsBinary, false}, failed);
}

Status Connection::open_cursor(OpenStatement& statement) {
  if (auto begun = statement.cursor->begin(); !begun) {
    statement.cursor.reset();
    return send_error(begun.error());
  }
  Ok end;
  end.status = static_cast<uint16_t>(status_flags() | kStatusCursorExists);
  TRY_OK(write_columns(channel_, statement.cursor->columns(), capabilities_, end));
  // Old clients had this end behind the columns.
  if ((capabilities_ & kDeprecateEof) != 0) TRY_OK(channel_.write(write_end(end, capabilities_)));
  return channel_.flush();
}

Status Connection::fetch(std::string_view payload) {
  WireReader reader(payload);
  const uint32_t id = reader.u32();
  const uint32_t rows_max = reader.u32();
  if (!reader.ok()) return send_error(malformed_packet("COM_STMT_FETCH"));
  OpenStatement* statement = statements_.find(id);
  if (statement == nullptr) return send_error(no_such_statement(id));
  if (!statement->cursor)
    return send_error(WireError{
        1421, "HY000", "prepared statement " + std::to_string(id) + " has no open cursor"});
  begin_command("Fetch", statement->prepared->text());
  TRY(const auto fetched, statement->cursor->fetch(channel_, rows_max));
  if (!fetched.query) {
    statement->cursor.reset();
    return send_error(fetched.query.error());
  }
  Ok end;
  const uint16_t state = statement->cursor->ended() ? kStatusLastRowSent : kStatusCursorExists;
  end.status = static_cast<uint16_t>(status_flags() | state);
  TRY_OK(channel_.write(write_end(end, capabilities_)));
  return channel_.flush();
}

Status Connection::reset_statement(std::string_view payload) {
  const uint32_t id = WireReader(payload).u32();
  OpenStatement* statement = statements_.find(id);
  if (statement == nullptr) return send_error(no_such_statement(id));
  statement->forget_long_data();
  statement->cursor.reset();
  return send_ok();
}

/// What is wrong here is told by the execution.
void Connection::take_long_data(std::string_view payload) {
  WireReader reader(payload);
  OpenStatement* statement = statements_.find(reader.u32());
  const uint16_t parameter = reader.u16();
  if (!reader.ok() || statement == nullptr) return;
  const auto piece = reader.rest();
  if (piece.size() > context_.limits.packet_bytes_max - statement->long_data_bytes) {
    statement->forget_long_data();
    statement->long_data_is_too_big = true;
  }
  if (statement->long_data_is_too_big) return;
  statement->long_data_bytes += piece.size();
  statement->long_data[parameter] += piece;
}

}  // namespace millrace::serve
