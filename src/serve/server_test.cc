#include "serve/server.h"

#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "serve/client.h"
#include "serve/fake_backend_test.h"
#include "serve/wire.h"

namespace millrace::serve {
namespace {

class ServerTest : public ::testing::Test {
 protected:
  void start(ServerOptions options = {}) {
    options.mysql_listen.port = 0;
    options.http_listen.port = 0;
    auto opened = Server::open(options, backend_);
    ASSERT_TRUE(opened) << opened.error().to_string();
    server_ = std::move(*opened);
  }
  Result<std::unique_ptr<Client>> connect(const std::string& password = {},
                                          const std::string& database = {}) {
    ClientOptions options;
    options.server = server_->mysql_address();
    options.password = password;
    options.database = database;
    return Client::connect(options);
  }
  std::unique_ptr<Client> connected(const std::string& password = {}) {
    auto client = connect(password);
    EXPECT_TRUE(client) << client.error().to_string();
    return std::move(*client);
  }
  /// Asks until it is so; gives up after a time that no machine needs.
  static void await(const std::function<bool()>& condition) {
    const Stopwatch watch;
    while (!condition()) {
      ASSERT_LT(watch.micros(), 60'000'000) << "it did not happen";
      std::this_thread::yield();
    }
  }
  void await_command(uint32_t id, std::string_view command) {
    await([&] {
      for (const auto& process : server_->processes())
        if (process.id == id && process.command == command) return true;
      return false;
    });
  }

  FakeBackend backend_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, GivesTheRowsOfAQuery) {
  start();
  const auto results = connected()->run("ROWS 3");
  ASSERT_TRUE(results);
  ASSERT_EQ(results->size(), 1U);
  const auto& result = results->front();
  EXPECT_EQ(result.columns, (std::vector<std::string>{"n", "text"}));
  ASSERT_EQ(result.rows.size(), 3U);
  EXPECT_EQ(result.rows[1], (std::vector<Cell>{"1", "odd"}));
  EXPECT_EQ(result.rows[2], (std::vector<Cell>{"2", std::nullopt}));
}

TEST_F(ServerTest, GivesAResultForEachOfSeveralStatements) {
  start();
  const auto results = connected()->run("OK 5;ROWS 0;ROWS 1");
  ASSERT_TRUE(results);
  ASSERT_EQ(results->size(), 3U);
  EXPECT_EQ((*results)[0].rows_changed, 5U);
  EXPECT_EQ((*results)[1].columns.size(), 2U);
  EXPECT_EQ((*results)[1].rows.size(), 0U);
  EXPECT_EQ((*results)[2].rows.size(), 1U);
}

TEST_F(ServerTest, AnErrorEndsTheStatementsAndTheConnectionGoesOn) {
  start();
  const auto client = connected();
  const auto failed = client->run("ROWS 1;FAIL;ROWS 1");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message,
            "ERROR 1146 (42S02): table \"x\" does not exist. Did you mean y?");
  EXPECT_TRUE(client->run("ROWS 1"));
}

TEST_F(ServerTest, AnErrorAfterTheFirstRowsEndsTheResult) {
  start();
  const auto client = connected();
  EXPECT_EQ(client->run("FAIL LATE").error().message,
            "ERROR 1366 (22018): row 2049 is wrong. Mend it.");
  EXPECT_TRUE(client->run("ROWS 1"));
}

TEST_F(ServerTest, ValuesAndStatementsMayBeLargerThanAPacket) {
  start();
  const auto client = connected();
  const auto result = client->run("SIZE 20000000");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->front().rows[0][0]->size(), 20'000'000U);
  const std::string text(17'000'000, 'x');
  EXPECT_EQ(client->run(text)->front().rows[0][0], text);
}

TEST_F(ServerTest, AStatementOverTheBoundIsRefused) {
  ServerOptions options;
  options.limits.packet_bytes_max = 1000;
  start(options);
  const auto refused = connected()->run(std::string(1001, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("ERROR 1153 (08S01)"), std::string::npos)
      << refused.error().message;
}

TEST_F(ServerTest, BothPluginsTakeThePasswordAndRefuseAnother) {
  for (const auto plugin : {kSha2Plugin, kNativePlugin}) {
    ServerOptions options;
    options.auth_plugin = plugin;
    start(options);
    ASSERT_TRUE(server_->accounts().set_password({"root", "%"}, "sesame"));
    EXPECT_EQ(connected("sesame")->run("USER")->front().rows[0][0], "root");
    for (const std::string wrong : {"", "Sesame", "sesame "}) {
      const auto refused = connect(wrong);
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code, Code::kAuthentication);
      EXPECT_NE(refused.error().message.find("ERROR 1045 (28000): access denied"),
                std::string::npos);
    }
    ASSERT_TRUE(server_->accounts().set_password({"root", "%"}, ""));
    server_.reset();
  }
}

