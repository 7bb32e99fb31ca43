#include "server/jobs/job_feeds.h"

#include <atomic>
#include <optional>
#include <semaphore>
#include <thread>

#include "gtest/gtest.h"

namespace fitd {
namespace {

v1::JobEvent Event(int64_t number) {
  v1::JobEvent event;
  event.set_number(number);
  return event;
}

v1::JobProgress Place(int64_t position) {
  v1::JobProgress place;
  place.set_queue_position(position);
  return place;
}

TEST(JobFeedsTest, FollowersAreWokenForTheirJobAlone) {
  JobFeeds feeds;
  std::binary_semaphore woken(0);
  std::atomic<int> others = 0;
  const JobFeeds::Subscription other(feeds, 2, true, [&] { ++others; });
  const JobFeeds::Subscription follower(feeds, 1, false, [&] { woken.release(); });
  feeds.EventsStored(1);
  woken.acquire();
  EXPECT_EQ(feeds.Look(1, 1).revision, 1);
  EXPECT_EQ(others, 0);
}

TEST(JobFeedsTest, ProgressWakesThoseWhoWantIt) {
  JobFeeds feeds;
  std::binary_semaphore woken(0);
  std::atomic<int> others = 0;
  const JobFeeds::Subscription events_only(feeds, 1, false, [&] { ++others; });
  const JobFeeds::Subscription all(feeds, 1, true, [&] { woken.release(); });
  feeds.PublishProgress(1, {});
  woken.acquire();
  EXPECT_EQ(others, 0);
  EXPECT_EQ(feeds.Look(1, 1).progress->number, 1);
}

TEST(JobFeedsTest, NewestEventsOfFollowedJobsAreHeld) {
  JobFeeds feeds;
  feeds.KeepEvent(1, Event(1));
  const JobFeeds::Subscription follower(feeds, 1, false, [] {});
  EXPECT_FALSE(feeds.Look(1, 1).held);  // It was stored before anybody followed.
  for (int64_t number = 2; number <= 400; ++number) feeds.KeepEvent(1, Event(number));
  EXPECT_FALSE(feeds.Look(1, 1).held);
  EXPECT_FALSE(feeds.Look(1, 144).held);
  EXPECT_EQ(feeds.Look(1, 145).event->number(), 145);
  EXPECT_EQ(feeds.Look(1, 400).event->number(), 400);
  EXPECT_TRUE(feeds.Look(1, 401).held);
  EXPECT_EQ(feeds.Look(1, 401).event, nullptr);
  EXPECT_FALSE(feeds.Look(1, 402).held);
}

TEST(JobFeedsTest, GapInWhatIsHeldIsNeverShown) {
  JobFeeds feeds;
  const JobFeeds::Subscription follower(feeds, 1, false, [] {});
  feeds.KeepEvent(1, Event(1));
  feeds.KeepEvent(1, Event(3));
  EXPECT_FALSE(feeds.Look(1, 1).held);
  EXPECT_FALSE(feeds.Look(1, 2).held);
  EXPECT_EQ(feeds.Look(1, 3).event->number(), 3);
}

TEST(JobFeedsTest, PlaceIsKnownUntilTheQueueChanges) {
  JobFeeds feeds;
  const JobFeeds::Subscription follower(feeds, 1, true, [] {});
  const int64_t revision = feeds.Look(1, 1).queue_revision;
  EXPECT_EQ(feeds.Look(1, 1).place, nullptr);
  feeds.KeepPlace(1, revision, Place(2));
  EXPECT_EQ(feeds.Look(1, 1).place->progress.queue_position(), 2);
  feeds.QueueChanged();
  EXPECT_EQ(feeds.Look(1, 1).place, nullptr);
  feeds.KeepPlace(1, revision, Place(2));  // Too late.
  EXPECT_EQ(feeds.Look(1, 1).place, nullptr);
  feeds.KeepPlace(1, revision + 1, Place(2));
  EXPECT_EQ(feeds.Look(1, 1).place->number, 1);  // The same as before.
  feeds.QueueChanged();
  feeds.KeepPlace(1, revision + 2, Place(1));
  EXPECT_EQ(feeds.Look(1, 1).place->number, 2);
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
  first.emplace(feeds, 1, false, [] {});
  second.emplace(feeds, 2, false, [&] {
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
