#include "tests/testing/certificates.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace fitd {
namespace {

constexpr long kHour = 3600;

template <typename Write>
std::string ToPem(Write write) {
  const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  write(bio.get());
  const char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

void AddExtension(X509& certificate, int kind, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
  X509_add_ext(&certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

CertificateAuthority::CertificateAuthority()
    : certificate_(nullptr, &X509_free), key_(nullptr, &EVP_PKEY_free) {
  own_ = Make("fitd test authority", /*expired=*/false, /*authority=*/true);
}

CertificateAuthority::~CertificateAuthority() = default;

Certificate CertificateAuthority::Issue(const std::string& name, bool expired) {
  return Make(name, expired, /*authority=*/false);
}

Certificate CertificateAuthority::Make(const std::string& name, bool expired, bool authority) {
  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  std::unique_ptr<X509, void (*)(X509*)> certificate(X509_new(), &X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial_);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -48 * kHour);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), expired ? -kHour : 48 * kHour);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509* const issuer = authority ? certificate.get() : certificate_.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer));
  if (authority) {
    AddExtension(*certificate, NID_basic_constraints, "critical,CA:TRUE");
  } else {
    AddExtension(*certificate, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
  }
  X509_sign(certificate.get(), authority ? key.get() : key_.get(), EVP_sha256());
  Certificate made = {.pem = ToPem([&](BIO* bio) { PEM_write_bio_X509(bio, certificate.get()); }),
                      .key_pem = ToPem([&](BIO* bio) {
                        PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr,
                                                 nullptr);
                      })};
  if (authority) {
    certificate_ = std::move(certificate);
    key_ = std::move(key);
  }
  return made;
}

}  // namespace fitd
