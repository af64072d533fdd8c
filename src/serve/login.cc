#include "serve/login.h"

#include "serve/socket.h"
#include "serve/wire.h"

namespace millrace::serve {
namespace {

// AuthMoreData of caching_sha2_password, and what the client asks with.
constexpr std::string_view kFastSuccess("\x01\x03", 2);
constexpr std::string_view kFullWanted("\x01\x04", 2);
constexpr std::string_view kKeyWanted("\x02", 1);

/// Clients say "no password" with nothing, or with one NUL.
bool is_empty_proof(std::string_view response) {
  return response.empty() || response == std::string_view("\0", 1);
}

Error denied(const LoginDesk::Visitor& visitor, bool with_password) {
  return Error(Code::kAuthentication,
               "access denied for user \"" + visitor.login.user + "\"@\"" + visitor.host +
                   "\" (using password: " + (with_password ? "YES)" : "NO)"));
}

}  // namespace

Status LoginDesk::admit(PacketChannel& channel, const Visitor& visitor) const {
  const UserRecord record = users_.record(visitor.login.user);
  // Clients from before there were plugins know one way only.
  std::string plugin(visitor.login.plugin.empty() ? kNativePlugin : visitor.login.plugin);
  std::string response = visitor.login.response;
  std::string scramble = visitor.scramble;
  if (plugin != kNativePlugin && plugin != kSha2Plugin) {
    plugin = plugin_;
    scramble = make_scramble();
    TRY_OK(channel.write(write_auth_switch(plugin, scramble)));
    TRY_OK(channel.flush());
    TRY_OK(channel.read(response, visitor.patience));
  }
  const bool with_password = !is_empty_proof(response);
  const auto loopback = is_loopback(visitor.host);
  const bool local = loopback && *loopback;
  const bool welcome = sql::is_host(record.host, visitor.host, local);
  if (!with_password || !record.has_password()) {
    // Who has no password may come from this machine alone.
    if (with_password || record.has_password() || !welcome || !local)
      return denied(visitor, with_password);
    return {};
  }
  bool proven = false;
  if (plugin == kNativePlugin) {
    proven = check_native(response, scramble, record.native_hash);
  } else {
    TRY(proven, prove_sha2(channel, visitor, record, response, scramble));
  }
  if (!proven || !welcome) return denied(visitor, true);
  return {};
}

Result<bool> LoginDesk::prove_sha2(PacketChannel& channel, const Visitor& visitor,
                                   const UserRecord& record, const std::string& response,
                                   const std::string& scramble) const {
  if (!check_sha2(response, scramble, record.sha2_hash))
    return prove_in_full(channel, visitor, record, scramble);
  TRY_OK(channel.write(kFastSuccess));  // the OK follows in the same flush
  return true;
}

Result<bool> LoginDesk::prove_in_full(PacketChannel& channel, const Visitor& visitor,
                                      const UserRecord& record, const std::string& scramble) const {
  TRY_OK(channel.write(kFullWanted));
  TRY_OK(channel.flush());
  std::string packet;
  TRY_OK(channel.read(packet, visitor.patience));
  if (visitor.confidential) {  // the password itself, and a NUL
    if (packet.empty() || packet.back() != '\0') return false;
    packet.pop_back();
    return check_plain(packet, record.sha2_hash);
  }
  TRY(const RsaKey* rsa, key());
  if (packet == kKeyWanted) {
    std::string answer;
    append_u8(answer, kMoreDataHeader);
    answer += rsa->public_pem();
    TRY_OK(channel.write(answer));
    TRY_OK(channel.flush());
    TRY_OK(channel.read(packet, visitor.patience));
  }
  const auto password = rsa->decrypt_password(packet, scramble);
  return password && check_plain(*password, record.sha2_hash);
}

Result<const RsaKey*> LoginDesk::key() const {
  Lock lock(mutex_);
  if (!key_) {
    TRY(key_, RsaKey::generate());
  }
  return const_cast<const RsaKey*>(key_.get());
}

}  // namespace millrace::serve
