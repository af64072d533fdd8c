#include "serve/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>

#include "base/check.h"

namespace millrace::serve {
namespace {

using ContextHandle = std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)>;
using SessionHandle = std::unique_ptr<SSL, void (*)(SSL*)>;

constexpr size_t kPieceBytes = size_t{1} << 16;  // written at a time
constexpr size_t kReadBytes = size_t{1} << 14;

/// What OpenSSL says of its last error, which is forgotten.
std::string why() {
  std::array<char, 256> text{};
  const auto code = ERR_get_error();
  if (code == 0) return "the connection was closed";
  ERR_error_string_n(code, text.data(), text.size());
  ERR_clear_error();
  return text.data();
}

Result<ContextHandle> make_context(const SSL_METHOD* method) {
  ContextHandle context(SSL_CTX_new(method), SSL_CTX_free);
  if (!context) return Error(Code::kInternal, "could not set up TLS: " + why());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  return context;
}

}  // namespace

struct TlsContext::Settings {
  ContextHandle handle;
};

struct TlsStream::Session {
  SessionHandle handle;
  BIO* incoming = nullptr;  // the handle's own
  BIO* outgoing = nullptr;
};

TlsContext::TlsContext(std::unique_ptr<Settings> settings) : settings_(std::move(settings)) {}
TlsContext::~TlsContext() = default;
TlsStream::TlsStream(std::unique_ptr<Session> session, ByteStream& below)
    : session_(std::move(session)), below_(below) {}
TlsStream::~TlsStream() = default;

Result<std::unique_ptr<TlsContext>> TlsContext::server(const TlsFiles& files) {
  TRY(auto context, make_context(TLS_server_method()));
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1)
    return Error(Code::kInvalidArgument,
                 "cannot use the certificate \"" + files.certificate + "\": " + why(),
                 "It must be a file in PEM, the server's certificate first.");
  if (SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return Error(Code::kInvalidArgument, "cannot use the key \"" + files.key + "\": " + why(),
                 "It must be the certificate's key, in PEM and without a password.");
  SSL_CTX_set_num_tickets(context.get(), 0);
  auto settings = std::make_unique<Settings>(Settings{std::move(context)});
  return std::unique_ptr<TlsContext>(new TlsContext(std::move(settings)));
}

Result<std::unique_ptr<TlsContext>> TlsContext::client() {
  TRY(auto context, make_context(TLS_client_method()));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  auto settings = std::make_unique<Settings>(Settings{std::move(context)});
  return std::unique_ptr<TlsContext>(new TlsContext(std::move(settings)));
}

std::unique_ptr<TlsStream> TlsContext::open(ByteStream& below) const {
  auto session = std::make_unique<TlsStream::Session>(
      TlsStream::Session{{SSL_new(settings_->handle.get()), SSL_free}, nullptr, nullptr});
  session->incoming = BIO_new(BIO_s_mem());
  session->outgoing = BIO_new(BIO_s_mem());
  CHECK(session->handle && session->incoming != nullptr && session->outgoing != nullptr,
        "there is memory for a TLS session");
  SSL_set_bio(session->handle.get(), session->incoming, session->outgoing);
  return std::unique_ptr<TlsStream>(new TlsStream(std::move(session), below));
}

Result<std::unique_ptr<TlsStream>> TlsContext::accept(ByteStream& below, std::string_view unread,
                                                      Milliseconds timeout) const {
  auto stream = open(below);
  SSL_set_accept_state(stream->session_->handle.get());
  if (!unread.empty())
    BIO_write(stream->session_->incoming, unread.data(), static_cast<int>(unread.size()));
  TRY_OK(stream->shake_hands(timeout));
  return stream;
}

Result<std::unique_ptr<TlsStream>> TlsContext::connect(ByteStream& below,
                                                       Milliseconds timeout) const {
  auto stream = open(below);
  SSL_set_connect_state(stream->session_->handle.get());
  TRY_OK(stream->shake_hands(timeout));
  return stream;
}

Status TlsStream::shake_hands(Milliseconds timeout) {
  while (true) {
    ERR_clear_error();
    const int done = SSL_do_handshake(session_->handle.get());
    const int state = SSL_get_error(session_->handle.get(), done);
    const std::string reason = done == 1 || state == SSL_ERROR_WANT_READ ? std::string() : why();
    TRY_OK(send_pending(timeout));  // an alert, too, is the other side's to know
    if (done == 1) return {};
    if (!reason.empty()) return Error(Code::kAuthentication, "the TLS handshake failed: " + reason);
    TRY(const bool more, receive(timeout));
    if (!more) return Error(Code::kUnavailable, "the connection was closed in the TLS handshake");
  }
}

/// What TLS has to say goes down.
Status TlsStream::send_pending(Milliseconds timeout) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(session_->outgoing, &data);
  if (size <= 0) return {};
  const auto sent = below_.write_all(std::string_view(data, static_cast<size_t>(size)), timeout);
  (void)BIO_reset(session_->outgoing);
  return sent;
}

/// What comes from below is handed to TLS; false at its end.
Result<bool> TlsStream::receive(Milliseconds timeout) {
  std::array<char, kReadBytes> buffer;
  TRY(const size_t got, below_.read_some(buffer.data(), buffer.size(), timeout));
  if (got == 0) return false;
  BIO_write(session_->incoming, buffer.data(), static_cast<int>(got));
  return true;
}

Result<size_t> TlsStream::read_some(char* data, size_t size, Milliseconds timeout) {
  while (true) {
    ERR_clear_error();
    size_t got = 0;
    const int done = SSL_read_ex(session_->handle.get(), data, size, &got);
    if (done == 1) return got;
    const int state = SSL_get_error(session_->handle.get(), done);
    if (state == SSL_ERROR_ZERO_RETURN) return size_t{0};
    if (state != SSL_ERROR_WANT_READ)
      return Error(Code::kUnavailable, "could not read: TLS: " + why());
    TRY_OK(send_pending(timeout));
    TRY(const bool more, receive(timeout));
    if (!more) return size_t{0};
  }
}

Status TlsStream::write_all(std::string_view bytes, Milliseconds timeout) {
  while (!bytes.empty()) {
    const auto piece = bytes.substr(0, kPieceBytes);
    ERR_clear_error();
    size_t taken = 0;
    // The memory below takes everything: it never wants to wait.
    if (SSL_write_ex(session_->handle.get(), piece.data(), piece.size(), &taken) != 1)
      return Error(Code::kUnavailable, "could not write: TLS: " + why());
    bytes.remove_prefix(taken);
    TRY_OK(send_pending(timeout));
  }
  return {};
}

std::string TlsStream::version() const {
  return SSL_get_version(session_->handle.get());
}

std::string TlsStream::cipher() const {
  return SSL_get_cipher_name(session_->handle.get());
}

}  // namespace millrace::serve
