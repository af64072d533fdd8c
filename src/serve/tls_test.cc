// TLS and what hangs on it: the server's own certificate, full authentication, the refusal of
// clients without it; and the compressed protocol over either.
#include "serve/tls.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/log.h"
#include "serve/auth.h"
#include "serve/client.h"
#include "serve/compressed_stream.h"
#include "serve/fake_backend_test.h"
#include "serve/raw_client_test.h"
#include "serve/server.h"

namespace millrace::serve {
namespace {

constexpr Milliseconds kTlsPatience{20'000};

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class TlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    set_log_level(LogLevel::kOff);
    std::string name = ::testing::TempDir() + "/millrace-tls-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
    set_log_level(LogLevel::kInfo);
  }
  void start(bool tls_only = false) {
    ServerOptions options;
    options.mysql_listen.port = 0;
    options.http_listen.port = 0;
    options.tls_directory = folder_;
    options.tls_only = tls_only;
    auto opened = Server::open(options, backend_);
    ASSERT_TRUE(opened) << opened.error().to_string();
    server_ = std::move(*opened);
  }

  std::string folder_;
  FakeBackend backend_;
  std::unique_ptr<Server> server_;
};

/// A client that has changed to TLS and speaks packets over it.
struct TlsClient {
  explicit TlsClient(const Address& address)
      : socket(std::move(Socket::connect(address, kTlsPatience).value())), plain(socket, {}) {
    std::string packet;
    EXPECT_TRUE(plain.read(packet, kTlsPatience));
    greeting = read_greeting(packet).value();
    login.capabilities = RawClient::kOld | kTls;
    login.user = "root";
    login.plugin = kSha2Plugin;
    EXPECT_TRUE(plain.write(write_tls_request(login)));
    EXPECT_TRUE(plain.flush());
    context = std::move(TlsContext::client().value());
    stream = std::move(context->connect(socket, kTlsPatience).value());
    plain.set_stream(*stream);
  }
  std::string ask(std::string_view payload) {
    EXPECT_TRUE(plain.write(payload));
    EXPECT_TRUE(plain.flush());
    std::string packet;
    EXPECT_TRUE(plain.read(packet, kTlsPatience));
    return packet;
  }
  Socket socket;
  PacketChannel plain;
  Greeting greeting;
  Login login;
  std::unique_ptr<TlsContext> context;
  std::unique_ptr<TlsStream> stream;
};

TEST_F(TlsTest, TheOwnCertificateIsMadeOnceAndItsKeyIsPrivate) {
  const auto files = own_certificate(folder_);
  ASSERT_TRUE(files) << files.error().to_string();
  struct stat facts {};
  ASSERT_EQ(stat(files->key.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600U);
  const auto before = text_of(files->certificate);
  EXPECT_EQ(before.substr(0, 27), "-----BEGIN CERTIFICATE-----");
  ASSERT_TRUE(own_certificate(folder_));
  EXPECT_EQ(text_of(files->certificate), before);
  EXPECT_TRUE(TlsContext::server(*files));
}

TEST_F(TlsTest, FilesThatAreNoPairAreRefused) {
  const auto files = own_certificate(folder_);
  ASSERT_TRUE(files);
  std::filesystem::create_directory(folder_ + "/other");
  const auto other = own_certificate(folder_ + "/other");
  ASSERT_TRUE(other);
  EXPECT_FALSE(TlsContext::server({files->certificate, other->key}));
  EXPECT_FALSE(TlsContext::server({folder_ + "/none.pem", files->key}));
  EXPECT_FALSE(TlsContext::server({files->key, files->key}));
}

TEST_F(TlsTest, ASessionGoesOverTls) {
  start();
  TlsClient client(server_->mysql_address());
  EXPECT_EQ(client.stream->version(), "TLSv1.3");
  EXPECT_EQ(client.ask(write_login(client.login))[0], '\0');
  client.plain.reset_sequence();
  EXPECT_EQ(client.ask("\x03hello"), "\x01");
}

TEST_F(TlsTest, UnderTlsThePasswordItselfIsTheFullProof) {
  start();
  ASSERT_TRUE(server_->accounts().set_password({"root", "%"}, "sesame"));
  for (const std::string password : {"sesame", "other"}) {
    TlsClient client(server_->mysql_address());
    client.login.response = std::string(32, 'x');  // no proof: the server asks for the password
    EXPECT_EQ(client.ask(write_login(client.login)), std::string_view("\x01\x04", 2));
    EXPECT_EQ(client.ask(password + '\0')[0] == '\0', password == "sesame");
  }
}

TEST_F(TlsTest, WithoutTlsNobodyComesInWhenItIsRequired) {
  start(true);
  RawClient plain(server_->mysql_address());
  EXPECT_EQ(read_error(plain.log_in()).number, 3159);
  EXPECT_EQ(plain.read(), "");
  TlsClient client(server_->mysql_address());
  EXPECT_EQ(client.ask(write_login(client.login))[0], '\0');
  ClientOptions options;
  options.server = server_->mysql_address();
  EXPECT_TRUE(Client::connect(options));  // the small client takes TLS when it is there
}

TEST_F(TlsTest, AHandshakeThatIsNoneEndsTheConnectionOnly) {
  start();
  RawClient client(server_->mysql_address());
  Login login;
  login.capabilities = RawClient::kOld | kTls;
  client.write(write_tls_request(login));
  client.write_raw("GET / HTTP/1.1\r\n\r\n");
  while (!client.read().empty()) {
  }
  TlsClient other(server_->mysql_address());
  EXPECT_EQ(other.ask(write_login(other.login))[0], '\0');
}

TEST_F(TlsTest, CompressionBeginsBehindTheLogin) {
  start();
  TlsClient client(server_->mysql_address());
  client.login.capabilities |= kCompress;
  EXPECT_EQ(client.ask(write_login(client.login))[0], '\0');
  CompressedStream compressed(*client.stream, client.plain.take_unread());
  client.plain.set_stream(compressed);
  for (int i = 0; i < 2; ++i) {
    client.plain.reset_sequence();
    compressed.reset_sequence();
    EXPECT_EQ(client.ask("\x03SIZE 100000"), "\x01");
    std::string packet;
    ASSERT_TRUE(client.plain.read(packet, kTlsPatience));  // the column
    ASSERT_TRUE(client.plain.read(packet, kTlsPatience));  // its EOF
    client.plain.set_payload_max(size_t{1} << 20);
    ASSERT_TRUE(client.plain.read(packet, kTlsPatience));
    EXPECT_EQ(packet.size(), 100'004U);
    ASSERT_TRUE(client.plain.read(packet, kTlsPatience));
    EXPECT_EQ(packet[0], '\xfe');
  }
}

}  // namespace
}  // namespace millrace::serve
