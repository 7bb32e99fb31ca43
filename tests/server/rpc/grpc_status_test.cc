#include "server/rpc/grpc_status.h"

#include <chrono>
#include <string>

#include "core/base/retry_hint.h"
#include "core/base/violations.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

google::rpc::Status DetailsOf(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  return details;
}

TEST(GrpcStatusTest, CodesAreTheSame) {
  for (int code = 1; code <= 16; ++code) {
    const grpc::Status status =
        ToGrpcStatus(absl::Status(static_cast<absl::StatusCode>(code), "text"));
    EXPECT_EQ(static_cast<int>(status.error_code()), code);
    EXPECT_EQ(status.error_message(), "text");
    EXPECT_EQ(DetailsOf(status).code(), code);
  }
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
}

TEST(GrpcStatusTest, ViolationsAreInTheDetails) {
  Violations violations;
  violations.Add("name", "is bad");
  google::rpc::BadRequest bad_request;
  ASSERT_TRUE(DetailsOf(ToGrpcStatus(violations.ToStatus())).details(0).UnpackTo(&bad_request));
  EXPECT_EQ(bad_request.field_violations(0).field(), "name");
  EXPECT_EQ(bad_request.field_violations(0).description(), "is bad");
}

TEST(GrpcStatusTest, RetryHintIsInTheDetails) {
  google::rpc::RetryInfo info;
  const absl::Status status =
      WithRetryHint(ResourceExhausted("full"), std::chrono::milliseconds(1500));
  ASSERT_TRUE(DetailsOf(ToGrpcStatus(status)).details(0).UnpackTo(&info));
  EXPECT_EQ(info.retry_delay().seconds(), 1);
  EXPECT_EQ(info.retry_delay().nanos(), 500'000'000);
}

// Failure case 59: metadata beyond 8 KiB would hide the true code.
TEST(GrpcStatusTest, TextAndDetailsAreBounded) {
  Violations violations;
  for (int i = 0; i < 1000; ++i)
    violations.Add("field", "has a description of some length, written many times over");
  const grpc::Status status = ToGrpcStatus(violations.ToStatus());
  EXPECT_LE(status.error_message().size(), 1024u);
  EXPECT_LE(status.error_details().size(), 3072u);
  google::rpc::BadRequest bad_request;
  ASSERT_TRUE(DetailsOf(status).details(0).UnpackTo(&bad_request));
  EXPECT_GT(bad_request.field_violations_size(), 10);
}

TEST(GrpcStatusTest, CountsTheViolationsThatDoNotFitAndKeepsTheLast) {
  LimitedViolations violations;
  for (int i = 0; i < 40; ++i) violations.Add("row " + std::to_string(i), std::string(400, 'x'));
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(ToGrpcStatus(violations.ToStatus("rows")).error_details()));
  google::rpc::BadRequest shown;
  ASSERT_TRUE(details.details(0).UnpackTo(&shown));
  const int last = shown.field_violations_size() - 1;
  ASSERT_GE(last, 2);
  EXPECT_EQ(shown.field_violations(last).description(), "and 20 more");
  EXPECT_EQ(shown.field_violations(last - 1).description(),
            "and " + std::to_string(20 - (last - 1)) + " more");
  EXPECT_LT(shown.ByteSizeLong(), 3072U);
}

TEST(GrpcStatusTest, OneViolationOfAnyLengthIsShown) {
  for (const int count : {1, 3}) {
    Violations violations;
    for (int i = 0; i < count; ++i)
      violations.Add(std::string(10'000, 'f'), std::string(100'000, 'x'));
    const std::string bytes = ToGrpcStatus(violations.ToStatus()).error_details();
    EXPECT_LT(bytes.size(), 3072U);
    google::rpc::Status details;
    ASSERT_TRUE(details.ParseFromString(bytes));
    google::rpc::BadRequest shown;
    ASSERT_TRUE(details.details(0).UnpackTo(&shown));
    ASSERT_GE(shown.field_violations_size(), 1);
    EXPECT_EQ(shown.field_violations().rbegin()->description().size(), 1024U);
  }
}

}  // namespace
}  // namespace fitd
