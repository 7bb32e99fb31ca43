// Trials that train together on one worker.

#include <algorithm>
#include <compare>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "server/jobs/scheduler.h"
#include "server/jobs/searches.h"
#include "server/store/checkpoints.h"
#include "tests/server/jobs/search_fixture.h"

namespace fitd {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::SizeIs;

// One worker, which trains up to eight trials of the search "s" together.
class StackedTrialsTest : public SearchFixture {
 protected:
  StackedTrialsTest() {
    options_.workers = 1;
    options_.max_stacked_trials = 8;
  }

  // A grid over as many learning rates.
  void StartRates(int rates, int64_t epochs) {
    v1::StartSearchRequest request = Grid(epochs);
    request.mutable_spec()->clear_space();
    v1::SearchAxis& axis = *request.mutable_spec()->mutable_space()->add_axes();
    axis.set_path("learning_rate");
    for (int i = 1; i <= rates; ++i)
      axis.mutable_choice()->add_choices()->set_value(fmt::format("{}", 0.001 * i));
    FITD_ASSERT_OK(StartSearch(request));
  }
  // Once so many trials have jobs in this state.
  void AwaitTrials(v1::JobState state, int count) {
    const auto is_there = [&] {
      const std::vector<v1::SearchTrial> trials = Trials();
      return std::count_if(trials.begin(), trials.end(), [&](const v1::SearchTrial& trial) {
               return trial.state() == state;
             }) >= count;
    };
    while (!is_there()) std::this_thread::yield();
  }

  // The table, and each trial's events.
  std::vector<std::string> TableAndEvents() {
    std::vector<std::string> rows = Table();
    for (const v1::SearchTrial& trial : Trials()) {
      std::string row;
      const auto events = ReadEvents(daemon_->jobs, trial.job_id());
      EXPECT_THAT(events, IsOk());
      for (v1::JobEvent event : *events) {
        if (event.has_state_change()) continue;
        event.clear_time();
        event.clear_number();
        if (event.has_epoch_completed()) event.mutable_epoch_completed()->clear_duration();
        row += event.ShortDebugString();
      }
      rows.push_back(row);
    }
    return rows;
  }
  static absl::Time Time(const google::protobuf::Timestamp& timestamp) {
    return absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
  }
  // Moments at which trials ended: those of one transaction have the same.
  size_t Ends() {
    std::set<absl::Time> ends;
    for (const v1::SearchTrial& trial : Trials()) ends.insert(Time(trial.end_time()));
    return ends.size();
  }
  // Trials that started before any of them ended.
  int Together() {
    absl::Time first_end = absl::InfiniteFuture();
    std::vector<absl::Time> starts;
    for (const v1::SearchTrial& trial : Trials()) {
      starts.push_back(Time(trial.start_time()));
      first_end = std::min(first_end, Time(trial.end_time()));
    }
    return static_cast<int>(std::count_if(starts.begin(), starts.end(),
                                          [&](absl::Time start) { return start < first_end; }));
  }
  // A new daemon without jobs, with these options.
  void StartAnew() {
    daemon_.reset();
    std::filesystem::remove_all(temp_.File("data"));
    SetUp();
  }
};

TEST_F(StackedTrialsTest, AreWhatTheyWouldBeOneByOne) {
  StartRates(10, 5);
  Run();
  AwaitSearchEnd();
  EXPECT_EQ(Together(), 8);
  EXPECT_LE(Ends(), 3U);  // The stack, and the two that were too few for another.
  const std::vector<std::string> together = TableAndEvents();
  EXPECT_THAT(together, SizeIs(20));

  options_.max_stacked_trials = 1;
  StartAnew();
  StartRates(10, 5);
  Run();
  AwaitSearchEnd();
  EXPECT_EQ(Together(), 1);
  EXPECT_EQ(Ends(), 10U);
  EXPECT_EQ(TableAndEvents(), together);
}

TEST_F(StackedTrialsTest, AnswerWhileTheyTrain) {
  StartRates(8, kForever);
  Run();
  AwaitTrials(v1::JOB_STATE_RUNNING, 8);
  v1::PredictRequest request;
  request.mutable_tensor()->set_dtype(v1::DATA_TYPE_FLOAT32);
  request.mutable_tensor()->mutable_shape()->Add(1);
  request.mutable_tensor()->mutable_shape()->Add(2);
  request.mutable_tensor()->set_data(std::string(2 * sizeof(float), '\0'));
  std::vector<std::string> ids;
  for (const v1::SearchTrial& trial : Trials()) {
    if (trial.state() == v1::JOB_STATE_RUNNING) ids.push_back(trial.job_id());
  }
  ASSERT_THAT(ids, SizeIs(8));
  for (const std::string& id : ids) {
    request.set_model("job:" + id);
    absl::StatusOr<v1::PredictResponse> response;
    do {
      response = Predict(daemon_->prediction, request);
    } while (absl::IsUnavailable(response.status()));
    FITD_ASSERT_OK(response);
    EXPECT_EQ(response->job_id(), id);
    EXPECT_GT(response->epoch(), 0);
  }
  // Their stack trains on, and one that is cancelled stands for its version.
  FITD_ASSERT_OK(Cancel(ids[2]));
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, ids[2]));
  request.set_model("job:" + ids[2]);
  absl::StatusOr<v1::PredictResponse> ended;
  do {
    ended = Predict(daemon_->prediction, request);
  } while (ended.ok() && ended->version() == 0);  // Its worker lets go of it soon.
  FITD_ASSERT_OK(ended);
  EXPECT_EQ(ended->version(), 3);  // The third trial.
  EXPECT_EQ(ended->job_id(), "");
}

