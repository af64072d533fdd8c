#include "serve/users.h"

#include <algorithm>
#include <array>

#include "serve/auth.h"

namespace millrace::serve {
namespace {

constexpr std::string_view kSettingKey = "user.root";
constexpr size_t kPasswordBytesMax = 200;  // must fit one RSA block with its padding

/// "native=<40 digits> sha2=<64 digits>"; empty for no password.
std::string to_text(const UserRecord& record) {
  if (!record.has_password()) return {};
  return "native=" + to_hex(record.native_hash) + " sha2=" + to_hex(record.sha2_hash);
}

Result<UserRecord> from_text(std::string_view text) {
  UserRecord record;
  if (text.empty()) return record;
  constexpr std::string_view kNative = "native=";
  constexpr std::string_view kSha2 = " sha2=";
  const auto second = text.find(kSha2);
  if (text.substr(0, kNative.size()) == kNative && second != std::string_view::npos) {
    record.native_hash = from_hex(text.substr(kNative.size(), second - kNative.size()));
    record.sha2_hash = from_hex(text.substr(second + kSha2.size()));
  }
  if (record.native_hash.size() != 20 || record.sha2_hash.size() != 32)
    return Error(Code::kDataLoss, "the record of user \"root\" is damaged",
                 "Restore the data directory from a copy.");
  return record;
}

Error no_such_user(const std::string& user, const std::string& host) {
  return Error(Code::kNotFound, "user \"" + user + "\"@\"" + host + "\" does not exist",
               "The one user is root, from any host.");
}

}  // namespace

Result<std::unique_ptr<UserBook>> UserBook::open(SettingsPlace place) {
  TRY(const auto kept, place.read(std::string(kSettingKey)));
  TRY(auto record, from_text(kept.value_or("")));
  auto book = std::unique_ptr<UserBook>(new UserBook(std::move(place)));
  {
    Lock lock(book->mutex_);
    book->root_ = std::move(record);
  }
  return book;
}

UserRecord UserBook::find(std::string_view user) const {
  if (user != kRoot) return {make_scramble(), make_scramble() + make_scramble().substr(0, 12)};
  Lock lock(mutex_);
  return root_;
}

Status UserBook::set_password(const std::string& user, const std::string& host,
                              const std::string& password) {
  constexpr std::array<std::string_view, 5> kHosts{"", "%", "localhost", "127.0.0.1", "::1"};
  if (user != kRoot || std::find(kHosts.begin(), kHosts.end(), host) == kHosts.end())
    return no_such_user(user, host);
  if (password.size() > kPasswordBytesMax)
    return Error(Code::kInvalidArgument, "cannot set a password of more than " +
                                             std::to_string(kPasswordBytesMax) + " bytes");
  if (password.find('\0') != std::string::npos)
    return Error(Code::kInvalidArgument, "cannot set a password that contains a NUL byte");
  UserRecord record;
  if (!password.empty()) record = {native_hash(password), sha2_hash(password)};
  Lock lock(mutex_);
  TRY_OK(place_.write(std::string(kSettingKey), to_text(record)));
  root_ = std::move(record);
  return {};
}

}  // namespace millrace::serve
