#include "serve/http_api.h"

#include <gtest/gtest.h>
#include <httplib.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "serve/fake_backend_test.h"
#include "serve/server.h"

namespace millrace::serve {
namespace {

using nlohmann::json;

class HttpApiTest : public ::testing::Test {
 protected:
  void start(ServerOptions options = {}) {
    options.mysql_listen.port = 0;
    options.http_listen.port = 0;
    auto opened = Server::open(std::move(options), backend_);
    ASSERT_TRUE(opened) << opened.error().to_string();
    server_ = std::move(*opened);
  }
  httplib::Client client() const {
    httplib::Client made("127.0.0.1", server_->http_address().port);
    made.set_read_timeout(60, 0);
    return made;
  }
  httplib::Result ask(const std::string& sql, const httplib::Headers& headers = {},
                      double seconds = 60) const {
    const json body{{"sql", sql}, {"timeout_seconds", seconds}};
    return client().Post("/api/v1/sql", headers, body.dump(), kJsonType);
  }
  static json error_of(const httplib::Result& answer) { return json::parse(answer->body)["error"]; }
  void await_sessions(size_t count) {
    const Stopwatch watch;
    while (server_->processes().size() != count) {
      ASSERT_LT(watch.micros(), 60'000'000) << "it did not happen";
      std::this_thread::yield();
    }
  }

  FakeBackend backend_;
  std::unique_ptr<Server> server_;
};

const httplib::Headers kWantsLines{{"Accept", kJsonLinesType}};

TEST_F(HttpApiTest, AQueryGivesColumnsAndRows) {
  start();
  const auto answer = ask("ROWS 2");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->get_header_value("Content-Type"), kJsonType);
  EXPECT_EQ(json::parse(answer->body), json::parse(R"({"results":[{
    "columns":[{"name":"n","type":"BIGINT"},{"name":"text","type":"VARCHAR"}],
    "rows":[[0,null],[1,"odd"]],"rows_changed":0,"warnings":0}]})"));
}

TEST_F(HttpApiTest, SeveralStatementsGiveAResultEach) {
  start();
  const auto results = json::parse(ask("OK 5;ROWS 0;SIZE 2")->body)["results"];
  ASSERT_EQ(results.size(), 3U);
  EXPECT_EQ(results[0]["rows_changed"], 5);
  EXPECT_EQ(results[1]["rows"], json::array());
  EXPECT_EQ(results[2]["rows"], json::parse(R"([["eHg="]])"));  // base64
}

TEST_F(HttpApiTest, AnErrorHasItsStatusAndItsParts) {
  start();
  const auto failed = ask("ROWS 1;FAIL");
  EXPECT_EQ(failed->status, 404);
  EXPECT_EQ(error_of(failed), json::parse(R"({"code":"not-found","sqlstate":"42S02","errno":1146,
    "message":"table \"x\" does not exist","hint":"Did you mean y?"})"));
  EXPECT_EQ(ask("FAIL LATE")->status, 400);
  const auto missing =
      client().Post("/api/v1/sql", R"({"sql":"ROWS 1","database":"missing"})", kJsonType);
  EXPECT_EQ(missing->status, 404);
}

TEST_F(HttpApiTest, LinesAreColumnsThenRowsThenTheEnd) {
  start();
  const auto answer = ask("ROWS 2;OK 1", kWantsLines);
  EXPECT_EQ(answer->get_header_value("Content-Type"), kJsonLinesType);
  EXPECT_EQ(answer->body,
            "{\"columns\":[{\"name\":\"n\",\"type\":\"BIGINT\"},"
            "{\"name\":\"text\",\"type\":\"VARCHAR\"}]}\n[0,null]\n[1,\"odd\"]\n"
            "{\"rows\":2,\"rows_changed\":0,\"warnings\":0}\n"
            "{\"columns\":[]}\n{\"rows\":0,\"rows_changed\":1,\"warnings\":0}\n");
}

TEST_F(HttpApiTest, AnErrorBehindTheFirstLinesIsTheLastLine) {
  start();
  EXPECT_EQ(ask("FAIL", kWantsLines)->status, 404);
  const auto late = ask("FAIL LATE", kWantsLines);
  EXPECT_EQ(late->status, 200);
  std::istringstream lines(late->body);
  std::string line, last;
  while (std::getline(lines, line)) last = line;
  EXPECT_EQ(json::parse(last)["error"]["message"], "row 2049 is wrong");
}

