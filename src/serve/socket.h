// TCP, and nothing above it: the one file of serve/ that knows sockets. A Socket is a ByteStream
// owned by one thread, of which any thread may call shut(); a Listener accepts on one address. Both
// hold their descriptor and close it. IPv4, IPv6 and names; a name that means several addresses is
// bound at the first that can be.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "serve/packet.h"

namespace millrace::serve {

struct Address {
  std::string host;
  uint16_t port = 0;

  /// "127.0.0.1:3306", "[::1]:3306".
  std::string to_string() const;
};

/// Reads HOST:PORT; an IPv6 address stands in brackets. Errors: kInvalidArgument.
Result<Address> parse_address(std::string_view text);

/// True when everything that `host` means is this machine's loopback. Errors: kNotFound for a name
/// that does not resolve.
Result<bool> is_loopback(const std::string& host);

/// An open file descriptor, closed with its owner.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  int get() const { return fd_; }
  int release();

 private:
  int fd_;
};

enum class Shut : uint8_t { kRead, kBoth };

/// A client as its connection sees it: bytes, and whether it is still there.
class PeerStream : public ByteStream {
 public:
  /// Ends reads (they see the end) or reads and writes, at once. Thread-safe.
  virtual void shut(Shut what) = 0;
  /// True when the other side has closed or reset; never waits. Thread-safe.
  virtual bool peer_is_gone() const = 0;
  /// The other side's address; empty host when it is gone.
  virtual Address peer() const = 0;
};

class Socket : public PeerStream {
 public:
  explicit Socket(Descriptor fd) : fd_(std::move(fd)) {}
  /// Errors: kUnavailable, kTimeout, kNotFound for a name that does not resolve.
  static Result<Socket> connect(const Address& address, Milliseconds timeout);

  Result<size_t> read_some(char* data, size_t size, Milliseconds timeout) override;
  Status write_all(std::string_view bytes, Milliseconds timeout) override;

  void shut(Shut what) override;
  bool peer_is_gone() const override;
  Address peer() const override;

 private:
  Descriptor fd_;
  bool answered_ = false;  // what comes next is an answer to that, and not there yet
};

/// The clients of this process at its own port `port` that have closed or reset, as Address's
/// to_string(). For connections that another library holds; one walk over all descriptors.
std::vector<std::string> gone_peers(uint16_t port);

class Listener {
 public:
  /// Port 0 takes a free one. Errors: kUnavailable (address in use, may not), kNotFound.
  static Result<Listener> open(const Address& address);

  /// The next connection; nothing when woken or when `patience` is over. Errors: kUnavailable when
  /// it can never accept again.
  Result<std::optional<Socket>> accept(Milliseconds patience);
  /// Makes the waiting accept() return, now or at its next call. Thread-safe.
  void wake();
  /// Refuses clients from now on; the address stays known. Not while accept() waits.
  void close() { fd_ = Descriptor(); }
  /// As bound: the port is a real one.
  const Address& address() const { return address_; }

 private:
  Listener(Descriptor fd, Descriptor wake, Address address)
      : fd_(std::move(fd)), wake_(std::move(wake)), address_(std::move(address)) {}

  Descriptor fd_;
  Descriptor wake_;
  Address address_;
};

}  // namespace millrace::serve
