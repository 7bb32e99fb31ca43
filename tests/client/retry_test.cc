#include "client/retry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "absl/strings/cord.h"
#include "google/rpc/error_details.pb.h"
#include "tests/testing/status_matchers.h"

namespace fitd::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(RetryTest, PausesDoubleUpToTheLongest) {
  std::vector<absl::Duration> pauses;
  int attempts = 0;
  const RetryPolicy policy = {
      .attempts = 5, .first_pause = absl::Seconds(1), .longest_pause = absl::Seconds(3)};
  const absl::StatusOr<int> result = Retry<int>(
      policy, [&](absl::Duration pause) { pauses.push_back(pause); },
      [&]() -> absl::StatusOr<int> {
        ++attempts;
        return absl::UnavailableError("");
      });
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(attempts, 5);
  EXPECT_THAT(pauses,
              ElementsAre(absl::Seconds(1), absl::Seconds(2), absl::Seconds(3), absl::Seconds(3)));
}

TEST(RetryTest, PausesAsLongAsTheDaemonAsks) {
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(2);
  absl::Status busy = absl::UnavailableError("");
  busy.SetPayload("type.googleapis.com/google.rpc.RetryInfo", absl::Cord(info.SerializeAsString()));
  std::vector<absl::Duration> pauses;
  const RetryPolicy policy = {
      .attempts = 4, .first_pause = absl::Seconds(1), .longest_pause = absl::Seconds(3)};
  EXPECT_THAT(Retry<int>(
                  policy, [&](absl::Duration pause) { pauses.push_back(pause); },
                  [&]() -> absl::StatusOr<int> { return busy; }),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(pauses, ElementsAre(absl::Seconds(2), absl::Seconds(2), absl::Seconds(3)));
}

TEST(RetryTest, RepeatsNothingButUnavailable) {
  std::vector<absl::Duration> pauses;
  const auto sleep = [&](absl::Duration pause) { pauses.push_back(pause); };
  EXPECT_THAT(Retry<int>({}, sleep, []() -> absl::StatusOr<int> { return 7; }), IsOkAndHolds(7));
  EXPECT_THAT(Retry<int>({}, sleep,
                         []() -> absl::StatusOr<int> { return absl::DeadlineExceededError(""); }),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(pauses, IsEmpty());
}

TEST(BackoffTest, BeginsAnewAfterASuccess) {
  Backoff backoff({.attempts = 2, .first_pause = absl::Seconds(1)});
  EXPECT_EQ(backoff.Next(), absl::Seconds(1));
  EXPECT_EQ(backoff.Next(), std::nullopt);
  backoff.Reset();
  EXPECT_EQ(backoff.Next(), absl::Seconds(1));
}

}  // namespace
}  // namespace fitd::client
