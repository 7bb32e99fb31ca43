#include "server/jobs/job_feeds.h"

#include <optional>
#include <thread>

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

TEST(JobFeedsTest, StopWakesEverybodyAndWaitsUntilTheyAreGone) {
  JobFeeds feeds;
  std::optional<JobFeeds::Subscription> first;
  std::optional<JobFeeds::Subscription> second;
  std::thread leaver;
  first.emplace(feeds, 1, [] {});
  second.emplace(feeds, 2, [&] {
    leaver = std::thread([&] {
      first.reset();
      second.reset();
    });
  });
  EXPECT_TRUE(feeds.Stop());
  EXPECT_TRUE(feeds.stopped());
  leaver.join();
  EXPECT_FALSE(feeds.Stop());
}

}  // namespace
}  // namespace fitd
