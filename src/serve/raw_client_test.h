// A client for the tests of the protocol that says exactly what it is told, byte for byte, and
// shows exactly what came. Only tests include it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "serve/messages.h"
#include "serve/packet.h"
#include "serve/socket.h"
#include "serve/wire.h"

namespace millrace::serve {

class RawClient {
 public:
  static constexpr Milliseconds kPatience{20'000};
  static constexpr uint32_t kOld = kProtocol41 | kSecureConnection | kPluginAuth |
                                   kPluginAuthLenenc | kMultiStatements | kMultiResults;

  explicit RawClient(const Address& server)
      : socket_(connected(server)), channel_(socket_, {.payload_bytes_max = size_t{1} << 26}) {
    greeting = read_greeting(read()).value();
  }

  /// The next payload; empty when the server hung up.
  std::string read() {
    std::string packet;
    if (!channel_.read(packet, kPatience)) packet.clear();
    return packet;
  }
  /// The same, when what came before was numbered by hand: `sequence` is the answer's.
  std::string read_from(uint8_t sequence) {
    channel_.reset_sequence(sequence);
    return read();
  }
  void write(std::string_view payload) {
    // A server that hung up is seen at the next read.
    if (channel_.write(payload)) (void)channel_.flush();
  }
  /// Without any framing.
  void write_raw(std::string_view bytes) { (void)socket_.write_all(bytes, kPatience); }

  /// Sends the login and gives the server's first word.
  std::string log_in(Login login) {
    if (login.capabilities == 0) login.capabilities = kOld;
    write(write_login(login));
    return read();
  }
  std::string log_in() {
    Login login;
    login.user = "root";
    login.plugin = greeting.plugin;
    return log_in(login);
  }
  /// One command, and the first packet of its answer.
  std::string command(std::string_view payload) {
    send(payload);
    return read();
  }
  void send(std::string_view payload) {
    channel_.reset_sequence();
    write(payload);
  }
  Socket& socket() { return socket_; }

  Greeting greeting;

 private:
  static Socket connected(const Address& server) {
    auto socket = Socket::connect(server, kPatience);
    CHECK(socket, "the server under test takes connections");
    return std::move(*socket);
  }

  Socket socket_;
  PacketChannel channel_;
};

}  // namespace millrace::serve
