#include "serve/token_book.h"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "data/schema.h"
#include "serve/auth.h"
#include "serve/users.h"

namespace millrace::serve {
namespace {

using nlohmann::json;
using sql::AccessToken;

constexpr const char* kKey = "tokens";
constexpr std::string_view kPrefix = "millrace_";  // so that scanners of secrets can tell it
constexpr size_t kSecretBytes = 20;
constexpr size_t kTokensMax = 10'000;

std::string hash_of(std::string_view secret) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), digest.data());
  return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string new_secret() {
  std::string bytes(kSecretBytes, '\0');
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), kSecretBytes) == 1,
        "OpenSSL has randomness");
  return std::string(kPrefix) + to_hex(bytes);
}

bool is_of(const AccessToken& token, std::string_view user, std::string_view name) {
  return token.user == user && same_name(token.name, name);
}

}  // namespace

Result<TokenBook::Tokens> TokenBook::read_tokens(std::string_view text, const UserBook& users) {
  const Error damaged(Code::kDataLoss, "the record of the access tokens is damaged",
                      "Restore the data directory from a copy.");
  Tokens tokens;
  if (text.empty()) return tokens;
  const json list = json::parse(text, nullptr, false);
  if (!list.is_array()) return damaged;
  for (const json& entry : list) {
    const auto has_text = [&](const char* name) {
      return entry.contains(name) && entry[name].is_string();
    };
    const auto has_number = [&](const char* name) {
      return entry.contains(name) && entry[name].is_number_integer();
    };
    if (!entry.is_object() || !has_text("user") || !has_text("name") || !has_text("sha256") ||
        !has_number("created") || !has_number("expires"))
      return damaged;
    AccessToken token{entry["user"].get<std::string>(), entry["name"].get<std::string>(),
                      entry["created"].get<int64_t>(), entry["expires"].get<int64_t>()};
    if (users.find(token.user)) tokens.emplace(entry["sha256"].get<std::string>(), token);
  }
  return tokens;
}

std::string TokenBook::write_tokens(const Tokens& tokens) {
  json list = json::array();
  for (const auto& [hash, token] : tokens) {
    list.push_back({{"user", token.user},
                    {"name", token.name},
                    {"sha256", hash},
                    {"created", token.created},
                    {"expires", token.expires}});
  }
  return list.dump();
}

Result<std::unique_ptr<TokenBook>> TokenBook::open(SettingsPlace place, const UserBook& users) {
  TRY(const auto text, place.read(kKey));
  TRY(auto tokens, read_tokens(text.value_or(""), users));
  auto book = std::unique_ptr<TokenBook>(new TokenBook(std::move(place)));
  Lock lock(book->mutex_);
  book->tokens_ = std::move(tokens);
  return book;
}

std::optional<AccessToken> TokenBook::find(std::string_view secret, int64_t now_micros) const {
  const std::string hash = hash_of(secret);
  Lock lock(mutex_);
  const auto found = tokens_.find(hash);
  if (found == tokens_.end()) return std::nullopt;
  const auto& token = found->second;
  if (token.expires != 0 && token.expires <= now_micros) return std::nullopt;
  return token;
}

Status TokenBook::keep(Tokens changed) {
  TRY_OK(place_.write(kKey, write_tokens(changed)));
  tokens_ = std::move(changed);
  return {};
}

Result<std::string> TokenBook::create(const AccessToken& token) {
  if (token.name.empty() || token.name.size() > kNameBytesMax)
    return Error(Code::kInvalidArgument,
                 "a token's name has 1 to " + std::to_string(kNameBytesMax) + " bytes");
  Lock lock(mutex_);
  Tokens changed = tokens_;
  // What has expired makes room, and gives its name away.
  std::erase_if(changed, [&](const auto& entry) {
    return entry.second.expires != 0 && entry.second.expires <= token.created;
  });
  for (const auto& [hash, other] : changed) {
    if (is_of(other, token.user, token.name))
      return Error(Code::kAlreadyExists,
                   "user \"" + token.user + "\" has a token \"" + token.name + "\" already",
                   "DROP TOKEN ends it; nobody can be told it again.");
  }
  if (changed.size() >= kTokensMax)
    return Error(Code::kResourceExhausted,
                 "there are " + std::to_string(changed.size()) + " access tokens already");
  std::string secret = new_secret();
  changed.emplace(hash_of(secret), token);
  TRY_OK(keep(std::move(changed)));
  return secret;
}

Status TokenBook::drop(const std::string& user, const std::string& name) {
  Lock lock(mutex_);
  Tokens changed = tokens_;
  if (std::erase_if(changed, [&](const auto& entry) { return is_of(entry.second, user, name); }) ==
      0)
    return Error(Code::kNotFound, "user \"" + user + "\" has no token \"" + name + "\"",
                 "SHOW TOKENS names those there are.");
  return keep(std::move(changed));
}

Status TokenBook::forget(const std::string& user) {
  Lock lock(mutex_);
  Tokens changed = tokens_;
  if (std::erase_if(changed, [&](const auto& entry) { return entry.second.user == user; }) == 0)
    return {};
  return keep(std::move(changed));
}

std::vector<AccessToken> TokenBook::list() const {
  Lock lock(mutex_);
  std::map<std::pair<std::string, std::string>, AccessToken> ordered;
  for (const auto& [hash, token] : tokens_) ordered[{token.user, token.name}] = token;
  std::vector<AccessToken> tokens;
  for (auto& [key, token] : ordered) tokens.push_back(std::move(token));
  return tokens;
}

}  // namespace millrace::serve
