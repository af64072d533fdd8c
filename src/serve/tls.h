// TLS under MySQL's protocol. A TlsContext is the server's certificate and key, or a client's
// trust; one per process side, immutable, thread-safe. A TlsStream is one connection: a ByteStream
// over another, used on that connection's thread. Versions 1.2 and 1.3; no renegotiation. The bytes
// in memory are bounded by TLS's records and the pieces that are written.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "serve/packet.h"

namespace millrace::serve {

/// Where the server's certificate (with its chain) and its key lie, in PEM.
struct TlsFiles {
  std::string certificate;
  std::string key;
};

/// Makes a key and a certificate that is signed by itself, for ten years, unless both files are
/// there: `directory`/server-cert.pem and server-key.pem, the latter for its owner's eyes only.
/// Errors: kUnavailable when they cannot be written.
Result<TlsFiles> own_certificate(const std::string& directory);

class TlsStream : public ByteStream {
 public:
  ~TlsStream() override;
  Result<size_t> read_some(char* data, size_t size, Milliseconds timeout) override;
  Status write_all(std::string_view bytes, Milliseconds timeout) override;
  /// "TLSv1.3", and the cipher's name.
  std::string version() const;
  std::string cipher() const;

 private:
  friend class TlsContext;
  struct Session;
  TlsStream(std::unique_ptr<Session> session, ByteStream& below);
  Status shake_hands(Milliseconds timeout);
  Status send_pending(Milliseconds timeout);
  Result<bool> receive(Milliseconds timeout);

  std::unique_ptr<Session> session_;
  ByteStream& below_;
};

class TlsContext {
 public:
  /// Errors: kNotFound and kInvalidArgument for files that are missing, unreadable or no pair.
  static Result<std::unique_ptr<TlsContext>> server(const TlsFiles& files);
  /// A client that takes any certificate: safe from listeners, not from impostors.
  static Result<std::unique_ptr<TlsContext>> client();
  ~TlsContext();

  /// The handshake. `below` outlives the stream; `unread` was read from there already. Errors:
  /// kAuthentication when the handshake fails, and those of the stream below.
  Result<std::unique_ptr<TlsStream>> accept(ByteStream& below, std::string_view unread,
                                            Milliseconds timeout) const;
  Result<std::unique_ptr<TlsStream>> connect(ByteStream& below, Milliseconds timeout) const;

 private:
  struct Settings;
  explicit TlsContext(std::unique_ptr<Settings> settings);
  std::unique_ptr<TlsStream> open(ByteStream& below) const;

  std::unique_ptr<Settings> settings_;
};

}  // namespace millrace::serve