TEST_F(HttpApiTest, ALongResultIsStreamedAndEndsWhenTheClientGoes) {
  start();
  size_t taken = 0;
  const json body{{"sql", "FOREVER"}};
  httplib::Request request;
  request.method = "POST";
  request.path = "/api/v1/sql";
  request.headers = kWantsLines;
  request.body = body.dump();
  request.content_receiver = [&](const char*, size_t size, uint64_t, uint64_t) {
    taken += size;
    return taken < (size_t{64} << 20);
  };
  {
    auto one = client();
    EXPECT_FALSE(one.send(request));  // we left
  }
  EXPECT_GE(taken, size_t{64} << 20);
  await_sessions(0);
}

TEST_F(HttpApiTest, AnAnswerThatIsTooLargeIsAnError) {
  ServerOptions options;
  options.http_limits.answer_bytes_max = 1 << 20;
  start(options);
  const auto answer = ask("FOREVER");
  EXPECT_EQ(answer->status, 507);
  EXPECT_NE(error_of(answer)["hint"].get<std::string>().find("ndjson"), std::string::npos);
  EXPECT_EQ(ask("SIZE 100000")->status, 200);
}

TEST_F(HttpApiTest, AStatementThatTakesTooLongIsInterrupted) {
  start();
  const auto answer = ask("WAIT", {}, 0.01);
  EXPECT_EQ(answer->status, 504);
  EXPECT_EQ(error_of(answer)["code"], "timeout");
  ServerOptions options;
  options.http_limits.statement_time_max = Milliseconds(10);
  start(options);
  EXPECT_EQ(ask("WAIT", {}, 3600)->status, 504);
}

TEST_F(HttpApiTest, ARequestIsInTheProcessListAndCanBeKilled) {
  start();
  int status = 0;
  auto asking = run_thread("ask", [&](const auto&) { status = ask("WAIT")->status; });
  await_sessions(1);
  const auto process = server_->processes().front();
  EXPECT_EQ(process.user, "root");
  EXPECT_EQ(process.text, "WAIT");
  EXPECT_TRUE(server_->kill(process.id, sql::KillScope::kQuery));
  await_sessions(0);
  asking.join();
  EXPECT_EQ(status, 499);
}

TEST_F(HttpApiTest, TooManyAreTurnedAwayAndHealthAnswers) {
  ServerOptions options;
  options.http_limits.sessions_max = 1;
  start(options);
  const auto asking = run_thread("ask", [&](const auto&) { (void)ask("WAIT"); });
  await_sessions(1);
  const auto refused = ask("ROWS 1");
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->get_header_value("Retry-After"), "1");
  EXPECT_EQ(client().Get("/readyz")->status, 200);
  server_->stop();  // it interrupts the one that waits
}

TEST_F(HttpApiTest, PasswordsAreThoseOfMySql) {
  start();
  EXPECT_EQ(ask("USER")->status, 200);
  ASSERT_TRUE(server_->accounts().set_password({"root", "%"}, "sesame:1"));
  for (const char* path : {"/metrics", "/api/v1/models", "/api/v1/pipelines"}) {
    const auto refused = client().Get(path);
    EXPECT_EQ(refused->status, 401) << path;
    EXPECT_EQ(refused->get_header_value("WWW-Authenticate").substr(0, 6), "Basic ");
  }
  auto one = client();
  const auto with = [&](const char* user, const char* password) {
    one.set_basic_auth(user, password);
    return one.Post("/api/v1/sql", R"({"sql":"USER"})", kJsonType);
  };
  EXPECT_EQ(with("root", "wrong")->status, 401);
  EXPECT_EQ(with("root", "")->status, 401);
  EXPECT_EQ(with("nobody", "sesame:1")->status, 401);
  EXPECT_EQ(with("nobody", "")->status, 401);
  const auto in = with("root", "sesame:1");
  ASSERT_EQ(in->status, 200);
  EXPECT_EQ(json::parse(in->body)["results"][0]["rows"][0][0], "root");
  for (const char* header : {"Basic", "Basic ", "Basic !!!!", "Basic cm9vdA==", "Bearer x"})
    EXPECT_EQ(ask("USER", {{"Authorization", header}})->status, 401) << header;
  EXPECT_EQ(client().Get("/healthz")->status, 200);
  EXPECT_EQ(client().Get("/api/v1/openapi.json")->status, 200);
}

TEST_F(HttpApiTest, WithoutAPasswordOnlyNamesOfThisMachineAreServed) {
  start();
  for (const char* host : {"localhost", "LOCALHOST:80", "127.0.0.1:8080", "[::1]:8080"})
    EXPECT_EQ(ask("ROWS 1", {{"Host", host}})->status, 200) << host;
  for (const char* host : {"evil.example", "evil.example:8080", "10.0.0.1", "localhost.evil", "["})
    EXPECT_EQ(ask("ROWS 1", {{"Host", host}})->status, 401) << host;
  ASSERT_TRUE(server_->accounts().set_password({"root", "%"}, "sesame"));
  auto one = client();
  one.set_basic_auth("root", "sesame");
  EXPECT_EQ(
      one.Post("/api/v1/sql", {{"Host", "db.example"}}, R"({"sql":"ROWS 1"})", kJsonType)->status,
      200);
}

