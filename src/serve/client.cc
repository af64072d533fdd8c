#include "serve/client.h"

#include <fstream>

#include "serve/auth.h"
#include "serve/column_type.h"
#include "serve/wire.h"

namespace millrace::serve {
namespace {

constexpr uint32_t kWanted = kLongPassword | kLongFlag | kProtocol41 | kTransactions |
                             kSecureConnection | kMultiStatements | kMultiResults | kPluginAuth |
                             kPluginAuthLenenc | kDeprecateEof;
constexpr uint32_t kNeeded = kProtocol41 | kSecureConnection | kPluginAuth | kPluginAuthLenenc;
constexpr size_t kPacketBytesMax = size_t{1} << 30;
constexpr uint16_t kInterrupted = 1317;
constexpr size_t kColumnsMax = 1 << 16;

uint8_t first_byte(std::string_view packet) {
  return packet.empty() ? 0 : static_cast<uint8_t>(packet.front());
}

Error server_said(std::string_view packet) {
  const auto error = read_error(packet);
  return Error(
      error.number == kInterrupted ? Code::kCancelled : Code::kInvalidArgument,
      "ERROR " + std::to_string(error.number) + " (" + error.sqlstate + "): " + error.message);
}

Error malformed_answer() {
  return Error(Code::kInternal, "the server's answer is malformed_answer");
}

std::string token_for(std::string_view plugin, const std::string& password,
                      const std::string& scramble) {
  return plugin == kNativePlugin ? native_token(password, scramble)
                                 : sha2_token(password, scramble);
}

/// Gathers results.
class Gathered : public ResultSink {
 public:
  void on_columns(const std::vector<ColumnDefinition>& columns) override {
    for (const auto& column : columns) {
      now_.columns.push_back(column.name);
      now_.is_number.push_back((column.flags & kNumberFlag) != 0);
    }
  }
  void on_row(const std::vector<std::optional<std::string_view>>& cells) override {
    std::vector<Cell> row;
    row.reserve(cells.size());
    for (const auto& cell : cells) row.push_back(cell ? Cell(*cell) : Cell());
    now_.rows.push_back(std::move(row));
  }
  void on_end(const Ok& ok) override {
    now_.rows_changed = ok.rows_changed;
    now_.info = ok.info;
    all.push_back(std::move(now_));
    now_ = {};
  }
  std::vector<QueryResult> all;

