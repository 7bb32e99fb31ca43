#include "server/jobs/job_watch.h"

#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd {
namespace {

class JobWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    FITD_ASSERT_OK_AND_ASSIGN(directory_, DataDir::Open(temp_.File("data")));
    FITD_ASSERT_OK_AND_ASSIGN(store_, Store::Open(*directory_));
    v1::Job job;
    job.set_state(v1::JOB_STATE_QUEUED);
    FITD_ASSERT_OK(store_->InTransaction([&](Transaction& transaction) {
      transaction.jobs.Insert(job, 0);
      return absl::OkStatus();
    }));
  }

  static v1::JobEvent StateEvent(v1::JobState state) {
    v1::JobEvent event;
    event.mutable_state_change()->set_state(state);
    return event;
  }
  void Append(v1::JobEvent event) {
    FITD_ASSERT_OK(store_->InTransaction([&](Transaction& transaction) {
      transaction.jobs.AppendEvent(1, event);
      return absl::OkStatus();
    }));
  }
  std::unique_ptr<JobWatch> Watch(bool progress = false) {
    return std::make_unique<JobWatch>(
        *store_, feeds_,
        JobWatch::Options{.job = 1,
                          .state = v1::JOB_STATE_QUEUED,
                          .from_event = 1,
                          .progress = progress,
                          .find_place = [this] { return FindPlace(); }},
        [] {});
  }
  absl::StatusOr<std::optional<v1::JobProgress>> FindPlace() {
    ++places_found_;
    v1::JobProgress place;
    place.set_queue_position(position_);
    return std::optional(place);
  }
  // The number of the event that comes; 0 for nothing yet, -1 at the end, -2 for progress.
  static int64_t Next(JobWatch& watch, v1::WatchJobResponse& response) {
    response.Clear();
    const auto streamed = watch.Next(response);
    EXPECT_THAT(streamed, IsOk());
    if (*streamed == Streamed::kNothingYet) return 0;
    if (*streamed == Streamed::kEnd) return -1;
    return response.has_event() ? response.event().number() : -2;
  }
  static int64_t Next(JobWatch& watch) {
    v1::WatchJobResponse response;
    return Next(watch, response);
  }

  TempDir temp_;
  std::unique_ptr<DataDir> directory_;
  std::unique_ptr<Store> store_;
  JobFeeds feeds_;
  int64_t position_ = 2;
  int places_found_ = 0;
};

TEST_F(JobWatchTest, WatcherAtTheTailIsToldWithoutTheStore) {
  Append(StateEvent(v1::JOB_STATE_QUEUED));
  const auto watch = Watch();
  EXPECT_EQ(Next(*watch), 1);
  EXPECT_EQ(Next(*watch), 0);
  // The feed alone knows of these.
  v1::JobEvent event = StateEvent(v1::JOB_STATE_RUNNING);
  event.set_number(2);
  feeds_.KeepEvent(1, event);
  event = StateEvent(v1::JOB_STATE_CANCELLED);
  event.set_number(3);
  feeds_.KeepEvent(1, event);
  feeds_.EventsStored(1);
  EXPECT_EQ(Next(*watch), 2);
  EXPECT_EQ(Next(*watch), 3);
  EXPECT_EQ(Next(*watch), -1);
}

TEST_F(JobWatchTest, WatcherThatFellBehindReadsTheStoreAndThenTheFeed) {
  store_->ListenToEvents(
      [this](int64_t job, const v1::JobEvent& event) { feeds_.KeepEvent(job, event); });
  Append(StateEvent(v1::JOB_STATE_QUEUED));
  const auto watch = Watch();
  for (int i = 2; i <= 1000; ++i) Append(StateEvent(v1::JOB_STATE_RUNNING));
  feeds_.EventsStored(1);
  for (int64_t number = 1; number <= 1000; ++number) ASSERT_EQ(Next(*watch), number);
  EXPECT_EQ(Next(*watch), 0);
  store_->ListenToEvents(nullptr);
}

TEST_F(JobWatchTest, QueuedJobsPlaceIsSentWhenItChangesAndFoundOnceForAll) {
  Append(StateEvent(v1::JOB_STATE_QUEUED));
  const auto first = Watch(/*progress=*/true);
  const auto second = Watch(/*progress=*/true);
  v1::WatchJobResponse response;
  for (JobWatch* watch : {first.get(), second.get()}) {
    EXPECT_EQ(Next(*watch), 1);
    EXPECT_EQ(Next(*watch, response), -2);
    EXPECT_EQ(response.progress().queue_position(), 2);
    EXPECT_EQ(Next(*watch), 0);
  }
  EXPECT_EQ(places_found_, 1);
  feeds_.QueueChanged();  // It stays where it is.
  EXPECT_EQ(Next(*first), 0);
  position_ = 1;
  feeds_.QueueChanged();
  EXPECT_EQ(Next(*first, response), -2);
  EXPECT_EQ(response.progress().queue_position(), 1);
}

TEST_F(JobWatchTest, PlaceIsNotSentAfterTheJobStarted) {
  Append(StateEvent(v1::JOB_STATE_QUEUED));
  Append(StateEvent(v1::JOB_STATE_RUNNING));
  const auto watch = Watch(/*progress=*/true);
  v1::JobProgress place;
  place.set_queue_position(1);
  feeds_.KeepPlace(1, feeds_.Look(1, 1).queue_revision, place);
  EXPECT_EQ(Next(*watch), 1);
  EXPECT_EQ(Next(*watch), 2);
  EXPECT_EQ(Next(*watch), 0);
}

}  // namespace
}  // namespace fitd
