#include "serve/connection.h"

#include <system_error>

#include "base/clock.h"
#include "base/log.h"
#include "serve/version.h"
#include "serve/wire.h"
#include "sql/audit.h"

namespace millrace::serve {
namespace {

/// What we can do, and no more. TLS is when there is a certificate, LOCAL INFILE when it is on.
constexpr uint32_t kCapabilities = kLongPassword | kFoundRows | kLongFlag | kConnectWithDb |
                                   kIgnoreSpace | kProtocol41 | kInteractive | kTransactions |
                                   kSecureConnection | kMultiStatements | kMultiResults |
                                   kPluginAuth | kConnectAttributes | kPluginAuthLenenc |
                                   kSessionTrack | kDeprecateEof | kCompress;
constexpr size_t kLoginBytesMax = size_t{1} << 16;
constexpr int kSweepsBeforeForce = 3;

}  // namespace

Connection::Connection(uint64_t id, std::unique_ptr<PeerStream> peer,
                       const ConnectionContext& context)
    : id_(id),
      peer_(peer->peer()),
      context_(context),
      stream_(std::move(peer)),
      channel_(*stream_, PacketLimits{.payload_bytes_max = kLoginBytesMax}) {
  Lock lock(mutex_);
  process_.id = id;
  process_.user = "unauthenticated user";
  process_.host = peer_.to_string();
  process_.command = "Connect";
  command_began_ = now_micros();
}

void Connection::run() {
  const auto admitted = log_in();
  if (admitted) {
    serve_commands();
  } else if (channel_.fault() == PacketFault::kNone) {
    log_info("login refused", {{"client", peer_.to_string()}, {"why", admitted.error().message}});
  }
  close_session();
  // The object is destroyed later, on another thread: the client must not wait for that.
  stream_->shut(Shut::kBoth);
}

Status Connection::log_in() {
  scramble_ = make_scramble();
  Greeting greeting;
  greeting.server_version = kServerVersion;
  greeting.connection_id = static_cast<uint32_t>(id_);
  greeting.scramble = scramble_;
  greeting.capabilities = offered();
  greeting.status = kStatusAutocommit;
  greeting.plugin = context_.desk.plugin();
  TRY_OK(channel_.write(write_greeting(greeting)));
  TRY_OK(channel_.flush());
  std::string packet;
  TRY_OK(channel_.read(packet, context_.limits.login_timeout));
  if (context_.tls != nullptr && is_tls_request(packet)) {
    TRY_OK(start_tls());
    TRY_OK(channel_.read(packet, context_.limits.login_timeout));
  }
  auto login = read_login(packet, greeting.capabilities);
  if (!login) {
    capabilities_ = kProtocol41;
    TRY_OK(send_error(WireError{1043, "08S01", login.error().to_string()}));
    return std::move(login).error();
  }
  capabilities_ = login->capabilities;
  if (context_.tls_only && !tls_) {
    const Error refused(Code::kAuthentication,
                        "connections without TLS are refused (require_secure_transport)");
    TRY_OK(send_error(WireError{3159, "HY000", refused.message}));
    return refused;
  }
  TRY_OK(open_session(*login));
  channel_.set_payload_max(context_.limits.packet_bytes_max);
  TRY_OK(send_ok());
  if ((capabilities_ & kCompress) != 0) start_compression();
  return {};
}

uint32_t Connection::offered() const {
  return kCapabilities | (context_.tls != nullptr ? kTls : 0) |
         (context_.host.local_infile() ? kLocalFiles : 0);
}

/// What the client sent behind its request is TLS already.
Status Connection::start_tls() {
  TRY(tls_, context_.tls->accept(*stream_, channel_.take_unread(), context_.limits.login_timeout));
  channel_.set_stream(*tls_);
  return {};
}

void Connection::start_compression() {
  ByteStream& below = tls_ ? static_cast<ByteStream&>(*tls_) : *stream_;
  compressed_ = std::make_unique<CompressedStream>(below, channel_.take_unread());
  channel_.set_stream(*compressed_);
}

/// For the login and for COM_CHANGE_USER: proves who it is, and gives it a new session.
Status Connection::open_session(const Login& login) {
  const LoginDesk::Visitor visitor{login, scramble_, peer_.host, context_.limits.login_timeout,
                                   tls_ != nullptr};
  auto admitted = context_.desk.admit(channel_, visitor);
  // A client that hangs up half-way has proven nothing, and failed at nothing.
  if (context_.host.audits() && channel_.fault() == PacketFault::kNone)
    context_.host.audit({admitted ? "login" : "login_failed", login.user, peer_.to_string(), id_,
                         login.database, "",
                         admitted ? uint16_t{0} : facts(admitted.error().code).mysql_errno});
  if (!admitted) {
    if (channel_.fault() == PacketFault::kNone) TRY_OK(send_error(admitted.error()));
    return admitted;
  }
  close_session();
  const auto account = context_.host.accounts().find(login.user);
  auto seat = account ? context_.seats.take(*account)
                      : Result<Seat>(Error(Code::kAuthentication, "the user was dropped"));
  if (!seat) {
    TRY_OK(send_error(seat.error()));
    return std::move(seat).error();
  }
  seat_ = std::move(*seat);
  auto opened = make_session(login);
  if (!opened) {
    TRY_OK(send_error(opened.error()));
    return std::move(opened).error();
  }
  {
    Lock lock(mutex_);
    session_ = std::move(*opened);
    process_.user = login.user;
    process_.database.clear();
  }
  session_->set_client_files(files_);
  session_->allow_multi_statements((capabilities_ & kMultiStatements) != 0);
  end_command();
  return {};
}

/// On a thread for it alone: what a session's first statements leave in a thread's stack and
/// allocator would stay with every client that is connected and does nothing.
Result<std::unique_ptr<sql::SqlSession>> Connection::make_session(const Login& login) {
  Result<std::unique_ptr<sql::SqlSession>> session(Error(Code::kInternal, "no session was made"));
  const auto make = [&]() -> Result<std::unique_ptr<sql::SqlSession>> {
    TRY(auto made,
        context_.backend.open_session({id_, login.user, peer_.to_string(), context_.tls != nullptr,
                                       tls_ ? tls_->version() : "", tls_ ? tls_->cipher() : ""},
                                      context_.host));
    if (!login.database.empty()) TRY_OK(made->use(login.database));
    return made;
  };
  try {
    run_thread("mysql-login", [&](const auto&) { session = make(); }).join();
  } catch (const std::system_error& e) {
    return Error(Code::kResourceExhausted,
                 std::string("no thread is left for a session: ") + e.what());
  }
  return session;
}

void Connection::close_session() {
  statements_.close_all();
  told_database_.clear();
  seat_ = Seat();
  std::unique_ptr<sql::SqlSession> closing;
  Lock lock(mutex_);
  closing = std::move(session_);
}

void Connection::serve_commands() {
  end_command();
  std::string packet;
  while (!goodbye_ && !killed_) {
    channel_.reset_sequence();
    if (compressed_) compressed_->reset_sequence();
    if (auto got = channel_.read(packet, context_.limits.idle_timeout); !got) {
      farewell();
      return;
    }
    // A packet that was on its way when the connection was killed is not obeyed.
    if (killed_ || !answer(packet)) break;
    end_command();
    if (packet.capacity() > (size_t{1} << 20)) packet.shrink_to_fit();
  }
  if (killed_) farewell();
}

/// Why we hang up, for those that listen. What cannot be sent is of no interest to anyone.
void Connection::farewell() {
  switch (channel_.fault()) {
    case PacketFault::kTooBig:
      (void)send_error(WireError{1153, "08S01",
                                 "got a packet bigger than max_allowed_packet (" +
                                     std::to_string(context_.limits.packet_bytes_max) + " bytes)"});
      return;
    case PacketFault::kOutOfOrder:
      (void)send_error(WireError{1156, "08S01", "got packets out of order"});
      return;
    case PacketFault::kTimeout:
      (void)send_error(
          WireError{4031, "HY000", "the client was disconnected because of inactivity"});
      return;
    case PacketFault::kClosed:
    case PacketFault::kNone:
      if (context_.counters.stopping)
        (void)send_error(WireError{1053, "08S01", "server shutdown in progress"});
      return;
  }
}

void Connection::kill(sql::KillScope scope) {
  if (scope == sql::KillScope::kConnection) {
    killed_ = true;
    stream_->shut(Shut::kRead);
  }
  Lock lock(mutex_);
  cut_short_ = busy_;
  if (session_) session_->interrupt();
}

void Connection::sweep() {
  Lock lock(mutex_);
  if (killed_ && ++sweeps_since_kill_ > kSweepsBeforeForce) stream_->shut(Shut::kBoth);
  if (!busy_ || !session_) return;
  // An interrupt before a statement has begun, or between two of a text, is lost: it is said again.
  overdue_ = overdue_ ||
             (timed_ && now_micros() - command_began_ > timed_->limits.query_seconds * 1'000'000);
  if (overdue_ || cut_short_ || stream_->peer_is_gone()) session_->interrupt();
}

sql::Process Connection::process() const {
  Lock lock(mutex_);
  sql::Process shown = process_;
  shown.seconds = (now_micros() - command_began_) / 1'000'000;
  return shown;
}

}  // namespace millrace::serve