TEST_F(HttpApiTest, PagesOfOtherSitesAreRefusedUnlessAllowed) {
  ServerOptions options;
  options.http_allowed_origins = {"https://friend.example"};
  start(options);
  const auto from = [&](const std::string& origin) { return ask("ROWS 1", {{"Origin", origin}}); };
  const auto other = from("https://evil.example");
  EXPECT_EQ(other->status, 403);
  EXPECT_FALSE(other->has_header("Access-Control-Allow-Origin"));
  EXPECT_EQ(from("null")->status, 403);
  EXPECT_EQ(error_of(from("https://\xff\xfe"))["message"],
            "pages of \"https://??\" may not ask this server");
  const auto friends = from("https://friend.example");
  EXPECT_EQ(friends->status, 200);
  EXPECT_EQ(friends->get_header_value("Access-Control-Allow-Origin"), "https://friend.example");
  const auto own = "http://127.0.0.1:" + std::to_string(server_->http_address().port);
  EXPECT_EQ(from(own)->status, 200);
  const auto asked = client().Options("/api/v1/sql", {{"Origin", "https://friend.example"}});
  EXPECT_EQ(asked->status, 204);
  EXPECT_NE(asked->get_header_value("Access-Control-Allow-Headers").find("Authorization"),
            std::string::npos);
  EXPECT_EQ(client().Options("/api/v1/sql", {{"Origin", "https://evil.example"}})->status, 403);
}

TEST_F(HttpApiTest, WhatIsNoQuestionIsToldWithItsStatus) {
  ServerOptions options;
  options.http_limits.body_bytes_max = 1000;
  start(options);
  EXPECT_EQ(ask(std::string(2000, 'x'))->status, 413);
  EXPECT_EQ(error_of(ask(std::string(2000, 'x')))["code"], "invalid-argument");
  EXPECT_EQ(client().Post("/api/v1/sql", "{", kJsonType)->status, 400);
  EXPECT_EQ(client().Get("/api/v1/sql")->status, 405);
  EXPECT_EQ(client().Post("/api/v1/models", "{}", kJsonType)->get_header_value("Allow"), "GET");
  const auto nothing = client().Get("/api/v1/nothing");
  EXPECT_EQ(nothing->status, 404);
  EXPECT_EQ(error_of(nothing)["code"], "not-found");
  EXPECT_EQ(
      client().Post("/api/v1/models/d.x:predict", R"({"instances":[{"x":1}]})", kJsonType)->status,
      404);
  EXPECT_EQ(client()
                .Post("/api/v1/models/d.%ff:predict", R"({"instances":[{"x":1}]})", kJsonType)
                ->status,
            400);
}

TEST_F(HttpApiTest, TheDescriptionIsJsonAndNamesEveryAddress) {
  start();
  const auto description = json::parse(client().Get("/api/v1/openapi.json")->body);
  for (const auto& [path, operations] : description["paths"].items()) {
    if (path == "/metrics") continue;  // the fake has no system tables
    std::string address = path;
    for (const auto& [name, value] : {std::pair("{model}", "d.m"), std::pair("{version}", "1")}) {
      const auto at = address.find(name);
      if (at != std::string::npos) address.replace(at, std::string(name).size(), value);
    }
    const bool get = operations.contains("get");
    const auto answer =
        get ? client().Get(address.c_str()) : client().Post(address.c_str(), "", kJsonType);
    EXPECT_EQ(answer->status, get ? 200 : 400) << path;
  }
  EXPECT_EQ(description["paths"].size(), 9U);
}

TEST_F(HttpApiTest, WithTlsItSpeaksNothingElse) {
  std::string folder = ::testing::TempDir() + "/millrace-http-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  ServerOptions options;
  options.http_tls = true;
  options.http_listen.port = 0;
  options.mysql_listen.port = 0;
  EXPECT_EQ(Server::open(options, backend_).error().code, Code::kInvalidArgument);
  options.tls_directory = folder;
  start(options);
  httplib::SSLClient secure("127.0.0.1", server_->http_address().port);
  secure.set_ca_cert_path((folder + "/server-cert.pem").c_str());
  secure.enable_server_certificate_verification(true);
  const auto answer = secure.Post("/api/v1/sql", R"({"sql":"ROWS 1"})", kJsonType);
  ASSERT_TRUE(answer) << httplib::to_string(answer.error());
  EXPECT_EQ(answer->status, 200);
  EXPECT_FALSE(client().Get("/healthz"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace millrace::serve
