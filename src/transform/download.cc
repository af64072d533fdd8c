#include "transform/download.h"

#include <httplib.h>

#include <charconv>
#include <chrono>

#include "base/clock.h"

namespace millrace::transform {
namespace {

constexpr int kRedirectsMax = 5;
constexpr std::chrono::milliseconds kWaitMax{30'000};  // for a connection, or for the next bytes
constexpr int64_t kMicrosMax = 300'000'000;            // for all of it

Error failed(const std::string& uri, Code code, const std::string& how,
             const std::string& hint = {}) {
  return Error(code, "transform \"" + uri + "\" cannot be fetched: " + how, hint);
}

/// scheme://host:port and the rest, without a fragment.
struct Address {
  std::string host;
  std::string path;
};

Address split(const std::string& uri) {
  const std::string whole = uri.substr(0, uri.find('#'));
  const size_t begin = whole.find("://") + 3;
  const size_t end = std::min(whole.find_first_of("/?", begin), whole.size());
  std::string path = whole.substr(end);
  if (!path.starts_with('/')) path = "/" + path;
  return {whole.substr(0, end), std::move(path)};
}

/// What one GET came to.
struct Answer {
  int status = 0;
  std::string location;
  std::string bytes;
  bool too_large = false;
  bool too_slow = false;
};

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string words_of(httplib::Error error) {
  switch (error) {
    case httplib::Error::Connection:
    case httplib::Error::ConnectionTimeout:
      return "no connection to the host could be made";
    case httplib::Error::Read:
      return "the host broke off, or was silent for 30 s";
    case httplib::Error::SSLConnection:
      return "the host does not speak TLS as we do";
    case httplib::Error::SSLServerVerification:
      return "the host's certificate is not trusted";
    default:
      return httplib::to_string(error);
  }
}

/// Without following; the body of 200 alone is read.
Result<Answer> get(const std::string& uri, size_t bytes_max, const Stopwatch& watch) {
  Answer answer;
  try {
    const auto [host, path] = split(uri);
    httplib::Client client(host);
    if (!client.is_valid()) return failed(uri, Code::kUnavailable, "it is no address");
    client.set_connection_timeout(kWaitMax);
    client.set_read_timeout(kWaitMax);
    const auto head = [&](const httplib::Response& response) {
      answer.status = response.status;
      answer.location = response.get_header_value("Location");
      const std::string told = response.get_header_value("Content-Length");
      uint64_t size = 0;
      (void)std::from_chars(told.data(), told.data() + told.size(), size);
      answer.too_large = answer.status == 200 && size > bytes_max;
      return answer.status == 200 && !answer.too_large;
    };
    const auto body = [&](const char* data, size_t size) {
      answer.too_large = answer.bytes.size() + size > bytes_max;
      answer.too_slow = watch.micros() > kMicrosMax;
      if (answer.too_large || answer.too_slow) return false;
      answer.bytes.append(data, size);
      return true;
    };
    const auto result = client.Get(path, head, body);
    const bool read = answer.status == 200 && !answer.too_large && !answer.too_slow;
    if (!result && (answer.status == 0 || read))
      return failed(uri, Code::kUnavailable, words_of(result.error()));
  } catch (const std::exception& e) {
    return failed(uri, Code::kUnavailable, e.what());
  }
  return answer;
}

/// Where a redirect from `uri` leads; empty when nowhere.
std::string redirected(const std::string& uri, const std::string& location) {
  if (location.empty() || location.find("://") != std::string::npos) return location;
  const auto [host, path] = split(uri);
  if (location.starts_with("//")) return host.substr(0, host.find("//")) + location;
  if (location.starts_with('/')) return host + location;
  const std::string folder = path.substr(0, path.find('?'));
  return host + folder.substr(0, folder.rfind('/') + 1) + location;
}

Error error_of_status(const std::string& uri, int status) {
  const bool gone = status == 404 || status == 410;
  const bool closed = status == 401 || status == 403;
  return failed(uri,
                gone     ? Code::kNotFound
                : closed ? Code::kPermission
                         : Code::kUnavailable,
                "the host answered with status " + std::to_string(status));
}

}  // namespace

bool is_web_address(const std::string& uri) {
  return uri.starts_with("http://") || uri.starts_with("https://");
}

Status check_web_address(const std::string& uri) {
  const std::string host = split(uri).host;
  if (host.ends_with("//") || host.ends_with("//:"))
    return Error(Code::kInvalidArgument, "transform \"" + uri + "\" names no host");
  if (host.find('@') == std::string::npos) return {};
  return Error(Code::kInvalidArgument, "the address of a transform has a name or password in it",
               "It would be shown by SHOW CREATE PIPELINE.");
}

Result<std::string> download(const std::string& uri, int64_t bytes_max) {
  const Stopwatch watch;
  std::string at = uri;
  for (int redirects = 0;; ++redirects) {
    TRY(Answer answer, get(at, static_cast<size_t>(bytes_max), watch));
    if (answer.too_large)
      return Error(Code::kInvalidArgument, "transform \"" + at + "\" has more than " +
                                               std::to_string(bytes_max >> 20) + " MiB");
    if (answer.too_slow) return failed(at, Code::kUnavailable, "it took more than five minutes");
    if (answer.status == 200) return std::move(answer.bytes);
    if (!is_redirect(answer.status)) return error_of_status(at, answer.status);
    if (redirects == kRedirectsMax)
      return failed(uri, Code::kUnavailable, "it leads through more than five redirects");
    std::string next = redirected(at, answer.location);
    if (!is_web_address(next) || !check_web_address(next))
      return failed(at, Code::kUnavailable, "it redirects to \"" + next + "\"");
    if (at.starts_with("https://") && !next.starts_with("https://"))
      return failed(at, Code::kUnavailable, "it redirects to \"" + next + "\", which is not TLS");
    at = std::move(next);
  }
}

}  // namespace millrace::transform