TEST_F(ServerTest, ThePasswordIsThereAfterARestart) {
  start();
  ASSERT_TRUE(server_->accounts().set_password({"root", "%"}, "sesame"));
  server_.reset();
  start();
  EXPECT_FALSE(connect());
  EXPECT_TRUE(connect("sesame"));
}

TEST_F(ServerTest, AnUnknownDatabaseIsRefusedAtTheDoor) {
  start();
  EXPECT_EQ(connect({}, "missing").error().message,
            "ERROR 1049 (42000): database \"missing\" does not exist");
}

TEST_F(ServerTest, BeyondTheLoopbackNothingIsServedWithoutAPassword) {
  ServerOptions options;
  options.mysql_listen = {"0.0.0.0", 0};
  options.http_listen.port = 0;
  const auto refused = Server::open(options, backend_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kPermission);
  EXPECT_NE(refused.error().hint.find("SET PASSWORD"), std::string::npos);
  start();
  ASSERT_TRUE(server_->accounts().set_password({"root", "%"}, "sesame"));
  server_.reset();
  auto allowed = Server::open(options, backend_);
  ASSERT_TRUE(allowed);
  EXPECT_EQ((*allowed)->accounts().set_password({"root", "%"}, "").error().code, Code::kPermission);
}

TEST_F(ServerTest, KillQueryEndsTheStatementAndKeepsTheConnection) {
  start();
  const auto victim = connected();
  const auto killer = run_thread("killer", [&](const std::stop_token&) {
    await_command(victim->connection_id(), "Query");
    ASSERT_TRUE(server_->kill(victim->connection_id(), sql::KillScope::kQuery));
  });
  EXPECT_EQ(victim->run("WAIT").error().code, Code::kCancelled);
  EXPECT_TRUE(victim->run("ROWS 1"));
}

/// An interrupt is lost on a statement that has not begun yet.
TEST_F(ServerTest, KillQueryIsSaidAgainUntilTheStatementEnds) {
  start();
  const auto victim = connected();
  const auto killer = run_thread("killer", [&](const std::stop_token&) {
    await_command(victim->connection_id(), "Query");
    ASSERT_TRUE(server_->kill(victim->connection_id(), sql::KillScope::kQuery));
  });
  EXPECT_EQ(victim->run("WAIT DEAF").error().code, Code::kCancelled);
  EXPECT_TRUE(victim->run("ROWS 1"));
}

TEST_F(ServerTest, KillConnectionEndsIt) {
  start();
  const auto victim = connected();
  ASSERT_TRUE(server_->kill(victim->connection_id(), sql::KillScope::kConnection));
  EXPECT_FALSE(victim->run("ROWS 1"));
  EXPECT_EQ(server_->kill(99999, sql::KillScope::kQuery).error().code, Code::kNotFound);
}

TEST_F(ServerTest, TheStatementOfAClientThatWentAwayIsEnded) {
  start();
  auto socket = Socket::connect(server_->mysql_address(), Milliseconds(5000));
  ASSERT_TRUE(socket);
  PacketChannel channel(*socket, {});
  std::string packet;
  ASSERT_TRUE(channel.read(packet, Milliseconds(5000)));
  const uint32_t id = read_greeting(packet)->connection_id;
  Login login;
  login.capabilities = kProtocol41 | kSecureConnection | kPluginAuth | kPluginAuthLenenc;
  login.user = "root";
  ASSERT_TRUE(channel.write(write_login(login)));
  ASSERT_TRUE(channel.flush());
  ASSERT_TRUE(channel.read(packet, Milliseconds(5000)));
  channel.reset_sequence();
  ASSERT_TRUE(channel.write("\x03WAIT"));
  ASSERT_TRUE(channel.flush());
  await_command(id, "Query");
  socket->shut(Shut::kBoth);
  await([&] { return server_->processes().empty(); });
}

