// A live server over the fake backend that says nothing, for the tests of what clients send: packet
// by packet, and not as they should.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "base/log.h"
#include "serve/fake_backend_test.h"
#include "serve/server.h"

namespace millrace::serve {

class QuietServerTest : public ::testing::Test {
 protected:
  void SetUp() override { start({}); }
  void TearDown() override {
    server_.reset();
    set_log_level(LogLevel::kInfo);
  }
  void start(ServerOptions options) {
    set_log_level(LogLevel::kOff);
    options.mysql_listen.port = 0;
    options.http_listen.port = 0;
    auto opened = Server::open(options, backend_);
    ASSERT_TRUE(opened) << opened.error().to_string();
    server_ = std::move(*opened);
  }

  FakeBackend backend_;
  std::unique_ptr<Server> server_;
};

}  // namespace millrace::serve
