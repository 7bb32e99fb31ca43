#include "core/base/retry_hint.h"

#include <string>

#include "absl/strings/cord.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

TEST(RetryHintTest, DelayIsThePayload) {
  const absl::Status status =
      WithRetryHint(ResourceExhausted("full"), std::chrono::milliseconds(2250));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, "full"));
  google::rpc::RetryInfo info;
  ASSERT_TRUE(info.ParseFromString(std::string(*status.GetPayload(kRetryInfoTypeUrl))));
  EXPECT_EQ(info.retry_delay().seconds(), 2);
  EXPECT_EQ(info.retry_delay().nanos(), 250'000'000);
}

}  // namespace
}  // namespace fitd