TEST_F(StackedTrialsTest, LeaveAsManyToTheOtherWorkers) {
  options_.workers = 2;
  options_.max_stacked_trials = 16;
  StartAnew();
  StartRates(12, kForever);
  daemon_->searches.Run();
  AwaitTrials(v1::JOB_STATE_QUEUED, 12);
  const int64_t memory = Get(Trials()[0].job_id())->memory_bytes();
  daemon_->scheduler.Start();
  AwaitTrials(v1::JOB_STATE_RUNNING, 12);
  EXPECT_THAT(daemon_->scheduler.Load().busy,
              ElementsAre(Field(&QueueLoad::Busy::memory, 6 * memory),
                          Field(&QueueLoad::Busy::memory, 6 * memory)));
}

// The stack goes on without its first, which another worker takes.
TEST_F(StackedTrialsTest, OneThatLeftKeepsAWorkerOfItsOwnBusy) {
  options_.workers = 2;
  StartAnew();
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job before, Start(kForever));
  daemon_->scheduler.Start();
  AwaitEvents(before.id(), 3);
  StartRates(6, kForever);
  daemon_->searches.Run();
  AwaitTrials(v1::JOB_STATE_RUNNING, 6);
  FITD_ASSERT_OK(Cancel(before.id()));
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, before.id()));
  const std::string first = Trials()[0].job_id();
  const int64_t memory = Get(first)->memory_bytes();
  FITD_ASSERT_OK(Pause(first));
  AwaitTrials(v1::JOB_STATE_PAUSED, 1);
  FITD_ASSERT_OK(Resume(first));
  AwaitTrials(v1::JOB_STATE_RUNNING, 6);
  EXPECT_THAT(daemon_->scheduler.Load().busy,
              ElementsAre(Field(&QueueLoad::Busy::memory, 5 * memory),
                          Field(&QueueLoad::Busy::memory, memory)));
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job waiting, Start(1));
  EXPECT_EQ(Get(waiting.id())->waiting_for(), "a free worker");
}

