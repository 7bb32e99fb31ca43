#include "server/rpc/tls_files.h"

#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/certificates.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

class TlsFilesTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& content) {
    std::ofstream(temp_.File(name)) << content;
    return temp_.File(name);
  }

  TempDir temp_;
  CertificateAuthority authority_;
  const Certificate certificate_ = authority_.Issue("fitd");
};

TEST_F(TlsFilesTest, KeyMustBelongToTheCertificate) {
  const std::string certificate = Write("cert.pem", certificate_.pem);
  FITD_EXPECT_OK(CheckCertificate(certificate, Write("key.pem", certificate_.key_pem)));
  EXPECT_THAT(CheckCertificate(certificate, Write("key.pem", authority_.Issue("other").key_pem)),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("key values mismatch")));
}

TEST_F(TlsFilesTest, FileAtFaultIsNamed) {
  const std::string certificate = Write("cert.pem", certificate_.pem);
  EXPECT_THAT(CheckCertificate("/nowhere.pem", certificate),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("/nowhere.pem is no certificate")));
  EXPECT_THAT(CheckCertificate(certificate, certificate),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("cert.pem is no private key")));
  EXPECT_THAT(CheckCertificate(Write("text", "hello"), certificate),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("text is no certificate")));
}

TEST_F(TlsFilesTest, AuthoritiesAreCertificates) {
  FITD_EXPECT_OK(CheckCertificateAuthorities(Write("ca.pem", authority_.pem())));
  EXPECT_THAT(CheckCertificateAuthorities(Write("ca.pem", "hello")),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("ca.pem holds no certificates")));
}

}  // namespace
}  // namespace fitd
