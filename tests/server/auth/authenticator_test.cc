#include "server/auth/authenticator.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

constexpr char kPredict[] = "fitd.v1.PredictionService/Predict";
constexpr char kStartFit[] = "fitd.v1.JobService/StartFit";
constexpr char kBackup[] = "fitd.v1.ServerService/BackupStore";

class AuthenticatorTest : public testing::Test {
 protected:
  void Open() { FITD_ASSERT_OK_AND_ASSIGN(authenticator_, Authenticator::Create(path_)); }

  // The header of a new token.
  std::string Bearer(const std::string& name, Role role) {
    const auto token = CreateToken(path_, name, role, absl::Now());
    EXPECT_TRUE(token.ok()) << token.status();
    return "Bearer " + *token;
  }

  TempDir temp_;
  const std::string path_ = temp_.File("tokens");
  std::unique_ptr<Authenticator> authenticator_;
};

TEST_F(AuthenticatorTest, WithoutAFileEveryCallMayBeMade) {
  Open();
  FITD_EXPECT_OK(authenticator_->Check(kBackup, ""));
  FITD_EXPECT_OK(authenticator_->Check(kBackup, "Bearer nonsense"));
  EXPECT_FALSE(authenticator_->required());
}

TEST_F(AuthenticatorTest, EachRoleMayDoWhatThoseBelowItMay) {
  const std::string predictor = Bearer("p", Role::kPredictor);
  const std::string trainer = Bearer("t", Role::kTrainer);
  const std::string admin = Bearer("a", Role::kAdmin);
  Open();
  for (const std::string& header : {predictor, trainer, admin})
    FITD_EXPECT_OK(authenticator_->Check(kPredict, header));
  EXPECT_THAT(
      authenticator_->Check(kStartFit, predictor),
      StatusIs(StatusCode::kPermissionDenied,
               "token p has the role predictor; fitd.v1.JobService/StartFit needs trainer"));
  FITD_EXPECT_OK(authenticator_->Check(kStartFit, trainer));
  FITD_EXPECT_OK(authenticator_->Check(kStartFit, admin));
  EXPECT_THAT(authenticator_->Check(kBackup, trainer), StatusIs(StatusCode::kPermissionDenied));
  FITD_EXPECT_OK(authenticator_->Check(kBackup, admin));
}

TEST_F(AuthenticatorTest, WrongTokensAreRefused) {
  const std::string header = Bearer("a", Role::kAdmin);
  Open();
  const std::string token = header.substr(7);
  for (const std::string& wrong : std::vector<std::string>{
           "", token, "bearer " + token, "Basic " + token, "Bearer", "Bearer ", "Bearer  " + token,
           "Bearer " + token + " ", "Bearer " + token.substr(0, 20)}) {
    EXPECT_THAT(authenticator_->Check(kPredict, wrong), StatusIs(StatusCode::kUnauthenticated))
        << wrong;
  }
  FITD_EXPECT_OK(authenticator_->Check(kPredict, header));
}

TEST_F(AuthenticatorTest, ProbesNeedNoToken) {
  Bearer("a", Role::kAdmin);
  Open();
  FITD_EXPECT_OK(authenticator_->Check("grpc.health.v1.Health/Check", ""));
}

TEST_F(AuthenticatorTest, MethodWithoutARuleIsForAdmins) {
  const std::string trainer = Bearer("t", Role::kTrainer);
  const std::string admin = Bearer("a", Role::kAdmin);
  Open();
  for (const char* method : {"", "/", "fitd.v1.ModelService/None", "fitd.v1.ModelService"}) {
    EXPECT_THAT(authenticator_->Check(method, ""), StatusIs(StatusCode::kUnauthenticated));
    EXPECT_THAT(authenticator_->Check(method, trainer), StatusIs(StatusCode::kPermissionDenied));
    FITD_EXPECT_OK(authenticator_->Check(method, admin));
  }
}

TEST_F(AuthenticatorTest, ChangesCountFromTheNextCallOn) {
  Open();
  FITD_EXPECT_OK(authenticator_->Check(kPredict, ""));
  const std::string header = Bearer("p", Role::kPredictor);
  EXPECT_THAT(authenticator_->Check(kPredict, ""), StatusIs(StatusCode::kUnauthenticated));
  FITD_EXPECT_OK(authenticator_->Check(kPredict, header));
  FITD_ASSERT_OK(RevokeToken(path_, "p"));
  EXPECT_THAT(authenticator_->Check(kPredict, header),
              StatusIs(StatusCode::kUnauthenticated, HasSubstr("revoked")));
  // The last token is gone: nobody may call.
  EXPECT_THAT(authenticator_->Check(kPredict, ""), StatusIs(StatusCode::kUnauthenticated));
}

TEST_F(AuthenticatorTest, FileThatIsGoneOrBrokenOpensNothing) {
  const std::string header = Bearer("p", Role::kPredictor);
  Open();
  std::ofstream(path_) << "nonsense\n";
  EXPECT_THAT(authenticator_->Check(kPredict, ""), StatusIs(StatusCode::kUnauthenticated));
  FITD_EXPECT_OK(authenticator_->Check(kPredict, header));
  std::filesystem::remove(path_);
  EXPECT_THAT(authenticator_->Check(kPredict, ""), StatusIs(StatusCode::kUnauthenticated));
  FITD_EXPECT_OK(authenticator_->Check(kPredict, header));
}

TEST_F(AuthenticatorTest, BrokenFileAtTheStartIsAnError) {
  std::ofstream(path_) << "nonsense\n";
  EXPECT_THAT(Authenticator::Create(path_).status(), StatusIs(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace fitd
