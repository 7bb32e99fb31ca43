#include "server/jobs/request.h"

#include <string>

#include "fitd/v1/model_service.pb.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

using testing::HasSubstr;

TEST(RequestDigestTest, CountsEverythingButTheRequestId) {
  v1::DeleteModelRequest request;
  request.set_name("a");
  const std::string digest = RequestDigest(request);
  request.set_request_id("x");
  EXPECT_EQ(RequestDigest(request), digest);
  request.set_name("b");
  EXPECT_NE(RequestDigest(request), digest);
}

TEST(RequestDigestTest, TellsMethodsApart) {
  v1::DeleteModelRequest model;
  v1::GetModelRequest other;
  model.set_name("a");
  other.set_name("a");
  EXPECT_NE(RequestDigest(model), RequestDigest(other));
}

TEST(CheckIdTest, RefusesWhatIsNotAnId) {
  // Failure case 66: whatever could be mistaken for another name or for a path.
  for (const std::string& id :
       {std::string(), std::string("A"), std::string(" a"), std::string("a b"),
        std::string(".hidden"), std::string("a\0b", 3), std::string("\xff"),
        std::string("\u0430bc"), std::string(64, 'a'), std::string("../etc"), std::string("a/../b"),
        std::string("model/"), std::string("\U0001F600")}) {
    Violations violations;
    CheckId("name", id, violations);
    EXPECT_THAT(violations.ToStatus(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("name: is ")))
        << id;
  }
}

}  // namespace
}  // namespace fitd
