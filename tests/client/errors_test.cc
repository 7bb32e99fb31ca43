#include "client/errors.h"

#include <gmock/gmock.h>
#include <grpcpp/support/status.h>
#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/testing/status_matchers.h"

namespace fitd::client {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

TEST(FromGrpcTest, KeepsCodeAndMessage) {
  FITD_EXPECT_OK(FromGrpc(grpc::Status::OK));
  EXPECT_THAT(FromGrpc(grpc::Status(grpc::StatusCode::ABORTED, "alias moved")),
              StatusIs(absl::StatusCode::kAborted, "alias moved"));
}

TEST(FieldViolationsTest, ReadsTheDetails) {
  google::rpc::BadRequest bad;
  auto* violation = bad.add_field_violations();
  violation->set_field("spec.layers[2].dense.units");
  violation->set_description("is 0; allowed: 1 to 1048576");
  google::rpc::Status details;
  details.add_details()->PackFrom(bad);
  const auto violations = FieldViolations(FromGrpc(
      grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "2 faults", details.SerializeAsString())));
  ASSERT_THAT(violations, SizeIs(1));
  EXPECT_EQ(violations[0].field, "spec.layers[2].dense.units");
  EXPECT_EQ(violations[0].description, "is 0; allowed: 1 to 1048576");
}

TEST(FieldViolationsTest, IsEmptyWithoutDetails) {
  EXPECT_THAT(FieldViolations(absl::InvalidArgumentError("x")), IsEmpty());
  EXPECT_THAT(FieldViolations(
                  FromGrpc(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "x", "\xFF garbage"))),
              IsEmpty());
}

TEST(RetryDelayTest, IsWhatTheDaemonSays) {
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(2);
  info.mutable_retry_delay()->set_nanos(500'000'000);
  google::rpc::Status details;
  details.add_details()->PackFrom(info);
  EXPECT_EQ(RetryDelay(FromGrpc(
                grpc::Status(grpc::StatusCode::UNAVAILABLE, "later", details.SerializeAsString()))),
            absl::Milliseconds(2500));
  EXPECT_EQ(RetryDelay(absl::UnavailableError("x")), std::nullopt);
}

}  // namespace
}  // namespace fitd::client
