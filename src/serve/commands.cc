#include "base/clock.h"
#include "serve/column_type.h"
#include "serve/command.h"
#include "serve/connection.h"
#include "serve/result_writer.h"
#include "serve/wire.h"
#include "sql/access.h"
#include "sql/limited_stream.h"

namespace millrace::serve {
namespace {

std::string backticked(std::string_view name) {
  std::string out = "`";
  for (const char c : name) out += c == '`' ? "``" : std::string(1, c);
  return out + "`";
}

}  // namespace

Status Connection::answer(const std::string& packet) {
  WireReader reader(packet);
  const uint8_t command = reader.u8();
  if (!reader.ok()) return send_error(WireError{1047, "08S01", "empty command"});
  const auto payload = reader.rest();
  switch (command) {
    case kQuit:
      goodbye_ = true;
      return {};
    case kInitDb:
      return use_database(payload);
    case kQuery:
      return query(payload);
    case kFieldList:
      return field_list(payload);
    case kStatistics:
      return statistics();
    case kProcessInfo:
      return query("SHOW PROCESSLIST");
    case kProcessKill:
      return process_kill(payload);
    case kPing:
      return send_ok();
    case kChangeUser:
      return change_user(payload);
    case kSetOption:
      return set_option(payload);
    case kResetConnection:
      return reset();
    default:
      return answer_statement_command(command, payload);
  }
}

Status Connection::query(std::string_view text) {
  begin_command("Query", text);
  ++context_.counters.questions;
  statements_.detach_cursors();
  auto execution = session_->execute(text);
  if (!execution) return send_error(execution.error());
  bool failed = false;
  do {
    auto result = (*execution)->next();
    if (channel_.fault() != PacketFault::kNone) {
      farewell();
      return Error(Code::kUnavailable, "the client's file broke off");
    }
    if (!result) return send_error(result.error());
    const bool more = !(*execution)->done();
    TRY_OK(send_result(std::move(*result), {RowForm::kAsText, more}, failed));
    if (!more) return {};
  } while (!failed);
  return {};
}

Status Connection::send_result(sql::StatementResult result, ResultForm form, bool& failed) {
  Ok end;
  end.last_insert_id = result.last_insert_id;
  end.warnings = result.warnings;
  end.status = static_cast<uint16_t>(status_flags() | (form.more ? kStatusMoreResults : 0));
  if (!result.stream || result.stream->columns().empty()) {
    end.rows_changed = static_cast<uint64_t>(
        std::max<int64_t>(0, result.stream ? result.stream->rows_changed() : result.rows_changed));
    end.info = std::move(result.info);
    note_changes(end);
    TRY_OK(channel_.write(write_ok(end, capabilities_)));
    return channel_.flush();
  }
  TRY(const auto outcome, write_rows(channel_, *result.stream, form.rows, capabilities_, end));
  if (!outcome.query) {
    failed = true;
    return send_error(outcome.query.error());
  }
  TRY_OK(channel_.write(write_end(end, capabilities_)));
  return channel_.flush();
}

Status Connection::use_database(std::string_view name) {
  begin_command("Init DB", name);
  statements_.detach_cursors();
  return send_status(session_->use(name));
}

Status Connection::change_user(std::string_view payload) {
  begin_command("Change user", {});
  auto login = read_change_user(payload, capabilities_);
  if (!login) {
    TRY_OK(send_error(WireError{1047, "08S01", login.error().to_string()}));
    return std::move(login).error();
  }
  TRY_OK(open_session(*login));
  return send_ok();
}

Status Connection::reset() {
  begin_command("Reset connection", {});
  statements_.close_all();
  return send_status(session_->reset());
}

/// The columns of a table, as old clients ask for them to complete names.
Status Connection::field_list(std::string_view payload) {
  WireReader reader(payload);
  const std::string table(reader.nul_or_rest());
  begin_command("Field List", table);
  statements_.detach_cursors();
  auto execution = session_->execute("SELECT * FROM " + backticked(table) + " LIMIT 0");
  if (!execution) return send_error(execution.error());
  auto result = (*execution)->next();
  if (!result) return send_error(result.error());
  if (!result->stream) return send_end();
  for (const auto& column : result->stream->columns()) {
    auto definition = describe(column);
    definition.schema = session_->database();
    definition.table = table;
    std::string packet;
    append_column_definition(packet, definition);
    append_u8(packet, kNullValue);  // the default
    TRY_OK(channel_.write(packet));
  }
  return send_end();
}

Status Connection::set_option(std::string_view payload) {
  WireReader reader(payload);
  const uint16_t option = reader.u16();
  if (!reader.ok() || option > 1)
    return send_error(WireError{1047, "08S01", "the option is unknown"});
  session_->allow_multi_statements(option == 0);
  return send_end();
}

Status Connection::process_kill(std::string_view payload) {
  WireReader reader(payload);
  const uint32_t id = reader.u32();
  if (!reader.ok()) return send_error(WireError{1047, "08S01", "which connection to kill?"});
  const auto account = context_.host.accounts().find(process().user);
  const Status allowed = account ? sql::check_kill(context_.host, *account, id)
                                 : Error(Code::kAuthentication, "the user was dropped");
  if (!allowed) return send_error(allowed.error());
  return send_status(context_.host.kill(id, sql::KillScope::kConnection));
}

Status Connection::statistics() {
  const std::string text = "Uptime: " + std::to_string(context_.host.uptime_seconds()) +
                           "  Threads: " + std::to_string(context_.host.processes().size()) +
                           "  Questions: " + std::to_string(context_.counters.questions.load()) +
                           "  Connections: " + std::to_string(context_.counters.connections.load());
  TRY_OK(channel_.write(text));
  return channel_.flush();
}

Status Connection::send_status(const Status& status) {
  return status ? send_ok() : send_error(status.error());
}

Status Connection::send_ok(Ok ok) {
  ok.status = status_flags();
  note_changes(ok);
  TRY_OK(channel_.write(write_ok(ok, capabilities_)));
  return channel_.flush();
}

/// Session tracking: the current database, when it is another than the client was last told.
void Connection::note_changes(Ok& ok) {
  if ((capabilities_ & kSessionTrack) == 0 || !session_) return;
  if (session_->database() == told_database_) return;
  told_database_ = session_->database();
  ok.status |= kStatusSessionChanged;
  ok.schema = told_database_;
}

Status Connection::send_end() {
  Ok end;
  end.status = status_flags();
  TRY_OK(channel_.write(write_end(end, capabilities_)));
  return channel_.flush();
}

Status Connection::send_error(const Error& error) {
  return send_error(to_wire(explained(error)));
}

Error Connection::explained(const Error& error) const {
  Lock lock(mutex_);
  if (!overdue_ || error.code != Code::kCancelled) return error;
  return sql::limit_met(*timed_, "the statement took more seconds", "MAX_QUERY_TIME",
                        timed_->limits.query_seconds);
}

Status Connection::send_error(const WireError& error) {
  TRY_OK(channel_.write(write_error(error, capabilities_)));
  return channel_.flush();
}

uint16_t Connection::status_flags() const {
  if (!session_) return kStatusAutocommit;
  return static_cast<uint16_t>((session_->autocommit() ? kStatusAutocommit : 0) |
                               (session_->in_transaction() ? kStatusInTransaction : 0));
}

void Connection::begin_command(std::string_view command, std::string_view text) {
  Lock lock(mutex_);
  timed_ = context_.host.accounts().find(process_.user);
  if (timed_ && timed_->limits.query_seconds == 0) timed_.reset();
  overdue_ = cut_short_ = false;
  process_.command = command;
  process_.state = "executing";
  process_.text = text.substr(0, sql::kShownTextBytes);
  command_began_ = now_micros();
  busy_ = true;
}

void Connection::end_command() {
  Lock lock(mutex_);
  process_.command = "Sleep";
  process_.state.clear();
  process_.text.clear();
  if (session_) process_.database = session_->database();
  command_began_ = now_micros();
  busy_ = false;
}

}  // namespace millrace::serve
