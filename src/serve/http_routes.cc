#include "serve/http_routes.h"

#include <httplib.h>

#include <algorithm>
#include <charconv>

#include "data/utf8.h"
#include "serve/http_auth.h"
#include "serve/http_json.h"
#include "serve/openapi.h"
#include "serve/version.h"
#include "sql/audit.h"

namespace millrace::serve {
namespace {

using httplib::Request;
using httplib::Response;

using Handle = std::function<HttpAnswer(const HttpQuestion&, const Request&)>;

HttpCaller caller_of(const Request& request) {
  return {request.remote_addr, request.get_header_value("Authorization"),
          request.get_header_value("Host"), request.get_header_value("Origin")};
}

/// Off unless the page's origin is in the list: then browsers let it read the answer.
void add_cors(const Request& request, const RouteContext& context, Response& response) {
  const auto& allowed = context.allowed_origins;
  const auto origin = request.get_header_value("Origin");
  if (std::find(allowed.begin(), allowed.end(), origin) == allowed.end()) return;
  response.set_header("Access-Control-Allow-Origin", origin);
  response.set_header("Vary", "Origin");
}

void send_answer(HttpAnswer answer, Response& response) {
  response.status = answer.status;
  // Nothing of it may rest in a cache, and no browser may take it for a page.
  response.set_header("Cache-Control", "no-store");
  response.set_header("X-Content-Type-Options", "nosniff");
  if (answer.status == 401)
    response.set_header("WWW-Authenticate",
                        "Basic realm=\"millrace\", charset=\"UTF-8\", Bearer realm=\"millrace\"");
  if (answer.status == 503) response.set_header("Retry-After", "1");
  if (!answer.next_part) return response.set_content(answer.body, answer.content_type);
  response.set_chunked_content_provider(
      answer.content_type, [next = std::move(answer.next_part)](size_t, httplib::DataSink& sink) {
        std::string part;
        const bool more = next(part);
        if (!part.empty() && !sink.write(part.data(), part.size())) return false;
        if (!more) sink.done();
        return true;
      });
}

HttpAnswer admit_and_answer(const RouteContext& context, const Handle& handle,
                            const Request& request) {
  const auto caller = caller_of(request);
  if (const auto fit = check_origin(caller, context.allowed_origins); !fit)
    return answer_error(fit.error());
  auto identity = authenticate(context.users, context.tokens, context.guard, caller);
  if (!identity) {
    context.host.audit({"login_failed", claimed_user(caller), caller.peer, 0, "", "",
                        facts(identity.error().code).mysql_errno});
    return answer_error(identity.error());
  }
  HttpQuestion question;
  question.user = {
      std::move(identity->user),
      Address{request.remote_addr, static_cast<uint16_t>(request.remote_port)}.to_string(),
      identity->by_token};
  if (context.host.audits() && context.logins.is_new(question.user.user, question.user.host))
    context.host.audit({"login", question.user.user, question.user.host, 0, "", "", 0});
  question.body = request.body;
  question.json_lines =
      request.get_header_value("Accept").find(kJsonLinesType) != std::string::npos;
  return handle(question, request);
}

httplib::Server::Handler guarded(const RouteContext& context, Handle handle) {
  return [&context, handle = std::move(handle)](const Request& request, Response& response) {
    add_cors(request, context, response);
    send_answer(admit_and_answer(context, handle, request), response);
  };
}

httplib::Server::Handler wrong_method(const char* allowed) {
  return [allowed](const Request& request, Response& response) {
    HttpAnswer answer =
        answer_error(Error(Code::kInvalidArgument, "this address does not take " + request.method,
                           "Use " + std::string(allowed) + "."));
    answer.status = 405;
    response.set_header("Allow", allowed);
    send_answer(std::move(answer), response);
  };
}

HttpAnswer predict(const RouteContext& context, const HttpQuestion& question,
                   const Request& request) {
  AskedModel model{request.matches[1].str(), std::nullopt};
  if (!is_utf8(model.name))
    return answer_error(Error(Code::kInvalidArgument, "the model's name is not UTF-8"));
  if (request.matches[2].matched) {
    const auto digits = request.matches[2].str();  // at most 18, so they fit
    std::from_chars(digits.data(), digits.data() + digits.size(), model.version.emplace());
  }
  return context.api.predict(question, model);
}

/// What the library refuses by itself, and addresses that nobody answers.
void answer_rest(const Request& request, Response& response, size_t body_bytes_max) {
  if (!response.body.empty() || request.path.rfind("/api/", 0) != 0) return;
  Error error(Code::kInvalidArgument, "the request is not HTTP as it should be");
  if (response.status == 404)
    error = Error(Code::kNotFound, "there is nothing at this address",
                  "GET /api/v1/openapi.json describes what there is.");
  if (response.status == 413)
    error = Error(Code::kInvalidArgument,
                  "the body has more than " + std::to_string(body_bytes_max) + " bytes",
                  "A form (the content type that curl -d sends) may have 8192; say "
                  "Content-Type: application/json.");
  if (response.status >= 500) error = Error(Code::kInternal, "the request could not be answered");
  response.set_content(json_error(error), kJsonType);
}

}  // namespace

void add_api_routes(httplib::Server& server, const RouteContext& context) {
  constexpr const char* kPredict = R"(/api/v1/models/([^/:]+)(?:/versions/([0-9]{1,18}))?:predict)";
  HttpApi& api = context.api;
  const auto get = [&](const char* path, HttpAnswer (HttpApi::*method)(const HttpQuestion&)) {
    server.Get(path, guarded(context, [&api, method](const HttpQuestion& question, const Request&) {
                 return (api.*method)(question);
               }));
    server.Post(path, wrong_method("GET"));
  };
  get("/metrics", &HttpApi::metrics);
  get("/api/v1/pipelines", &HttpApi::pipelines);
  get("/api/v1/models", &HttpApi::models);
  const auto sql = [&api](const HttpQuestion& question, const Request&) {
    return api.sql(question);
  };
  server.Post("/api/v1/sql", guarded(context, sql));
  server.Get("/api/v1/sql", wrong_method("POST"));
  server.Post(kPredict,
              guarded(context, [&context](const HttpQuestion& question, const Request& request) {
                return predict(context, question, request);
              }));
  server.Get(kPredict, wrong_method("POST"));
  server.Get("/api/v1/openapi.json", [](const Request&, Response& response) {
    response.set_content(openapi_document(kVersion), kJsonType);
  });
  // A browser's question before it lets an allowed page ask.
  server.Options("/(api/.*|metrics)", [&context](const Request& request, Response& response) {
    add_cors(request, context, response);
    if (!response.has_header("Access-Control-Allow-Origin")) {
      send_answer(
          answer_error(Error(Code::kPermission, "pages of other sites may not ask this server")),
          response);
      return;
    }
    response.set_header("Access-Control-Allow-Methods", "GET, POST");
    response.set_header("Access-Control-Allow-Headers", "Authorization, Content-Type");
    response.set_header("Access-Control-Max-Age", "600");
    response.status = 204;
  });
  server.set_error_handler([&context](const Request& request, Response& response) {
    answer_rest(request, response, context.body_bytes_max);
  });
}

}  // namespace millrace::serve
