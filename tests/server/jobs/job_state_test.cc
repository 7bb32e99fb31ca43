#include "server/jobs/job_state.h"

#include "gtest/gtest.h"

namespace fitd {
namespace {

TEST(JobStateTest, FinalStatesAreNeverLeft) {
  for (int from = v1::JobState_MIN; from <= v1::JobState_MAX; ++from) {
    for (int to = v1::JobState_MIN; to <= v1::JobState_MAX; ++to) {
      if (!IsFinal(static_cast<v1::JobState>(from))) continue;
      EXPECT_FALSE(MayMove(static_cast<v1::JobState>(from), static_cast<v1::JobState>(to)));
    }
  }
}

TEST(JobStateTest, CancelledJobsNeverSucceed) {
  EXPECT_FALSE(MayMove(v1::JOB_STATE_CANCELLING, v1::JOB_STATE_SUCCEEDED));
  EXPECT_TRUE(MayMove(v1::JOB_STATE_CANCELLING, v1::JOB_STATE_CANCELLED));
}

}  // namespace
}  // namespace fitd
