// Mutations of valid packets at the layers that read what a client sends: the login, the compressed
// frames, the parameters of prepared statements, and whole conversations with a live server.
// Nothing of it may crash, hang or leak; a new client is served as ever.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "serve/auth.h"
#include "serve/column_type.h"
#include "serve/compressed_stream.h"
#include "serve/fuzz_frames_test.h"
#include "serve/http_auth.h"
#include "serve/parameter_reader.h"
#include "serve/quiet_server_test.h"
#include "serve/raw_client_test.h"

namespace millrace::serve {
namespace {

constexpr int kPureRounds = 100'000;
constexpr int kConversations = 400;

TEST(Fuzz, ParametersAreReadOrRefused) {
  Random random(20261126);
  size_t count = 0;
  const auto whole = parameters(count);
  std::vector<ParameterType> types;
  int refused = 0;
  for (int round = 0; round < kPureRounds; ++round) {
    const auto packet = mutated(whole, random);
    WireReader reader(packet);
    const auto values = read_parameters(reader, count, types, {});
    if (values) {
      EXPECT_EQ(values->size(), count);
    } else {
      ++refused;
    }
  }
  EXPECT_GT(refused, kPureRounds / 10);
  EXPECT_LT(refused, kPureRounds);
}

TEST(Fuzz, LoginsAreReadOrRefused) {
  Random random(20261127);
  Login login;
  login.capabilities = RawClient::kOld | kConnectWithDb | kConnectAttributes;
  login.user = "root";
  login.response = std::string(32, 'x');
  login.database = "db";
  login.plugin = kSha2Plugin;
  const auto whole = write_login(login) + std::string("\x0a\x03key\x05value", 11);
  int refused = 0;
  for (int round = 0; round < kPureRounds; ++round) {
    const auto packet = mutated(whole, random);
    if (!read_login(packet, login.capabilities)) ++refused;
    (void)read_change_user(packet, login.capabilities);
    (void)is_tls_request(packet);
  }
  EXPECT_GT(refused, 0);
  EXPECT_LT(refused, kPureRounds);
}

/// A secret, or a user with a password, and nothing else that looks like it.
TEST(Fuzz, AuthorizationsAreReadOrRefused) {
  Random random(20261131);
  std::map<std::string, std::string> settings;
  const SettingsPlace place{[&](const std::string& key) { return settings[key]; },
                            [&](const std::string& key, const std::string& value) {
                              settings[key] = value;
                              return Status();
                            }};
  auto users = std::move(*UserBook::open(place));
  ASSERT_TRUE(users->set_password({std::string(kRoot), ""}, "sesame"));
  auto tokens = std::move(*TokenBook::open(place, *users));
  const auto secret = tokens->create({std::string(kRoot), "t", 1, 0});
  ASSERT_TRUE(secret);
  const std::string bearer = "Bearer " + *secret;
  const std::string basic = "Basic cm9vdDpzZXNhbWU=";
  int admitted = 0;
  for (int round = 0; round < kPureRounds / 10; ++round) {
    const std::string& whole = round % 2 == 0 ? bearer : basic;
    const auto header = random() % 16 == 0 ? whole : mutated(whole, random);
    LoginGuard guard;  // new: nobody waits for what was failed before
    const auto identity =
        authenticate(*users, *tokens, guard, {"127.0.0.1", header, "localhost", ""});
    if (!identity) continue;
    ++admitted;
    ASSERT_EQ(identity->user, kRoot);
    ASSERT_EQ(identity->by_token, &whole == &bearer) << header;
    // Base64 has several spellings of the same.
    if (identity->by_token) {
      ASSERT_EQ(header.substr(7), *secret);
    }
  }
  EXPECT_GT(admitted, 100);
}

/// Bytes to be read, and nothing behind them.
class Bytes : public ByteStream {
 public:
  explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<size_t> read_some(char* data, size_t size, Milliseconds) override {
    const size_t part = std::min(size, bytes_.size() - at_);
    std::copy_n(bytes_.data() + at_, part, data);
    at_ += part;
    return part;
  }
  Status write_all(std::string_view more, Milliseconds) override {
    bytes_ += more;
    return {};
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  size_t at_ = 0;
};

TEST(Fuzz, CompressedFramesAreReadOrRefused) {
  Random random(20261128);
  Bytes written("");
  CompressedStream writer(written, "");
  ASSERT_TRUE(writer.write_all(framed(std::string(400, 'q'), 0), Milliseconds(1)));
  ASSERT_TRUE(writer.write_all(framed("\x0e", 0), Milliseconds(1)));
  for (int round = 0; round < kPureRounds / 50; ++round) {
    Bytes below(mutated(written.bytes(), random));
    CompressedStream stream(below, "");
    PacketChannel channel(stream, PacketLimits{});
    std::string packet;
    while (channel.read(packet, Milliseconds(1))) {
    }
  }
}

class ConversationFuzz : public QuietServerTest {};

TEST_F(ConversationFuzz, PreparedStatementsNeverDisturbTheServer) {
  Random random(20261129);
  auto commands = statement_commands();
  commands.insert(commands.end(), {"\x16ROWS 3", "\x03OK 1"});
  for (int round = 0; round < kConversations; ++round) {
    RawClient client(server_->mysql_address());
    if (client.log_in().substr(0, 1) != std::string_view("\0", 1)) continue;
    for (int i = 0; i < 12; ++i) {
      const auto& command = commands[random() % commands.size()];
      const bool whole = random() % 3 != 0;
      client.write_raw(framed(whole ? command : mutated(command, random), 0));
    }
    client.socket().shut(Shut::kBoth);
  }
  RawClient client(server_->mysql_address());
  ASSERT_EQ(client.log_in().substr(0, 1), std::string_view("\0", 1));
  EXPECT_EQ(client.command("\x0e").substr(0, 1), std::string_view("\0", 1));
}

}  // namespace
}  // namespace millrace::serve