TEST_F(ServerTest, StopEndsWaitingAndStreamingClientsAlike) {
  start();
  const auto waiting = connected();
  const auto streaming = connected();
  Status waited;
  Status streamed;
  {
    const auto one = run_thread("waiting", [&](const std::stop_token&) {
      if (auto done = waiting->run("WAIT"); !done) waited = std::move(done).error();
    });
    class Drop : public ResultSink {
      void on_columns(const std::vector<ColumnDefinition>&) override {}
      void on_row(const std::vector<std::optional<std::string_view>>&) override {}
      void on_end(const Ok&) override {}
    };
    const auto two = run_thread("streaming", [&](const std::stop_token&) {
      Drop drop;
      streamed = streaming->query("FOREVER", drop);
    });
    await_command(waiting->connection_id(), "Query");
    await_command(streaming->connection_id(), "Query");
    server_->stop();
  }
  EXPECT_EQ(waited.error().code, Code::kCancelled);
  EXPECT_TRUE(server_->processes().empty());
}

TEST_F(ServerTest, OneClientTooManyIsTold) {
  ServerOptions options;
  options.connections_max = 2;
  start(options);
  const auto one = connected();
  auto two = connected();
  EXPECT_EQ(connect().error().message, "ERROR 1040 (HY000): Too many connections");
  two.reset();
  await([&] { return server_->processes().size() < 2; });
  EXPECT_TRUE(connect());
}

TEST_F(ServerTest, ASilentClientIsSentAwayBeforeItLogsIn) {
  ServerOptions options;
  options.limits.login_timeout = Milliseconds(50);
  start(options);
  auto socket = Socket::connect(server_->mysql_address(), Milliseconds(5000));
  ASSERT_TRUE(socket);
  char bytes[1024];
  Result<size_t> got = 1;
  while (got && *got > 0) got = socket->read_some(bytes, sizeof bytes, Milliseconds(20'000));
  EXPECT_TRUE(got);  // the end, not our own patience
}

TEST_F(ServerTest, AnIdleClientIsSentAway) {
  ServerOptions options;
  options.limits.idle_timeout = Milliseconds(50);
  start(options);
  const auto client = connected();
  await([&] { return server_->processes().empty(); });
  EXPECT_FALSE(client->run("ROWS 1"));
}

TEST_F(ServerTest, TheProcessListShowsTheStatement) {
  start();
  const auto client = connected();
  const auto other = run_thread("watcher", [&](const std::stop_token&) {
    await_command(client->connection_id(), "Query");
    const auto processes = server_->processes();
    EXPECT_EQ(processes.at(0).text, "WAIT here");
    EXPECT_EQ(processes.at(0).user, "root");
    ASSERT_TRUE(server_->kill(client->connection_id(), sql::KillScope::kQuery));
  });
  EXPECT_FALSE(client->run("WAIT here"));
}

TEST_F(ServerTest, ATakenPortIsSaid) {
  start();
  ServerOptions options;
  options.mysql_listen = server_->mysql_address();
  options.http_listen.port = 0;
  const auto refused = Server::open(options, backend_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  options.mysql_listen.port = 0;
  options.http_listen = server_->http_address();
  EXPECT_EQ(Server::open(options, backend_).error().code, Code::kUnavailable);
}

TEST(Address, IsReadWithItsPort) {
  EXPECT_EQ(parse_address("127.0.0.1:3306")->port, 3306);
  EXPECT_EQ(parse_address("[::1]:0")->host, "::1");
  EXPECT_EQ(parse_address("[::1]:80")->to_string(), "[::1]:80");
  for (const auto* wrong : {"", "3306", "host:", "host:x", "host:65536", "::1:80", "[]:1", ":1"})
    EXPECT_FALSE(parse_address(wrong)) << wrong;
}

TEST(Address, LoopbackIsToldFromTheRest) {
  for (const auto* host : {"127.0.0.1", "127.9.9.9", "::1", "localhost"})
    EXPECT_TRUE(is_loopback(host).value()) << host;
  for (const auto* host : {"0.0.0.0", "::", "10.1.2.3"})
    EXPECT_FALSE(is_loopback(host).value()) << host;
}

}  // namespace
}  // namespace millrace::serve
