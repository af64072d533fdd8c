#include "serve/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

namespace millrace::serve {
namespace {

constexpr int kBacklog = 128;

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

std::string system_words(int number) {
  char buffer[128];
  return strerror_r(number, buffer, sizeof buffer);
}

Result<Addresses> resolve(const Address& address, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int failed =
      getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &list);
  if (failed != 0)
    return Error(Code::kNotFound,
                 "host \"" + address.host + "\" does not resolve: " + gai_strerror(failed));
  return Addresses(list);
}

Address address_of(const sockaddr_storage& raw, socklen_t size) {
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  const auto* generic = reinterpret_cast<const sockaddr*>(&raw);
  if (getnameinfo(generic, size, host, sizeof host, port, sizeof port,
                  NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return {};
  Address address{host, 0};
  std::from_chars(port, port + std::strlen(port), address.port);
  return address;
}

int poll_timeout(Milliseconds time) {
  const auto bounded = std::clamp<int64_t>(time.count(), 0, std::numeric_limits<int>::max());
  return static_cast<int>(bounded);
}

/// Waits for `events`; false when the time is over.
Result<bool> wait_for(int fd, short events, Milliseconds timeout) {
  const Stopwatch watch;
  while (true) {
    pollfd one{fd, events, 0};
    const auto left = timeout - Milliseconds(watch.micros() / 1000);
    const int ready = poll(&one, 1, poll_timeout(left));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) return Error(Code::kUnavailable, "could not wait: " + system_words(errno));
  }
}

/// The same for what the other side sends when it likes, which may take hours.
Result<bool> wait_for_input(int fd, Milliseconds timeout) {
  constexpr Milliseconds kShort{1000};
  if (timeout <= kShort) return wait_for(fd, POLLIN, timeout);
  TRY(const bool ready, wait_for(fd, POLLIN, kShort));
  if (ready) return true;
  give_back_stack();
  return wait_for(fd, POLLIN, timeout - kShort);
}

void set_option(int fd, int level, int option) {
  const int on = 1;
  // These options tune; a kernel that lacks one serves as well.
  (void)setsockopt(fd, level, option, &on, sizeof on);
}

}  // namespace

std::string Address::to_string() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Address> parse_address(std::string_view text) {
  const auto wrong = [&] {
    return Error(Code::kInvalidArgument, "cannot read address \"" + std::string(text) + "\"",
                 "Write HOST:PORT, as in 127.0.0.1:3306 or [::1]:3306.");
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return wrong();
  auto host = text.substr(0, colon);
  if (host.front() == '[') {
    if (host.size() < 3 || host.back() != ']') return wrong();
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return wrong();
  }
  const auto digits = text.substr(colon + 1);
  Address address{std::string(host), 0};
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return wrong();
  return address;
}

Result<bool> is_loopback(const std::string& host) {
  TRY(const auto list, resolve({host, 0}, AI_PASSIVE));
  for (const addrinfo* one = list.get(); one != nullptr; one = one->ai_next) {
    if (one->ai_family == AF_INET) {
      const auto* v4 = reinterpret_cast<const sockaddr_in*>(one->ai_addr);
      if ((ntohl(v4->sin_addr.s_addr) >> 24) != 127) return false;
    } else if (one->ai_family == AF_INET6) {
      const auto* v6 = reinterpret_cast<const sockaddr_in6*>(one->ai_addr);
      if (!IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr)) return false;
    } else {
      return false;
    }
  }
  return true;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) close(fd_);
    fd_ = other.release();
  }
  return *this;
}

int Descriptor::release() {
  const int fd = fd_;
  fd_ = -1;
  return fd;
}

Result<Socket> Socket::connect(const Address& address, Milliseconds timeout) {
  TRY(const auto list, resolve(address, 0));
  Error last(Code::kUnavailable, "could not connect to " + address.to_string());
  for (const addrinfo* one = list.get(); one != nullptr; one = one->ai_next) {
    Descriptor fd(socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (fd.get() < 0) continue;
    int failed = ::connect(fd.get(), one->ai_addr, one->ai_addrlen) == 0 ? 0 : errno;
    if (failed == EINPROGRESS) {
      TRY(const bool ready, wait_for(fd.get(), POLLOUT, timeout));
      socklen_t size = sizeof failed;
      if (!ready)
        failed = ETIMEDOUT;
      else if (getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &failed, &size) != 0)
        failed = errno;
    }
    if (failed == 0) {
      set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY);
      return Socket(std::move(fd));
    }
    last = Error(failed == ETIMEDOUT ? Code::kTimeout : Code::kUnavailable,
                 "could not connect to " + address.to_string() + ": " + system_words(failed));
  }
  return last;
}

