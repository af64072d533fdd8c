// The protocol, packet by packet, against a live server; and what a hostile client sends.
#include <gtest/gtest.h>

#include "serve/auth.h"
#include "serve/fuzz_frames_test.h"
#include "serve/quiet_server_test.h"
#include "serve/raw_client_test.h"

namespace millrace::serve {
namespace {

constexpr std::string_view kOkStart("\0", 1);

class ProtocolTest : public QuietServerTest {
 protected:
  RawClient guest() { return RawClient(server_->mysql_address()); }
  static uint16_t error_number(std::string_view packet) {
    return packet.empty() || packet[0] != '\xff' ? 0 : read_error(packet).number;
  }
};

TEST_F(ProtocolTest, TheGreetingPromisesOnlyWhatThereIs) {
  auto client = guest();
  EXPECT_EQ(client.greeting.scramble.size(), kScrambleBytes);
  EXPECT_EQ(client.greeting.plugin, kSha2Plugin);
  EXPECT_EQ(client.greeting.capabilities & (kTls | kLocalFiles), 0U);  // it has no certificate
  constexpr uint32_t kThere = kDeprecateEof | kCompress | kSessionTrack | kConnectAttributes;
  EXPECT_EQ(client.greeting.capabilities & kThere, kThere);
  EXPECT_EQ(client.greeting.server_version.substr(0, 2), "8.");
}

TEST_F(ProtocolTest, AnUnknownPluginIsSwitchedToOurs) {
  ASSERT_TRUE(server_->accounts().set_password({"root", "%"}, "sesame"));
  auto client = guest();
  Login login;
  login.user = "root";
  login.plugin = "dialog";
  login.response = "whatever";
  const auto asked = client.log_in(login);
  WireReader reader(asked);
  EXPECT_EQ(reader.u8(), kEofHeader);
  EXPECT_EQ(reader.nul_string(), kSha2Plugin);
  const std::string scramble(reader.nul_string());
  EXPECT_EQ(scramble.size(), kScrambleBytes);
  EXPECT_NE(scramble, client.greeting.scramble);
  client.write(sha2_token("sesame", scramble));
  EXPECT_EQ(client.read(), std::string_view("\x01\x03", 2));
  EXPECT_EQ(client.read().substr(0, 1), kOkStart);
}

TEST_F(ProtocolTest, AClientWithoutPluginsProvesItselfTheOldWay) {
  ASSERT_TRUE(server_->accounts().set_password({"root", "%"}, "sesame"));
  auto client = guest();
  std::string packet;
  append_u32(packet, kProtocol41 | kSecureConnection);
  append_u32(packet, 1 << 24);
  append_u8(packet, 33);
  packet.append(23, '\0');
  append_nul_string(packet, "root");
  append_u8(packet, 20);
  packet += native_token("sesame", client.greeting.scramble);
  client.write(packet);
  EXPECT_EQ(client.read().substr(0, 1), kOkStart);
}

TEST_F(ProtocolTest, FullAuthenticationTakesThePasswordUnderTheServersKey) {
  ASSERT_TRUE(server_->accounts().set_password({"root", "%"}, "sesame"));
  for (const std::string password : {"sesame", "other"}) {
    auto client = guest();
    Login login;
    login.user = "root";
    login.plugin = kSha2Plugin;
    login.response = std::string(32, 'x');  // no proof: the server asks for the password
    EXPECT_EQ(client.log_in(login), std::string_view("\x01\x04", 2));
    client.write("\x02");
    const auto key = client.read();
    ASSERT_EQ(key.substr(0, 27), "\x01-----BEGIN PUBLIC KEY-----");
    const auto cipher = encrypt_password(password, client.greeting.scramble, key.substr(1));
    ASSERT_TRUE(cipher);
    client.write(*cipher);
    const auto verdict = client.read();
    EXPECT_EQ(error_number(verdict), password == "sesame" ? 0 : 1045);
    EXPECT_EQ(verdict.substr(0, 1) == kOkStart, password == "sesame");
  }
}

TEST_F(ProtocolTest, AnUnknownUserIsAskedLikeAKnownOne) {
  auto client = guest();
  Login login;
  login.user = "eve";
  login.plugin = kSha2Plugin;
  login.response = std::string(32, 'x');
  EXPECT_EQ(client.log_in(login), std::string_view("\x01\x04", 2));
  client.write(std::string(256, 'x'));
  EXPECT_EQ(error_number(client.read()), 1045);
  EXPECT_EQ(client.read(), "");  // and hangs up
}

TEST_F(ProtocolTest, TlsThatIsNotThereIsRefusedInWords) {
  auto client = guest();
  std::string packet;
  append_u32(packet, RawClient::kOld | kTls);
  append_u32(packet, 1 << 24);
  append_u8(packet, 255);
  packet.append(23, '\0');
  client.write(packet);
  const auto error = read_error(client.read());
  EXPECT_EQ(error.number, 1043);
  EXPECT_NE(error.message.find("TLS"), std::string::npos);
}

TEST_F(ProtocolTest, RowsEndWithEofForOldClientsAndWithOkForNewOnes) {
  for (const uint32_t eof : {0U, kDeprecateEof}) {
    auto client = guest();
    Login login;
    login.capabilities = RawClient::kOld | eof;
    login.user = "root";
    login.plugin = kSha2Plugin;
    ASSERT_EQ(client.log_in(login).substr(0, 1), kOkStart);
    EXPECT_EQ(client.command("\x03hello"), "\x01");  // one column
    EXPECT_EQ(read_column_definition(client.read())->name, "text");
    if (eof == 0) {
      EXPECT_EQ(client.read(), std::string_view("\xfe\0\0\2\0", 5));
    }
    EXPECT_EQ(client.read(), "\x05hello");
    EXPECT_EQ(client.read(), eof == 0 ? std::string_view("\xfe\0\0\2\0", 5)
                                      : std::string_view("\xfe\0\0\2\0\0\0", 7));
  }
}

TEST_F(ProtocolTest, EveryResultButTheLastSaysThatMoreFollow) {
  auto client = guest();
  ASSERT_EQ(client.log_in().substr(0, 1), kOkStart);
  EXPECT_EQ(client.command("\x03OK 1;OK 2"), std::string_view("\0\1\0\x0a\0\0\0", 7));
  EXPECT_EQ(client.read(), std::string_view("\0\2\0\2\0\0\0", 7));
}

TEST_F(ProtocolTest, SeveralStatementsNeedTheFlagOrTheOption) {
  auto client = guest();
  Login login;
  login.capabilities = RawClient::kOld & ~kMultiStatements;
  login.user = "root";
  login.plugin = kSha2Plugin;
  ASSERT_EQ(client.log_in(login).substr(0, 1), kOkStart);
  EXPECT_EQ(error_number(client.command("\x03OK;OK")), 1064);
  EXPECT_EQ(client.command(std::string_view("\x1b\0\0", 3))[0], '\xfe');
  EXPECT_EQ(client.command("\x03OK;OK").substr(0, 1), kOkStart);
  client.read();
  EXPECT_EQ(client.command(std::string_view("\x1b\1\0", 3))[0], '\xfe');
  EXPECT_EQ(error_number(client.command("\x03OK;OK")), 1064);
}

TEST_F(ProtocolTest, TheSmallCommandsAreAnswered) {
  auto client = guest();
  ASSERT_EQ(client.log_in().substr(0, 1), kOkStart);
  EXPECT_EQ(client.command("\x0e").substr(0, 1), kOkStart);      // ping
  EXPECT_EQ(client.command("\x02here").substr(0, 1), kOkStart);  // init db
  EXPECT_EQ(error_number(client.command("\x02missing")), 1049);
  EXPECT_EQ(client.command("\x1f").substr(0, 1), kOkStart);   // reset
  EXPECT_EQ(client.command("\x09").substr(0, 7), "Uptime:");  // statistics
  EXPECT_EQ(error_number(client.command(std::string_view("\x0c\xff\xff\0\0", 5))), 1146);
  const std::string_view execution("\x17\1\0\0\0\0\1\0\0\0", 10);  // of a statement that is not
  EXPECT_EQ(error_number(client.command(execution)), 1243);
  EXPECT_EQ(error_number(client.command("\x7f")), 1047);
  EXPECT_EQ(error_number(client.command("")), 1047);
}

TEST_F(ProtocolTest, AFieldListNamesTheColumns) {
  auto client = guest();
  ASSERT_EQ(client.log_in().substr(0, 1), kOkStart);
  const auto first = client.command(std::string_view("\x04t`\0", 4));
  EXPECT_EQ(read_column_definition(first)->table, "t`");
  EXPECT_EQ(client.read()[0], '\xfe');
}

TEST_F(ProtocolTest, ClosingAStatementHasNoAnswer) {
  auto client = guest();
  ASSERT_EQ(client.log_in().substr(0, 1), kOkStart);
  client.send(std::string_view("\x19\1\0\0\0", 5));
  EXPECT_EQ(client.command("\x0e").substr(0, 1), kOkStart);
}

TEST_F(ProtocolTest, ChangeUserProvesAnewAndHangsUpOnAFailure) {
  ASSERT_TRUE(server_->accounts().set_password({"root", "%"}, "sesame"));
  auto client = guest();
  Login login;
  login.user = "root";
  login.plugin = kNativePlugin;
  login.response = native_token("sesame", client.greeting.scramble);
  ASSERT_EQ(client.log_in(login).substr(0, 1), kOkStart);
  const auto change = [&](std::string_view password) {
    std::string packet("\x11");
    append_nul_string(packet, "root");
    append_u8(packet, 20);
    packet += native_token(password, client.greeting.scramble);
    append_nul_string(packet, "other");
    append_u16(packet, 255);
    append_nul_string(packet, kNativePlugin);
    return client.command(packet);
  };
  EXPECT_EQ(change("sesame").substr(0, 1), kOkStart);
  EXPECT_EQ(error_number(change("wrong")), 1045);
  EXPECT_EQ(client.command("\x0e"), "");
}

TEST_F(ProtocolTest, TheLoginAndInitDbTellTrackingClientsTheSchema) {
  auto client = guest();
  Login login;
  login.capabilities = RawClient::kOld | kSessionTrack | kConnectWithDb;
  login.user = "root";
  login.database = "db";
  login.plugin = kSha2Plugin;
  // OK, no rows, no id, autocommit and "changed", no warnings, no info, and a list of one change.
  const auto ok_with = [](const std::string& schema) {
    std::string ok("\0\0\0\x02\x40\0\0\0", 8);
    const auto size = static_cast<char>(schema.size());
    ok += static_cast<char>(size + 3);
    ok += '\1';
    ok += static_cast<char>(size + 1);
    return ok + size + schema;
  };
  EXPECT_EQ(client.log_in(login), ok_with("db"));
  EXPECT_EQ(client.command("\x02other"), ok_with("other"));
  EXPECT_EQ(client.command("\x0e"), std::string_view("\0\0\0\2\0\0\0", 7));  // told once
}

TEST_F(ProtocolTest, FilesAreAskedForOnlyWhereBothSidesSaidSo) {
  constexpr uint32_t kWithFiles = RawClient::kOld | kLocalFiles;
  const auto logged_in = [&](uint32_t capabilities) {
    auto client = guest();
    Login login;
    login.capabilities = capabilities;
    login.user = "root";
    login.plugin = kSha2Plugin;
    EXPECT_EQ(client.log_in(login).substr(0, 1), kOkStart);
    return client;
  };
  EXPECT_EQ(guest().greeting.capabilities & kLocalFiles, 0U);
  auto before = logged_in(kWithFiles);
  server_->set_local_infile(true);
  EXPECT_EQ(guest().greeting.capabilities & kLocalFiles, kLocalFiles);
  EXPECT_EQ(error_number(before.command("\x03LOAD 100")), 1142);
  EXPECT_EQ(error_number(logged_in(RawClient::kOld).command("\x03LOAD 100")), 1142);
  auto client = logged_in(kWithFiles);
  EXPECT_EQ(client.command("\x03LOAD 100"),
            "\xfb"
            "a file");
  client.write("twelve bytes");
  client.write("");
  EXPECT_EQ(client.read().substr(0, 2), std::string_view("\0\x0c", 2));  // rows changed
  // A failure in the middle: what is left of the file is read, and the connection goes on.
  EXPECT_EQ(client.command("\x03LOAD 5"),
            "\xfb"
            "a file");
  for (int i = 0; i < 300; ++i) client.write("twelve bytes");
  client.write("");
  EXPECT_EQ(error_number(client.read()), 1366);
  EXPECT_EQ(client.command("\x0e").substr(0, 1), kOkStart);
  // A file that breaks off ends the connection.
  EXPECT_EQ(client.command("\x03LOAD 100"),
            "\xfb"
            "a file");
  client.write_raw(std::string("\x0c\0\0\x09", 4) + "out of order");
  EXPECT_EQ(error_number(client.read_from(10)), 1156);
  EXPECT_EQ(client.read(), "");
}

TEST_F(ProtocolTest, ConnectionAttributesMustBeWhole) {
  for (const bool whole : {true, false}) {
    auto client = guest();
    Login login;
    login.capabilities = RawClient::kOld | kConnectAttributes;
    login.user = "root";
    login.plugin = kSha2Plugin;
    auto packet = write_login(login);
    packet +=
        whole ? std::string("\x0a\x03key\x05value", 11) : std::string("\x0a\x03key\x09val", 9);
    client.write(packet);
    EXPECT_EQ(error_number(client.read()), whole ? 0 : 1043);
  }
}

TEST_F(ProtocolTest, PacketsOutOfOrderAreSaidAndEndTheConnection) {
  auto client = guest();
  ASSERT_EQ(client.log_in().substr(0, 1), kOkStart);
  client.write_raw(std::string_view("\1\0\0\3\x0e", 5));  // 3 is what follows the login's OK
  EXPECT_EQ(error_number(client.read_from(4)), 1156);
  EXPECT_EQ(client.read(), "");
  EXPECT_EQ(guest().log_in().substr(0, 1), kOkStart);
}

TEST_F(ProtocolTest, ALoginLargerThanALoginIsRefused) {
  auto client = guest();
  client.write_raw(std::string_view("\xff\xff\xff\1", 4));
  EXPECT_EQ(client.read(), "");
  EXPECT_EQ(guest().log_in().substr(0, 1), kOkStart);
}

// --- Hostile clients
// ---------------------------------------------------------------------------------

TEST_F(ProtocolTest, MutatedLoginsNeverDisturbTheServer) {
  ASSERT_TRUE(server_->accounts().set_password({"root", "%"}, "sesame"));
  Random random(20260101);
  Login login;
  login.capabilities = RawClient::kOld | kConnectWithDb;
  login.user = "root";
  login.database = "db";
  login.plugin = kSha2Plugin;
  for (int round = 0; round < 300; ++round) {
    auto client = guest();
    login.response = sha2_token("sesame", client.greeting.scramble);
    const auto whole = framed(write_login(login), 1);
    client.write_raw(round % 2 == 0 ? mutated(whole, random)
                                    : framed(mutated(write_login(login), random), 1));
    client.socket().shut(round % 3 == 0 ? Shut::kBoth : Shut::kRead);
  }
  auto client = guest();
  login.response = sha2_token("sesame", client.greeting.scramble);
  EXPECT_EQ(client.log_in(login), std::string_view("\x01\x03", 2));
}

TEST_F(ProtocolTest, MutatedCommandsNeverDisturbTheServer) {
  Random random(20260102);
  const std::vector<std::string> commands{"\x03ROWS 3;OK 1",
                                          "\x02"
                                          "db",
                                          std::string("\x04t\0%", 4),
                                          std::string("\x1b\0\0", 3),
                                          std::string("\x0c\1\0\0\0", 5),
                                          std::string("\x11root\0\0db\0\xff\0", 11),
                                          "\x16SELECT ?",
                                          std::string("\x17\1\0\0\0\0\1\0\0\0", 10),
                                          "\x0e",
                                          "\x1f",
                                          "\x09"};
  for (int round = 0; round < 300; ++round) {
    auto client = guest();
    if (client.log_in().substr(0, 1) != kOkStart) continue;  // killed by an earlier round
    for (int i = 0; i < 5; ++i) {
      const auto& command = commands[below(random, commands.size())];
      client.write_raw(i % 2 == 0 ? framed(mutated(command, random), 0)
                                  : mutated(framed(command, 0), random));
    }
    client.socket().shut(Shut::kBoth);
  }
  auto client = guest();
  ASSERT_EQ(client.log_in().substr(0, 1), kOkStart);
  EXPECT_EQ(client.command("\x0e").substr(0, 1), kOkStart);
}

}  // namespace
}  // namespace millrace::serve
