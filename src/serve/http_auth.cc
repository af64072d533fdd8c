#include "serve/http_auth.h"

#include <openssl/evp.h>

#include <algorithm>
#include <optional>

#include "serve/auth.h"
#include "serve/socket.h"

namespace millrace::serve {
namespace {

struct Credentials {
  std::string user;
  std::string password;
};

std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  // The library counts the padding as bytes.
  const auto padding = static_cast<size_t>(std::count(text.end() - 2, text.end(), '='));
  bytes.resize(static_cast<size_t>(size) - padding);
  return bytes;
}

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

std::optional<Credentials> read_basic(std::string_view header) {
  constexpr std::string_view kScheme = "Basic ";
  constexpr size_t kHeaderBytesMax = 4096;
  if (header.size() > kHeaderBytesMax || !same_word(header.substr(0, kScheme.size()), kScheme))
    return std::nullopt;
  const auto pair = from_base64(header.substr(kScheme.size()));
  const auto colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{pair->substr(0, colon), pair->substr(colon + 1)};
}

/// "127.0.0.1" of "127.0.0.1:8080", "::1" of "[::1]:8080".
std::string name_of_host(std::string_view host) {
  if (host.starts_with('[')) return std::string(host.substr(1, host.find(']') - 1));
  return std::string(host.substr(0, host.find(':')));
}

/// Never asks a name server: only names and addresses that cannot mean anything else.
bool is_loopback_name(std::string_view host) {
  const std::string name = name_of_host(host);
  if (same_word(name, "localhost")) return true;
  const bool number = name.find_first_not_of("0123456789.") == std::string::npos ||
                      name.find(':') != std::string::npos;
  if (name.empty() || !number) return false;
  const auto loopback = is_loopback(name);
  return loopback && *loopback;
}

Error denied(const HttpCaller& caller, std::string_view user, bool with_password) {
  return Error(Code::kAuthentication,
               "access denied for user \"" + std::string(user) + "\"@\"" + caller.peer +
                   "\" (using password: " + (with_password ? "YES)" : "NO)"),
               "Send the user and password of the MySQL side as HTTP Basic authentication.");
}

}  // namespace

Result<std::string> authenticate(const UserBook& users, const HttpCaller& caller) {
  Credentials claimed{std::string(kRoot), {}};
  if (!caller.authorization.empty()) {
    auto read = read_basic(caller.authorization);
    if (!read) return denied(caller, "", false);
    claimed = std::move(*read);
  }
  const bool with_password = !claimed.password.empty();
  const UserRecord record = users.record(claimed.user);
  const auto loopback = is_loopback(caller.peer);
  const bool local = loopback && *loopback;
  const bool welcome = sql::is_host(record.host, caller.peer, local);
  if (record.has_password()) {
    if (!with_password || !check_plain(claimed.password, record.sha2_hash) || !welcome)
      return denied(caller, claimed.user, with_password);
    return claimed.user;
  }
  if (with_password || !welcome) return denied(caller, claimed.user, with_password);
  if (!local || !is_loopback_name(caller.host))
    return Error(Code::kAuthentication,
                 "user \"" + claimed.user + "\" has no password and may ask from this machine only",
                 "Ask http://127.0.0.1, or run SET PASSWORD = '...' on the MySQL side.");
  return claimed.user;
}

Status check_origin(const HttpCaller& caller, const std::vector<std::string>& allowed) {
  if (caller.origin.empty()) return {};
  const auto scheme = caller.origin.find("://");
  const bool own = scheme != std::string::npos && !caller.host.empty() &&
                   same_word(caller.origin.substr(scheme + 3), caller.host);
  if (own || std::find(allowed.begin(), allowed.end(), caller.origin) != allowed.end()) return {};
  return Error(Code::kPermission, "pages of \"" + caller.origin + "\" may not ask this server",
               "Start it with --http-allow-origin " + caller.origin + " to let them.");
}

}  // namespace millrace::serve
