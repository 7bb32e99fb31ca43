#include "server/jobs/job_feeds.h"

#include "gtest/gtest.h"

namespace fitd {
namespace {

TEST(JobFeedsTest, FollowersAreWokenUntilTheirSubscriptionEnds) {
  JobFeeds feeds;
  int wakes = 0;
  {
    const JobFeeds::Subscription subscription(feeds, 1, [&] { ++wakes; });
    feeds.EventsStored(1);
    feeds.EventsStored(2);
    EXPECT_EQ(wakes, 1);
    EXPECT_EQ(feeds.EventsRevision(1), 1);
  }
  feeds.EventsStored(1);
  EXPECT_EQ(wakes, 1);
}

TEST(JobFeedsTest, ProgressWithinAHundredMillisecondsIsDropped) {
  JobFeeds feeds;
  v1::JobProgress progress;
  progress.set_step(1);
  feeds.PublishProgress(1, progress);
  progress.set_step(2);
  feeds.PublishProgress(1, progress);
  EXPECT_EQ(feeds.NewestProgress(1)->progress.step(), 1);
  feeds.ClearProgress(1);
  EXPECT_FALSE(feeds.NewestProgress(1).has_value());
}

TEST(JobFeedsTest, StopWakesEverybody) {
  JobFeeds feeds;
  int wakes = 0;
  const JobFeeds::Subscription first(feeds, 1, [&] { ++wakes; });
  const JobFeeds::Subscription second(feeds, 2, [&] { ++wakes; });
  feeds.Stop();
  EXPECT_TRUE(feeds.stopped());
  EXPECT_EQ(wakes, 2);
}

}  // namespace
}  // namespace fitd
