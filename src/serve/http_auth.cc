#include "serve/http_auth.h"

#include <openssl/evp.h>

#include <algorithm>
#include <optional>

#include "base/clock.h"
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

/// The secret of a bearer token.
std::optional<std::string_view> read_bearer(std::string_view header) {
  constexpr std::string_view kScheme = "Bearer ";
  constexpr size_t kHeaderBytesMax = 4096;
  if (header.size() > kHeaderBytesMax || !same_word(header.substr(0, kScheme.size()), kScheme))
    return std::nullopt;
  return header.substr(kScheme.size());
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
               "Send the user and password of the MySQL side as HTTP Basic authentication, or a "
               "bearer token of CREATE TOKEN.");
}

/// Whether it is who it says.
Status prove(const UserBook& users, const HttpCaller& caller, const Credentials& claimed,
             bool local) {
  const bool with_password = !claimed.password.empty();
  const UserRecord record = users.record(claimed.user);
  const bool welcome = sql::is_host(record.host, caller.peer, local);
  if (record.has_password()) {
    if (!with_password || !check_plain(claimed.password, record.sha2_hash) || !welcome)
      return denied(caller, claimed.user, with_password);
    return {};
  }
  if (with_password || !welcome) return denied(caller, claimed.user, with_password);
  if (local && is_loopback_name(caller.host)) return {};
  return Error(Code::kAuthentication,
               "user \"" + claimed.user + "\" has no password and may ask from this machine only",
               "Ask http://127.0.0.1, or run SET PASSWORD = '...' on the MySQL side.");
}

/// The user that the secret stands for, if it may come from there.
std::optional<std::string> prove(const UserBook& users, const TokenBook& tokens,
                                 const HttpCaller& caller, std::string_view secret, bool local) {
  const auto token = tokens.find(secret, now_micros());
  const auto account = token ? users.find(token->user) : nullptr;
  if (!account || !sql::is_host(account->host, caller.peer, local)) return std::nullopt;
  return account->name;
}

}  // namespace

std::string claimed_user(const HttpCaller& caller) {
  const auto claimed = read_basic(caller.authorization);
  return claimed ? claimed->user : std::string();
}

Result<HttpIdentity> authenticate(const UserBook& users, const TokenBook& tokens, LoginGuard& guard,
                                  const HttpCaller& caller) {
  const auto loopback = is_loopback(caller.peer);
  const bool local = loopback && *loopback;
  const auto secret = read_bearer(caller.authorization);
  if (secret) {
    if (const auto user = prove(users, tokens, caller, *secret, local))
      return HttpIdentity{*user, true};
    // Which account the secret was meant for, nobody knows: the address alone is slowed.
    const std::string nobody = "bearer of " + caller.peer;
    const LoginAttempt attempt{nobody, caller.peer, local};
    TRY_OK(guard.pass(attempt, Milliseconds(0)));
    guard.note(attempt, false, now_micros());
    return Error(Code::kAuthentication, "the access token is not valid (any more)",
                 "CREATE TOKEN makes one, on the MySQL side.");
  }
  Credentials claimed{std::string(kRoot), {}};
  if (!caller.authorization.empty()) {
    auto read = read_basic(caller.authorization);
    if (!read) return denied(caller, "", false);
    claimed = std::move(*read);
  }
  const LoginAttempt attempt{claimed.user, caller.peer, local};
  TRY_OK(guard.pass(attempt, Milliseconds(0)));
  const auto proven = prove(users, caller, claimed, local);
  guard.note(attempt, proven.has_value(), now_micros());
  if (!proven) return proven.error();
  return HttpIdentity{claimed.user, false};
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
