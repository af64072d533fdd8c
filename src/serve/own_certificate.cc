// The certificate that the server makes for itself at its first start: an elliptic-curve key and a
// certificate that is signed with it. Clients that want to know whom they speak to are given the
// certificate as their CA.
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "serve/tls.h"

namespace millrace::serve {
namespace {

using KeyHandle = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using CertificateHandle = std::unique_ptr<X509, void (*)(X509*)>;
using Memory = std::unique_ptr<BIO, int (*)(BIO*)>;

constexpr long kSecondsValid = 10L * 365 * 24 * 3600;
constexpr long kSecondsBefore = 24L * 3600;  // clocks differ
constexpr int kVersion3 = 2;                 // as X.509 counts them
constexpr mode_t kForOwner = 0600;
constexpr mode_t kForAll = 0644;

Error failed() {
  return Error(Code::kInternal, "could not make a certificate");
}

bool add_extension(X509* certificate, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, void (*)(X509_EXTENSION*)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value), X509_EXTENSION_free);
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? std::string(name) : std::string();
}

/// `name` as a DNS name in a certificate, if it can be one.
std::string also(const std::string& name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
  const bool fits = !name.empty() && name.find_first_not_of(kAllowed) == std::string::npos;
  return fits ? ",DNS:" + name : std::string();
}

Result<CertificateHandle> make_certificate(EVP_PKEY* key) {
  CertificateHandle certificate(X509_new(), X509_free);
  if (!certificate) return failed();
  X509* it = certificate.get();
  uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return failed();
  serial >>= 1;  // positive
  const std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1" + also(host_name());
  X509_NAME* name = X509_get_subject_name(it);
  const bool done = X509_set_version(it, kVersion3) == 1 &&
                    ASN1_INTEGER_set_uint64(X509_get_serialNumber(it), serial) == 1 &&
                    X509_gmtime_adj(X509_getm_notBefore(it), -kSecondsBefore) != nullptr &&
                    X509_gmtime_adj(X509_getm_notAfter(it), kSecondsValid) != nullptr &&
                    X509_set_pubkey(it, key) == 1 &&
                    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                               reinterpret_cast<const unsigned char*>("millrace"),
                                               -1, -1, 0) == 1 &&
                    X509_set_issuer_name(it, name) == 1 &&
                    add_extension(it, NID_basic_constraints, "critical,CA:TRUE") &&
                    add_extension(it, NID_subject_alt_name, names.c_str()) &&
                    X509_sign(it, key, EVP_sha256()) > 0;
  if (!done) return failed();
  return certificate;
}

std::string text_of(BIO* memory) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<size_t>(size)};
}

/// Whole or not at all: a name that is there is a file that is complete.
Status write_file(const std::string& path, const std::string& text, mode_t mode) {
  const std::string partial = path + ".new";
  const int fd = open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  bool done = fd >= 0 && fchmod(fd, mode) == 0 &&
              write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
              fsync(fd) == 0;
  if (fd >= 0 && close(fd) != 0) done = false;
  if (done && std::rename(partial.c_str(), path.c_str()) == 0) return {};
  return Error(Code::kUnavailable,
               "cannot write \"" + path + "\": " + std::generic_category().message(errno));
}

}  // namespace

Result<TlsFiles> own_certificate(const std::string& directory) {
  TlsFiles files{directory + "/server-cert.pem", directory + "/server-key.pem"};
  std::error_code unknown;
  if (std::filesystem::exists(files.certificate, unknown) &&
      std::filesystem::exists(files.key, unknown))
    return files;
  const KeyHandle key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  if (!key) return failed();
  TRY(const auto certificate, make_certificate(key.get()));
  const Memory key_text(BIO_new(BIO_s_mem()), BIO_free);
  const Memory certificate_text(BIO_new(BIO_s_mem()), BIO_free);
  if (!key_text || !certificate_text ||
      PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
          1 ||
      PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1)
    return failed();
  TRY_OK(write_file(files.key, text_of(key_text.get()), kForOwner));
  TRY_OK(write_file(files.certificate, text_of(certificate_text.get()), kForAll));
  return files;
}

}  // namespace millrace::serve
