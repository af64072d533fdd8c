// The desk at the door: finds out whether a client is who it says, over the client's own channel.
// It takes the proof that came with the login when it was made with a plugin of ours, asks for
// another when it was not (AuthSwitchRequest), and lets a caching_sha2_password client send the
// password, under TLS or under RSA, when its proof does not hold (full authentication, as MySQL
// does). One per
// server; thread-safe; it runs on the connections' threads. It never says which of user and
// password was wrong.
//
// Source: MySQL's client/server protocol, "Connection Phase", "Authentication Methods".
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/thread.h"
#include "serve/auth.h"
#include "serve/login_guard.h"
#include "serve/messages.h"
#include "serve/packet.h"
#include "serve/users.h"

namespace millrace::serve {

class LoginDesk {
 public:
  /// `plugin` is the one that the greeting names: kSha2Plugin or kNativePlugin.
  LoginDesk(const UserBook& users, std::string plugin, LoginGuard& guard)
      : users_(users), plugin_(std::move(plugin)), guard_(guard) {}

  const std::string& plugin() const { return plugin_; }

  struct Visitor {
    const Login& login;
    const std::string& scramble;  // of the greeting
    const std::string& host;      // for the error
    Milliseconds patience;        // for each packet
    bool confidential = false;    // nobody else can read the channel (TLS)
  };
  /// Nothing when the client may come in; the OK packet is the caller's. It waits its turn when
  /// there were failures. Errors: kAuthentication, kLimit, and those of the channel.
  Status admit(PacketChannel& channel, const Visitor& visitor) const;

 private:
  Status prove(PacketChannel& channel, const Visitor& visitor, bool local) const;
  Result<bool> prove_sha2(PacketChannel& channel, const Visitor& visitor, const UserRecord& record,
                          const std::string& response, const std::string& scramble) const;
  Result<bool> prove_in_full(PacketChannel& channel, const Visitor& visitor,
                             const UserRecord& record, const std::string& scramble) const;
  Result<const RsaKey*> key() const;

  const UserBook& users_;
  const std::string plugin_;
  LoginGuard& guard_;
  mutable Mutex mutex_;
  mutable std::unique_ptr<RsaKey> key_ GUARDED_BY(mutex_);  // made when first asked for
};

}  // namespace millrace::serve