Result<size_t> Socket::read_some(char* data, size_t size, Milliseconds timeout) {
  if (std::exchange(answered_, false)) {
    TRY(const bool ready, wait_for_input(fd_.get(), timeout));
    if (!ready) return Error(Code::kTimeout, "nothing came within the time allowed");
  }
  while (true) {
    const ssize_t got = recv(fd_.get(), data, size, MSG_DONTWAIT);
    if (got >= 0) return static_cast<size_t>(got);
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK)
      return Error(Code::kUnavailable, "could not read: " + system_words(errno));
    TRY(const bool ready, wait_for_input(fd_.get(), timeout));
    if (!ready) return Error(Code::kTimeout, "nothing came within the time allowed");
  }
}

Status Socket::write_all(std::string_view bytes, Milliseconds timeout) {
  answered_ = true;
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK)
      return Error(Code::kUnavailable, "could not write: " + system_words(errno));
    TRY(const bool ready, wait_for(fd_.get(), POLLOUT, timeout));
    if (!ready) return Error(Code::kTimeout, "the other side takes nothing");
  }
  return {};
}

void Socket::shut(Shut what) {
  (void)shutdown(fd_.get(), what == Shut::kRead ? SHUT_RD : SHUT_RDWR);
}

bool Socket::peer_is_gone() const {
  pollfd one{fd_.get(), POLLRDHUP, 0};
  return poll(&one, 1, 0) > 0 && (one.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

Address Socket::peer() const {
  sockaddr_storage raw{};
  socklen_t size = sizeof raw;
  if (getpeername(fd_.get(), reinterpret_cast<sockaddr*>(&raw), &size) != 0) return {};
  return address_of(raw, size);
}

std::vector<std::string> gone_peers(uint16_t port) {
  std::vector<std::string> gone;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", failed)) {
    const auto name = entry.path().filename().string();
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
    pollfd one{fd, POLLRDHUP, 0};
    if (poll(&one, 1, 0) <= 0 || (one.revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0) continue;
    sockaddr_storage raw{};
    socklen_t size = sizeof raw;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&raw), &size) != 0 ||
        address_of(raw, size).port != port)
      continue;
    size = sizeof raw;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&raw), &size) == 0)
      gone.push_back(address_of(raw, size).to_string());
  }
  return gone;
}

Result<Listener> Listener::open(const Address& address) {
  TRY(const auto list, resolve(address, AI_PASSIVE));
  int failed = EADDRNOTAVAIL;
  for (const addrinfo* one = list.get(); one != nullptr; one = one->ai_next) {
    Descriptor fd(socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (fd.get() >= 0) {
      set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR);
      sockaddr_storage bound{};
      socklen_t size = sizeof bound;
      if (bind(fd.get(), one->ai_addr, one->ai_addrlen) == 0 && listen(fd.get(), kBacklog) == 0 &&
          getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &size) == 0) {
        Descriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (wake.get() >= 0)
          return Listener(std::move(fd), std::move(wake), address_of(bound, size));
      }
    }
    failed = errno;
  }
  return Error(Code::kUnavailable,
               "cannot listen on " + address.to_string() + ": " + system_words(failed),
               failed == EADDRINUSE ? "Another program listens there; port 0 takes a free one."
                                    : std::string());
}

Result<std::optional<Socket>> Listener::accept(Milliseconds patience) {
  pollfd two[] = {{fd_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
  const int ready = poll(two, 2, poll_timeout(patience));
  if (ready < 0 && errno != EINTR)
    return Error(Code::kUnavailable, "cannot accept: " + system_words(errno));
  if (ready <= 0 || two[1].revents != 0) {
    uint64_t count = 0;
    (void)!read(wake_.get(), &count, sizeof count);
    return std::optional<Socket>();
  }
  Descriptor fd(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (fd.get() < 0) {
    if (errno == EBADF || errno == EINVAL || errno == ENOTSOCK)
      return Error(Code::kUnavailable, "cannot accept: " + system_words(errno));
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      // The connection stays in the backlog: without a pause this would spin until one ends.
      log_warn("could not accept a connection", {{"why", system_words(errno)}});
      pollfd wake{wake_.get(), POLLIN, 0};
      (void)poll(&wake, 1, 100);
    }
    return std::optional<Socket>();
  }
  set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY);
  set_option(fd.get(), SOL_SOCKET, SO_KEEPALIVE);
  return std::optional<Socket>(Socket(std::move(fd)));
}

void Listener::wake() {
  const uint64_t one = 1;
  (void)!write(wake_.get(), &one, sizeof one);
}

}  // namespace millrace::serve