 private:
  QueryResult now_;
};

}  // namespace

Client::Client(Socket socket, const ClientOptions& options)
    : socket_(std::move(socket)),
      channel_(socket_, PacketLimits{.payload_bytes_max = kPacketBytesMax}),
      patience_(options.connect_timeout) {}

Client::~Client() {
  channel_.reset_sequence();
  // A server that is gone already needs no goodbye.
  if (channel_.write("\x01")) (void)channel_.flush();
}

Result<std::unique_ptr<Client>> Client::connect(const ClientOptions& options) {
  TRY(auto socket, Socket::connect(options.server, options.connect_timeout));
  auto client = std::unique_ptr<Client>(new Client(std::move(socket), options));
  TRY_OK(client->log_in(options));
  client->patience_ = options.answer_timeout;
  return client;
}

Status Client::log_in(const ClientOptions& options) {
  TRY_OK(channel_.read(packet_, patience_));
  if (first_byte(packet_) == kErrHeader) return server_said(packet_);
  TRY(const auto greeting, read_greeting(packet_));
  if ((greeting.capabilities & kNeeded) != kNeeded)
    return Error(Code::kUnsupported, "the server is too old for this client");
  connection_id_ = greeting.connection_id;
  Login login;
  login.capabilities = greeting.capabilities & (kWanted | (options.local_infile ? kLocalFiles : 0));
  if (!options.database.empty()) login.capabilities |= kConnectWithDb;
  login.collation = static_cast<uint8_t>(kUtf8mb4);
  login.user = options.user;
  login.database = options.database;
  login.plugin = greeting.plugin == kNativePlugin ? kNativePlugin : kSha2Plugin;
  login.response = token_for(login.plugin, options.password, greeting.scramble);
  if ((greeting.capabilities & kTls) != 0) {
    login.capabilities |= kTls;
    TRY_OK(start_tls(login));
  }
  capabilities_ = login.capabilities;
  TRY_OK(channel_.write(write_login(login)));
  TRY_OK(channel_.flush());
  return prove(options.password, login.plugin, greeting.scramble);
}

/// TLS when the server has it, as the other clients of MySQL do.
Status Client::start_tls(const Login& login) {
  TRY_OK(channel_.write(write_tls_request(login)));
  TRY_OK(channel_.flush());
  TRY(tls_context_, TlsContext::client());
  TRY(tls_, tls_context_->connect(socket_, patience_));
  channel_.set_stream(*tls_);
  return {};
}

/// Answers the server until it says OK or no.
Status Client::prove(const std::string& password, std::string plugin, std::string scramble) {
  constexpr int kStepsMax = 8;
  for (int step = 0; step < kStepsMax; ++step) {
    TRY_OK(channel_.read(packet_, patience_));
    const uint8_t kind = first_byte(packet_);
    if (kind == kOkHeader) return {};
    if (kind == kErrHeader) {
      auto error = server_said(packet_);
      error.code = Code::kAuthentication;
      return error;
    }
    WireReader reader(packet_);
    reader.u8();
    std::string answer;
    if (kind == kEofHeader) {
      plugin = reader.nul_string();
      scramble = reader.nul_or_rest();
      if (plugin != kNativePlugin && plugin != kSha2Plugin)
        return Error(Code::kUnsupported, "the server asks for authentication by " + plugin);
      answer = token_for(plugin, password, scramble);
    } else if (kind == kMoreDataHeader && packet_ == std::string_view("\x01\x03", 2)) {
      continue;  // the proof held: OK follows
    } else if (kind == kMoreDataHeader && packet_ == std::string_view("\x01\x04", 2)) {
      // Nobody else reads what goes over TLS; without it the server's key must hide the password.
      answer = tls_ ? password + '\0' : "\x02";
    } else if (kind == kMoreDataHeader) {
      TRY(answer, encrypt_password(password, scramble, reader.rest()));
    } else {
      return malformed_answer();
    }
    TRY_OK(channel_.write(answer));
    TRY_OK(channel_.flush());
  }
  return malformed_answer();
}

Status Client::query(std::string_view sql, ResultSink& sink) {
  channel_.reset_sequence();
  std::string command = "\x03";
  command += sql;
  TRY_OK(channel_.write(command));
  TRY_OK(channel_.flush());
  bool more = true;
  while (more) {
    TRY(more, read_result(sink));
  }
  return {};
}

Result<std::vector<QueryResult>> Client::run(std::string_view sql) {
  Gathered gathered;
  TRY_OK(query(sql, gathered));
  return std::move(gathered.all);
}

/// One result; whether another follows.
Result<bool> Client::read_result(ResultSink& sink) {
  TRY_OK(channel_.read(packet_, patience_));
  const std::string_view packet = packet_;
  if (first_byte(packet) == kErrHeader) return server_said(packet);
  if (first_byte(packet) == kOkHeader) {
    TRY(const auto ok, read_ok(packet.substr(std::min<size_t>(1, packet.size()))));
    sink.on_end(ok);
    return (ok.status & kStatusMoreResults) != 0;
  }
  if (first_byte(packet) == kLocalInfileHeader) {
    const auto sent = send_file(std::string(packet.substr(1)));
    auto more = read_result(sink);
    return sent ? std::move(more) : Result<bool>(sent.error());
  }
  WireReader reader(packet);
  const uint64_t count = reader.lenenc();
  if (!reader.ok() || count > kColumnsMax) return malformed_answer();
  TRY_OK(read_columns(count, sink));
  return read_rows(static_cast<size_t>(count), sink);
}

/// What the server asked for, or nothing of it; an error says why.
Status Client::send_file(const std::string& name) {
  constexpr size_t kPieceBytes = size_t{1} << 16;
  Status status;
  const bool allowed = (capabilities_ & kLocalFiles) != 0;
  std::ifstream file;
  if (allowed) file.open(name, std::ios::binary);
  if (!file.is_open()) {
    status = Error(allowed ? Code::kNotFound : Code::kPermission,
                   allowed ? "file \"" + name + "\" cannot be read"
                           : "the server asked for file \"" + name + "\"",
                   allowed ? "" : "--local-infile allows that.");
  }
  std::string piece(kPieceBytes, '\0');
  while (status && file.read(piece.data(), kPieceBytes).gcount() > 0)
    TRY_OK(channel_.write({piece.data(), static_cast<size_t>(file.gcount())}));
  TRY_OK(channel_.write({}));
  TRY_OK(channel_.flush());
  return status;
}

Status Client::read_columns(uint64_t count, ResultSink& sink) {
  std::vector<ColumnDefinition> columns;
  for (uint64_t i = 0; i < count; ++i) {
    TRY_OK(channel_.read(packet_, patience_));
    TRY(auto column, read_column_definition(packet_));
    columns.push_back(std::move(column));
  }
  if ((capabilities_ & kDeprecateEof) == 0) TRY_OK(channel_.read(packet_, patience_));
  sink.on_columns(columns);
  return {};
}

Result<bool> Client::read_rows(size_t columns, ResultSink& sink) {
  constexpr size_t kEndBytesMax = size_t{1} << 24;  // a row that begins with 0xfe is longer
  std::vector<std::optional<std::string_view>> cells(columns);
  while (true) {
    TRY_OK(channel_.read(packet_, patience_));
    const std::string_view packet = packet_;
    if (first_byte(packet) == kErrHeader) return server_said(packet);
    if (first_byte(packet) == kEofHeader && packet.size() < kEndBytesMax - 1) {
      TRY(const auto ok, read_ok(packet.substr(1)));
      sink.on_end(ok);
      return (ok.status & kStatusMoreResults) != 0;
    }
    WireReader reader(packet);
    for (auto& cell : cells) {
      const bool null = reader.left() > 0 &&
                        static_cast<uint8_t>(packet[packet.size() - reader.left()]) == kNullValue;
      cell.reset();
      if (null)
        reader.u8();
      else
        cell = reader.lenenc_string();
    }
    if (!reader.ok()) return malformed_answer();
    sink.on_row(cells);
  }
}

}  // namespace millrace::serve