TEST_F(StackedTrialsTest, OneIsCancelledAndOnePausedWhileTheOthersGoOn) {
  StartRates(6, kForever);
  Run();
  AwaitTrials(v1::JOB_STATE_RUNNING, 6);
  const std::vector<v1::SearchTrial> trials = Trials();
  FITD_ASSERT_OK(Cancel(trials[1].job_id()));
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job cancelled, AwaitEnd(daemon_->jobs, trials[1].job_id()));
  EXPECT_EQ(cancelled.state(), v1::JOB_STATE_CANCELLED);
  FITD_ASSERT_OK(Pause(trials[4].job_id()));
  AwaitTrials(v1::JOB_STATE_PAUSED, 1);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job before, Get(trials[5].job_id()));
  AwaitEvents(trials[5].job_id(), static_cast<size_t>(before.last_event() + 3));
  AwaitTrials(v1::JOB_STATE_RUNNING, 4);
}

TEST_F(StackedTrialsTest, GoOnWithThoseThatAreWhereTheyAre) {
  StartRates(6, kForever);
  Run();
  AwaitTrials(v1::JOB_STATE_RUNNING, 6);
  AwaitEvents(Trials()[0].job_id(), 12);
  daemon_->searches.Stop();
  daemon_->scheduler.Stop();
  // One has less than the others.
  const v1::SearchTrial behind = Trials()[2];
  for (const std::string& path :
       Checkpoints(*daemon_->directory).Paths(JobNumber(behind.job_id()).value())) {
    std::filesystem::remove(path);
  }
  Restart();
  Run();
  AwaitTrials(v1::JOB_STATE_RUNNING, 5);
  EXPECT_EQ(Get(behind.job_id())->state(), v1::JOB_STATE_QUEUED);
}

TEST_F(StackedTrialsTest, GoOnAfterTheDaemonWasStopped) {
  StartRates(6, 4000);
  Run();
  AwaitTrials(v1::JOB_STATE_RUNNING, 6);
  AwaitEvents(Trials()[0].job_id(), 12);
  daemon_->searches.Stop();
  Restart();
  const std::vector<v1::SearchTrial> trials = Trials();
  EXPECT_TRUE(std::all_of(trials.begin(), trials.end(), [](const v1::SearchTrial& trial) {
    return trial.state() == v1::JOB_STATE_QUEUED;
  }));
  Run();
  AwaitSearchEnd();
  const std::vector<std::string> disturbed = TableAndEvents();

  StartAnew();
  StartRates(6, 4000);
  Run();
  AwaitSearchEnd();
  EXPECT_EQ(TableAndEvents(), disturbed);
}

TEST_F(StackedTrialsTest, OvertakeNobody) {
  StartRates(40, 2);
  daemon_->searches.Run();
  AwaitTrials(v1::JOB_STATE_QUEUED, 24);  // Three stacks' worth.
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job other, Start(1));
  daemon_->scheduler.Start();
  AwaitSearchEnd();
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, AwaitEnd(daemon_->jobs, other.id()));
  const int64_t number = *JobNumber(other.id());
  for (const v1::SearchTrial& trial : Trials()) {
    const bool later = *JobNumber(trial.job_id()) > number;
    const auto& start = trial.start_time();
    const auto order = std::pair(start.seconds(), start.nanos()) <=>
                       std::pair(job.start_time().seconds(), job.start_time().nanos());
    EXPECT_EQ(order > 0, later) << trial.job_id();
  }
}

// What one needs for itself, all of them need together.
TEST_F(StackedTrialsTest, FitIntoMemoryTogether) {
  StartRates(8, kForever);
  daemon_->searches.Run();
  AwaitTrials(v1::JOB_STATE_QUEUED, 8);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, Get(Trials()[0].job_id()));
  daemon_->searches.Stop();
  options_.max_memory_bytes = job.memory_bytes() * 5;
  Restart();
  Run();
  AwaitTrials(v1::JOB_STATE_RUNNING, 5);
  AwaitTrials(v1::JOB_STATE_QUEUED, 3);
}

}  // namespace
}  // namespace fitd
