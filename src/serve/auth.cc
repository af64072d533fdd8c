#include "serve/auth.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "base/check.h"

namespace millrace::serve {
namespace {

constexpr unsigned kRsaBits = 2048;

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}
const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string digest(const EVP_MD* kind, std::string_view first, std::string_view second = {}) {
  std::string out(static_cast<size_t>(EVP_MD_get_size(kind)), '\0');
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                                   EVP_MD_CTX_free);
  const bool done = context && EVP_DigestInit_ex(context.get(), kind, nullptr) == 1 &&
                    EVP_DigestUpdate(context.get(), first.data(), first.size()) == 1 &&
                    EVP_DigestUpdate(context.get(), second.data(), second.size()) == 1 &&
                    EVP_DigestFinal_ex(context.get(), bytes_of(out), nullptr) == 1;
  CHECK(done, "SHA1 and SHA256 of bytes in memory cannot fail");
  return out;
}

std::string sha1(std::string_view a, std::string_view b = {}) {
  return digest(EVP_sha1(), a, b);
}
std::string sha256(std::string_view a, std::string_view b = {}) {
  return digest(EVP_sha256(), a, b);
}

/// `text` with every byte xor-ed with `mask`, which is repeated.
std::string masked(std::string_view text, std::string_view mask) {
  std::string out(text);
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<char>(out[i] ^ mask[i % mask.size()]);
  return out;
}

bool equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

using KeyHandle = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, void (*)(EVP_PKEY_CTX*)>;
using Memory = std::unique_ptr<BIO, int (*)(BIO*)>;

KeyContext context_for(EVP_PKEY* key) {
  return {EVP_PKEY_CTX_new(key, nullptr), EVP_PKEY_CTX_free};
}

Error rsa_failed(std::string_view doing) {
  return Error(Code::kAuthentication, "could not " + std::string(doing) + " the password");
}

}  // namespace

std::string make_scramble() {
  std::string scramble(kScrambleBytes, '\0');
  const int done = RAND_bytes(bytes_of(scramble), static_cast<int>(scramble.size()));
  CHECK(done == 1, "the system's random numbers are there");
  for (char& c : scramble) {
    c = static_cast<char>(c & 0x7f);
    if (c == '\0' || c == '$') c = static_cast<char>(c + 1);
  }
  return scramble;
}

std::string native_hash(std::string_view password) {
  return sha1(sha1(password));
}
std::string sha2_hash(std::string_view password) {
  return sha256(sha256(password));
}

std::string native_token(std::string_view password, std::string_view scramble) {
  if (password.empty()) return {};
  return masked(sha1(password), sha1(scramble, native_hash(password)));
}

std::string sha2_token(std::string_view password, std::string_view scramble) {
  if (password.empty()) return {};
  return masked(sha256(password), sha256(sha2_hash(password), scramble));
}

bool check_native(std::string_view token, std::string_view scramble, std::string_view hash) {
  const auto mask = sha1(scramble, hash);
  return token.size() == mask.size() && equal(sha1(masked(token, mask)), hash);
}

bool check_sha2(std::string_view token, std::string_view scramble, std::string_view hash) {
  const auto mask = sha256(hash, scramble);
  return token.size() == mask.size() && equal(sha256(masked(token, mask)), hash);
}

bool check_plain(std::string_view password, std::string_view hash) {
  return equal(sha2_hash(password), hash);
}

struct RsaKey::Key {
  KeyHandle handle;
};

RsaKey::RsaKey(std::unique_ptr<Key> key, std::string pem)
    : key_(std::move(key)), public_pem_(std::move(pem)) {}
RsaKey::~RsaKey() = default;

Result<std::unique_ptr<RsaKey>> RsaKey::generate() {
  KeyHandle handle(EVP_RSA_gen(kRsaBits), EVP_PKEY_free);
  const Memory memory(BIO_new(BIO_s_mem()), BIO_free);
  if (!handle || !memory || PEM_write_bio_PUBKEY(memory.get(), handle.get()) != 1)
    return Error(Code::kInternal, "could not make an RSA key");
  char* data = nullptr;
  const auto size = BIO_get_mem_data(memory.get(), &data);
  std::string pem(data, static_cast<size_t>(size));
  auto key = std::make_unique<Key>(Key{std::move(handle)});
  return std::unique_ptr<RsaKey>(new RsaKey(std::move(key), std::move(pem)));
}

Result<std::string> RsaKey::decrypt_password(std::string_view cipher,
                                             std::string_view scramble) const {
  const auto context = context_for(key_->handle.get());
  size_t size = 0;
  const bool ready =
      context && EVP_PKEY_decrypt_init(context.get()) == 1 &&
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1 &&
      EVP_PKEY_decrypt(context.get(), nullptr, &size, bytes_of(cipher), cipher.size()) == 1;
  if (!ready) return rsa_failed("decrypt");
  std::string plain(size, '\0');
  if (EVP_PKEY_decrypt(context.get(), bytes_of(plain), &size, bytes_of(cipher), cipher.size()) != 1)
    return rsa_failed("decrypt");
  plain.resize(size);
  plain = masked(plain, scramble);
  if (plain.empty() || plain.back() != '\0') return rsa_failed("decrypt");
  plain.pop_back();
  return plain;
}

Result<std::string> encrypt_password(std::string_view password, std::string_view scramble,
                                     std::string_view public_pem) {
  const Memory memory(BIO_new_mem_buf(public_pem.data(), static_cast<int>(public_pem.size())),
                      BIO_free);
  const KeyHandle key(
      memory ? PEM_read_bio_PUBKEY(memory.get(), nullptr, nullptr, nullptr) : nullptr,
      EVP_PKEY_free);
  if (!key || scramble.empty()) return rsa_failed("encrypt");
  const auto plain = masked(std::string(password) + '\0', scramble);
  const auto context = context_for(key.get());
  size_t size = 0;
  const bool ready =
      context && EVP_PKEY_encrypt_init(context.get()) == 1 &&
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1 &&
      EVP_PKEY_encrypt(context.get(), nullptr, &size, bytes_of(plain), plain.size()) == 1;
  if (!ready) return rsa_failed("encrypt");
  std::string cipher(size, '\0');
  if (EVP_PKEY_encrypt(context.get(), bytes_of(cipher), &size, bytes_of(plain), plain.size()) != 1)
    return rsa_failed("encrypt");
  cipher.resize(size);
  return cipher;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kDigits[static_cast<uint8_t>(c) >> 4];
    out += kDigits[static_cast<uint8_t>(c) & 15];
  }
  return out;
}

std::string from_hex(std::string_view digits) {
  const auto value = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  if (digits.size() % 2 != 0) return {};
  std::string out;
  for (size_t i = 0; i < digits.size(); i += 2) {
    const int high = value(digits[i]);
    const int low = value(digits[i + 1]);
    if (high < 0 || low < 0) return {};
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

}  // namespace millrace::serve
