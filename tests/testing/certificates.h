// Certificates for tests, made anew.

#ifndef FITD_TESTS_TESTING_CERTIFICATES_H_
#define FITD_TESTS_TESTING_CERTIFICATES_H_

#include <openssl/types.h>

#include <memory>
#include <string>

namespace fitd {

// A certificate and its private key, as PEM.
struct Certificate {
  std::string pem;
  std::string key_pem;
};

// A certificate authority. Single-thread.
class CertificateAuthority {
 public:
  CertificateAuthority();
  ~CertificateAuthority();

  // Its own certificate.
  const std::string& pem() const { return own_.pem; }
  // A certificate for 127.0.0.1 and localhost; `name` is the subject's. An expired one ended an
  // hour ago.
  Certificate Issue(const std::string& name, bool expired = false);

 private:
  Certificate Make(const std::string& name, bool expired, bool authority);

  std::unique_ptr<X509, void (*)(X509*)> certificate_;
  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key_;
  Certificate own_;
  long serial_ = 0;
};

}  // namespace fitd

#endif  // FITD_TESTS_TESTING_CERTIFICATES_H_
