// The arithmetic of MySQL's two password proofs, for the server that checks them and the client
// that makes them. mysql_native_password proves SHA1, caching_sha2_password SHA256; neither sends
// the password, and the server keeps only a hash of a hash. When a caching_sha2 proof does not hold
// the client may send the password itself, encrypted with the server's RSA key ("full
// authentication"). Pure functions and one immutable key; thread-safe. Compares in constant time.
//
// Source: MySQL's client/server protocol, "Native Authentication" and "Caching_sha2_password
// information".
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::serve {

inline constexpr std::string_view kNativePlugin = "mysql_native_password";
inline constexpr std::string_view kSha2Plugin = "caching_sha2_password";
inline constexpr size_t kScrambleBytes = 20;

/// 20 random bytes, none of them NUL or '$' (old clients end it at either).
std::string make_scramble();

/// What the server keeps of a password: SHA1(SHA1(p)), SHA256(SHA256(p)); raw bytes.
std::string native_hash(std::string_view password);
std::string sha2_hash(std::string_view password);

/// What the client answers: 20 and 32 bytes; empty for an empty password.
std::string native_token(std::string_view password, std::string_view scramble);
std::string sha2_token(std::string_view password, std::string_view scramble);

/// Whether the token proves knowledge of the password behind `hash`. False for any other length.
bool check_native(std::string_view token, std::string_view scramble, std::string_view hash);
bool check_sha2(std::string_view token, std::string_view scramble, std::string_view hash);
/// Whether `password` is the one behind the sha2 `hash`.
bool check_plain(std::string_view password, std::string_view hash);

/// The server's key pair for full authentication, new with each process.
class RsaKey {
 public:
  static Result<std::unique_ptr<RsaKey>> generate();
  ~RsaKey();
  /// PEM, as the client wants it.
  const std::string& public_pem() const { return public_pem_; }
  /// The password from what the client sent. Errors: kAuthentication for anything malformed.
  Result<std::string> decrypt_password(std::string_view cipher, std::string_view scramble) const;

 private:
  struct Key;
  RsaKey(std::unique_ptr<Key> key, std::string pem);
  std::unique_ptr<Key> key_;
  std::string public_pem_;
};

/// The client's side: the password, encrypted for the holder of the key.
Result<std::string> encrypt_password(std::string_view password, std::string_view scramble,
                                     std::string_view public_pem);

std::string to_hex(std::string_view bytes);
/// Nothing but the bytes of an even number of hexadecimal digits; else empty.
std::string from_hex(std::string_view digits);

}  // namespace millrace::serve
