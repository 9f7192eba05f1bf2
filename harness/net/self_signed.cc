#include "harness/net/self_signed.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "harness/base/check.h"
#include "harness/base/file.h"

namespace tocsin::net {
namespace {

constexpr long kHour = 3600;
constexpr long kMonth = 30 * 24 * kHour;

struct Release {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(ASN1_OCTET_STRING* text) const { ASN1_OCTET_STRING_free(text); }
};

using KeyPtr = std::unique_ptr<EVP_PKEY, Release>;
using CertificatePtr = std::unique_ptr<X509, Release>;

Error certificate_error() {
  const unsigned long code = ERR_get_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  return io_error(std::string("cannot make a certificate: ") +
                  (reason != nullptr ? reason : "unknown reason"));
}

/// "DNS:localhost,IP:127.0.0.1".
std::string alternative_names(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) {
    const std::unique_ptr<ASN1_OCTET_STRING, Release> ip(a2i_IPADDRESS(name.c_str()));
    ERR_clear_error();
    all += (all.empty() ? "" : ",") + std::string(ip ? "IP:" : "DNS:") + name;
  }
  return all;
}

bool add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Release> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

CertificatePtr sign_own(EVP_PKEY* key, const std::vector<std::string>& names) {
  CertificatePtr certificate(X509_new());
  X509* const made = certificate.get();
  std::uint32_t serial = 0;
  if (made == nullptr ||
      RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) {
    return nullptr;
  }
  X509_NAME* const name = X509_get_subject_name(made);
  const auto* common = reinterpret_cast<const unsigned char*>(names.front().c_str());
  const bool filled =
      X509_set_version(made, 2) == 1 &&
      ASN1_INTEGER_set_uint64(X509_get_serialNumber(made), serial) == 1 &&
      X509_gmtime_adj(X509_getm_notBefore(made), -kHour) != nullptr &&
      X509_gmtime_adj(X509_getm_notAfter(made), kMonth) != nullptr &&
      X509_set_pubkey(made, key) == 1 &&
      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, common, -1, -1, 0) == 1 &&
      X509_set_issuer_name(made, name) == 1 &&
      add_extension(made, NID_basic_constraints, "critical,CA:TRUE") &&
      add_extension(made, NID_subject_alt_name, alternative_names(names)) &&
      X509_sign(made, key, EVP_sha256()) > 0;
  return filled ? std::move(certificate) : nullptr;
}

template <class Write>
std::string pem(const Write& write) {
  const std::unique_ptr<BIO, Release> bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || write(bio.get()) != 1) return "";
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

}  // namespace

Result<std::unique_ptr<SelfSigned>> SelfSigned::make(const std::vector<std::string>& names,
                                                     const std::string& parent) {
  TOCSIN_CHECK(!names.empty(), "a certificate is for somebody");
  const KeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) return certificate_error();
  const CertificatePtr certificate = sign_own(key.get(), names);
  if (certificate == nullptr) return certificate_error();
  std::unique_ptr<SelfSigned> made(new SelfSigned());
  std::error_code no_folder;
  const std::filesystem::path top = parent.empty() ? std::filesystem::temp_directory_path(no_folder)
                                                   : std::filesystem::path(parent);
  std::string pattern = (top / "tocsin-XXXXXX").string();
  if (no_folder || ::mkdtemp(pattern.data()) == nullptr) {
    return io_error("cannot make a temporary folder for a certificate: " +
                    std::string(std::strerror(errno)));
  }
  made->folder_ = pattern;
  made->certificate_file_ = pattern + "/certificate.pem";
  const std::string key_file = pattern + "/key.pem";  // nobody else may enter the folder
  TRY_VOID(write_file_atomically(made->certificate_file_, pem([&](BIO* bio) {
                                   return PEM_write_bio_X509(bio, certificate.get());
                                 })));
  TRY_VOID(write_file_atomically(key_file, pem([&](BIO* bio) {
                                   return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr,
                                                                   0, nullptr, nullptr);
                                 })));
  TRY(made->server_, TlsContext::server({made->certificate_file_, key_file}));
  std::error_code ignored;
  std::filesystem::remove(key_file, ignored);
  return made;
}

SelfSigned::~SelfSigned() {
  if (folder_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace tocsin::net
