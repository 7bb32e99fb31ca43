#include "server/jobs/search_trials.h"

#include "gtest/gtest.h"

namespace fitd {
namespace {

TEST(SearchTrialsTest, AnEpochThatIsStillValidatedIsNotDone) {
  v1::JobProgress progress;
  progress.set_epoch(3);
  progress.set_step(10);
  progress.set_steps_per_epoch(10);
  progress.set_complete_epochs(2);
  v1::SearchTrial fit;
  TakeProgress(progress, fit);
  EXPECT_EQ(fit.epochs(), 2);
}

}  // namespace
}  // namespace fitd
