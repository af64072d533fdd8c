// Which address is answered by what: the door between the HTTP library and HttpApi. Every route but
// health, the description and / asks who the caller is first. Handlers run on the library's
// threads.
#pragma once

#include <string>
#include <vector>

#include "serve/http_api.h"
#include "serve/http_logins.h"
#include "serve/login_guard.h"
#include "serve/token_book.h"
#include "serve/users.h"

namespace httplib {
class Server;
}

namespace millrace::serve {

struct RouteContext {
  HttpApi& api;
  const UserBook& users;
  const TokenBook& tokens;
  LoginGuard& guard;
  sql::SessionHost& host;
  HttpLogins& logins;
  std::vector<std::string> allowed_origins;  // of browsers' pages, besides our own
  size_t body_bytes_max = 0;                 // for the error
};

/// `context` outlives the server.
void add_api_routes(httplib::Server& server, const RouteContext& context);

}  // namespace millrace::serve
