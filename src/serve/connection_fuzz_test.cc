// Whole conversations of mutated frames with a Connection that has no socket: handshake, commands,
// prepared statements, files. None may crash, leak or hang, and before the login no more is read
// than a login takes. A round is a frame:
//   MILLRACE_FUZZ_ROUNDS=10000000 serve_test --gtest_filter='ConnectionFuzz*'
#include <gtest/gtest.h>

#include <optional>

#include "serve/connection.h"
#include "serve/fuzz_frames_test.h"
#include "serve/quiet_server_test.h"
#include "serve/raw_client_test.h"

namespace millrace::serve {
namespace {

constexpr int64_t kFrames = 20'000;
constexpr size_t kAnswerBytesMax = size_t{1} << 20;

/// A client that says all of its bytes at once, in pieces of any size, and hangs up.
class Script : public PeerStream {
 public:
  Script(std::string bytes, size_t piece) : bytes_(std::move(bytes)), piece_(piece) {}
  Result<size_t> read_some(char* data, size_t size, Milliseconds) override {
    if (shut_) return size_t{0};
    const size_t part = std::min({size, piece_, bytes_.size() - at_});
    std::copy_n(bytes_.data() + at_, part, data);
    at_ += part;
    return part;
  }
  Status write_all(std::string_view bytes, Milliseconds) override {
    answered += bytes.size();
    return {};
  }
  void shut(Shut) override { shut_ = true; }
  bool peer_is_gone() const override { return shut_; }
  Address peer() const override { return {"127.0.0.1", 1}; }

  size_t answered = 0;

 private:
  const std::string bytes_;
  const size_t piece_;
  size_t at_ = 0;
  bool shut_ = false;
};

/// Says the header of a frame and then anything, for ever, and counts what is taken.
class Torrent : public Script {
 public:
  Torrent(std::string header, size_t& taken) : Script(std::move(header), 4), taken_(taken) {}
  Result<size_t> read_some(char* data, size_t size, Milliseconds patience) override {
    TRY(size_t got, Script::read_some(data, size, patience));
    if (got == 0) {
      std::fill_n(data, size, 'x');
      got = size;
    }
    taken_ += got;
    return got;
  }

 private:
  size_t& taken_;
};

class ConnectionFuzz : public QuietServerTest {
 protected:
  void SetUp() override {
    QuietServerTest::SetUp();
    users_ = std::move(*UserBook::open({[](const std::string&) { return std::string(); },
                                        [](const auto&, const auto&) { return Status(); }}));
    guard_.emplace();
    desk_ = std::make_unique<LoginDesk>(*users_, std::string(kSha2Plugin), *guard_);
    server_->set_local_infile(true);
    context_ = std::make_unique<ConnectionContext>(
        ConnectionContext{backend_, *server_, *desk_, counters_, seats_, {}});
  }

  /// How many bytes the connection answered.
  size_t converse(std::string bytes, size_t piece) {
    guard_.emplace();  // in its place, without what was failed before: nobody waits
    auto script = std::make_unique<Script>(std::move(bytes), piece);
    auto& client = *script;
    Connection connection(1, std::move(script), *context_);
    connection.run();
    return client.answered;
  }

  std::unique_ptr<UserBook> users_;
  std::optional<LoginGuard> guard_;
  std::unique_ptr<LoginDesk> desk_;
  Seats seats_;
  ServerCounters counters_;
  std::unique_ptr<ConnectionContext> context_;
};

std::string login_packet(uint32_t more_capabilities) {
  Login login;
  login.capabilities = RawClient::kOld | kConnectWithDb | more_capabilities;
  login.user = "root";
  login.database = "db";
  login.plugin = kSha2Plugin;
  return write_login(login);
}

/// Those that may be mutated; a number behind ROWS may not, since it is how many are sent.
std::vector<std::string> commands() {
  auto all = statement_commands();
  const std::string change =
      "\x11"
      "root" +
      std::string("\0\0", 2) + "db" + std::string("\0\xff\0", 3) + std::string(kSha2Plugin) +
      std::string(1, '\0');
  all.insert(all.end(), {"\x03OK 1", "\x03TEXT;FAIL;OK 2",
                         "\x02"
                         "db",
                         std::string("\x04t\0", 3), "\x0e", std::string("\x1b\1\0", 3),
                         std::string("\x0c\xff\xff\0\0", 5), change});
  return all;
}

/// LOAD DATA LOCAL, and the file that is asked for: whole, broken off, out of order, mutated.
std::string file_frames(Random& random, int64_t& frames) {
  std::string said = framed("\x03LOAD 40", 0);
  uint8_t sequence = 2;
  for (size_t i = random() % 5; i > 0; --i, ++frames) {
    const std::string piece(random() % 60, 'f');
    const auto frame = framed(piece, sequence++);
    said += random() % 6 == 0 ? mutated(frame, random) : frame;
  }
  if (random() % 8 != 0) said += framed("", sequence);
  return said;
}

TEST_F(ConnectionFuzz, ConversationsEnd) {
  Random random(20261130);
  const auto all = commands();
  size_t answered = 0;
  int64_t logged_in = 0;
  FuzzRounds rounds(kFrames);
  while (rounds.go_on()) {
    int64_t frames = 1;  // the login
    const uint32_t more = (random() % 4 == 0 ? kCompress : 0) | (random() % 2 ? kDeprecateEof : 0) |
                          (random() % 4 ? kLocalFiles : 0);
    const auto login = login_packet(more);
    std::string said = framed(random() % 4 == 0 ? mutated(login, random) : login, 1);
    for (size_t i = random() % 24; i > 0; --i, ++frames) {
      const auto& command = all[random() % all.size()];
      switch (random() % 9) {
        case 0:
          said += framed("\x16ROWS 3", 0);
          break;
        case 8:
          said += file_frames(random, frames);
          break;
        case 1:  // the frame's header too
          said += mutated(framed(command, 0), random);
          break;
        case 2:
        case 3:
          said += framed(command, 0);
          break;
        default:
          said += framed(mutated(command, random), 0);
      }
    }
    rounds.count(frames);
    const size_t bytes = converse(std::move(said), 1 + random() % 2000);
    ASSERT_LT(bytes, kAnswerBytesMax);
    answered += bytes;
    logged_in += bytes > 200 ? 1 : 0;
  }
  EXPECT_GT(logged_in, 100) << "the conversations do not get past the login";
  EXPECT_GT(answered, size_t{100'000});
}

TEST_F(ConnectionFuzz, BeforeTheLoginNoMoreIsReadThanALoginTakes) {
  for (const std::string_view header :
       {std::string_view("\xff\xff\xff\1", 4), std::string_view("\0\0\1\1", 4),
        std::string_view("\xff\xff\0\1", 4)}) {
    size_t taken = 0;
    Connection connection(1, std::make_unique<Torrent>(std::string(header), taken), *context_);
    connection.run();
    EXPECT_LE(taken, size_t{3} << 16);
  }
}

}  // namespace
}  // namespace millrace::serve
