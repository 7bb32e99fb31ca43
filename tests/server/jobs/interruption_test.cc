// Jobs that are paused, cancelled, stopped or killed, and go on.

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/jobs/job_state.h"
#include "server/store/checkpoints.h"
#include "tests/server/jobs/job_fixture.h"

namespace fitd {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;
using testing::Not;
using testing::SizeIs;

class InterruptionTest : public JobFixture {
 protected:
  std::vector<std::string> CheckpointPaths(int64_t job) {
    return Checkpoints(*daemon_->directory).Paths(job);
  }
  void AwaitCheckpoint(int64_t job) {
    while (CheckpointPaths(job).empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  void AwaitState(const std::string& id, v1::JobState state) {
    for (v1::JobState now; (now = Get(id)->state()) != state;) {
      ASSERT_FALSE(IsFinal(now)) << v1::JobState_Name(now);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  // The job has told some epochs and is paused.
  void StartAndPause(const std::string& id) {
    FITD_ASSERT_OK(Start(kMany));
    AwaitEvents(id, 6);
    FITD_ASSERT_OK(Pause(id));
    AwaitState(id, v1::JOB_STATE_PAUSED);
  }
  std::string WeightsOf(int64_t version) {
    v1::GetModelVersionRequest request;
    request.set_model("m@" + std::to_string(version));
    return daemon_->models.GetVersion(request)->version().weights_sha256();
  }
  // The fit that nothing interrupts, as fit-1 and m@1.
  void RunUndisturbed() {
    daemon_->scheduler.Start();
    FITD_ASSERT_OK(Start(kMany));
    FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-1"));
  }
  std::vector<v1::JobEvent> Events(const std::string& id) {
    return ReadEvents(daemon_->jobs, id).value();
  }
  std::vector<std::string> History(const std::string& id) {
    std::vector<std::string> history;
    for (v1::JobEvent event : Events(id)) {
      if (!event.has_epoch_completed()) continue;
      event.mutable_epoch_completed()->clear_duration();
      history.push_back(event.epoch_completed().ShortDebugString());
    }
    return history;
  }
  std::vector<std::string> Notices(const std::string& id) {
    std::vector<std::string> notices;
    for (const v1::JobEvent& event : Events(id)) {
      if (event.has_notice()) notices.push_back(event.notice().message());
    }
    return notices;
  }
};

TEST_F(InterruptionTest, PausedJobGoesOnWithTheSameBitsAlsoAfterARestart) {
  RunUndisturbed();
  StartAndPause("fit-2");
  EXPECT_THAT(CheckpointPaths(2), SizeIs(1));
  Restart();
  EXPECT_EQ(Get("fit-2")->state(), v1::JOB_STATE_PAUSED);
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(Resume("fit-2"));
  EXPECT_EQ(AwaitEnd(daemon_->jobs, "fit-2")->state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(WeightsOf(2), WeightsOf(1));
  EXPECT_EQ(History("fit-2"), History("fit-1"));
  EXPECT_THAT(States(Events("fit-2")),
              ElementsAre(v1::JOB_STATE_QUEUED, v1::JOB_STATE_RUNNING, v1::JOB_STATE_PAUSING,
                          v1::JOB_STATE_PAUSED, v1::JOB_STATE_QUEUED, v1::JOB_STATE_RUNNING,
                          v1::JOB_STATE_SUCCEEDED));
  EXPECT_THAT(CheckpointPaths(2), IsEmpty());
}

TEST_F(InterruptionTest, StoppedJobGoesOnFromItsCheckpointAndNotFromTheStart) {
  RunUndisturbed();
  FITD_ASSERT_OK(Start(kMany));
  AwaitEvents("fit-2", 6);
  daemon_->scheduler.Stop();
  ASSERT_THAT(CheckpointPaths(2), SizeIs(1));
  const std::string path = CheckpointPaths(2).front();
  FITD_ASSERT_OK_AND_ASSIGN(Checkpoint checkpoint, Checkpoint::Load(path));
  checkpoint.plan.weights.tensors[0].values[0] += 1;
  FITD_ASSERT_OK(checkpoint.Save(path));
  Restart();
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-2"));
  EXPECT_NE(WeightsOf(2), WeightsOf(1));
}

// Killed after its last checkpoint and before its version was stored.
TEST_F(InterruptionTest, JobThatHasNothingLeftToTrainTellsAllItsEpochs) {
  daemon_->scheduler.Start();
  StartAndPause("fit-1");
  const std::string path = CheckpointPaths(1).front();
  FITD_ASSERT_OK_AND_ASSIGN(Checkpoint checkpoint, Checkpoint::Load(path));
  checkpoint.state.set_epoch(kMany + 1);
  checkpoint.state.set_step(0);
  FITD_ASSERT_OK(checkpoint.Save(path));
  FITD_ASSERT_OK(Resume("fit-1"));
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, AwaitEnd(daemon_->jobs, "fit-1"));
  EXPECT_EQ(job.state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(job.progress().epoch(), kMany);
  EXPECT_EQ(job.progress().step(), job.progress().steps_per_epoch());
  EXPECT_THAT(job.progress().metrics(), Not(IsEmpty()));
  EXPECT_EQ(Events("fit-1").back().state_change().message(), "");
}

TEST_F(InterruptionTest, TrainingTimeIsThatOfAllEpochsWheneverTheyWereTrained) {
  daemon_->scheduler.Start();
  StartAndPause("fit-1");
  FITD_ASSERT_OK(Resume("fit-1"));
  StartAndPause("fit-2");
  // As a daemon that was killed leaves it: the epochs are stored as events alone.
  FITD_ASSERT_OK(daemon_->store->InTransaction([](Transaction& transaction) {
    v1::Job job = *transaction.jobs.Find(2);
    job.clear_progress();
    transaction.jobs.Update(job);
    return absl::OkStatus();
  }));
  FITD_ASSERT_OK(Resume("fit-2"));
  for (const std::string id : {"fit-1", "fit-2"}) {
    FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, AwaitEnd(daemon_->jobs, id));
    EXPECT_EQ(FromDuration(job.progress().training_time()), TimeOfEpochs(Events(id)));
    EXPECT_EQ(job.progress().complete_epochs(), kMany);
  }
}

// As a commit leaves it that was reported as failed and came back from the log.
TEST_F(InterruptionTest, AnEndThatIsStoredStays) {
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(Start(kForever));
  AwaitEvents("fit-1", 3);
  FITD_ASSERT_OK(daemon_->store->InTransaction([](Transaction& transaction) {
    v1::Job job = *transaction.jobs.Find(1);
    job.set_state(v1::JOB_STATE_CANCELLED);
    job.set_version(7);
    transaction.jobs.Update(job);
    return absl::OkStatus();
  }));
  daemon_->scheduler.StopJob(1);
  FITD_ASSERT_OK(Start(1));
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-2"));
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, Get("fit-1"));
  EXPECT_EQ(job.state(), v1::JOB_STATE_CANCELLED);
  EXPECT_EQ(job.version(), 7);
}

TEST_F(InterruptionTest, DamagedCheckpointIsNeverUsed) {
  RunUndisturbed();
  StartAndPause("fit-2");
  const std::string path = CheckpointPaths(2).front();
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  FITD_ASSERT_OK(Resume("fit-2"));
  EXPECT_EQ(AwaitEnd(daemon_->jobs, "fit-2")->state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_THAT(Notices("fit-2"), ElementsAre(HasSubstr("is damaged")));
  EXPECT_EQ(WeightsOf(2), WeightsOf(1));
  EXPECT_EQ(History("fit-2"), History("fit-1"));
}

TEST_F(InterruptionTest, RunningJobKeepsTheTwoNewestCheckpoints) {
  options_.checkpoint_interval = std::chrono::nanoseconds(0);
  Restart();
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(Start(kMany));
  AwaitCheckpoint(1);
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(CheckpointPaths(1), SizeIs(Le(3)));  // Three while the newest is being written.
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  FITD_ASSERT_OK(Cancel("fit-1"));
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-1"));
  EXPECT_THAT(CheckpointPaths(1), IsEmpty());
}

TEST_F(InterruptionTest, CheckpointThatCannotBeWrittenCostsTheJobNothing) {
  RunUndisturbed();
  options_.checkpoint_interval = std::chrono::nanoseconds(0);
  Restart();
  std::filesystem::remove_all(daemon_->directory->CheckpointFolder());
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(Start(kMany));
  EXPECT_EQ(AwaitEnd(daemon_->jobs, "fit-2")->state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_THAT(Notices("fit-2"), Contains(HasSubstr("could not be written")));
  EXPECT_EQ(WeightsOf(2), WeightsOf(1));
}

TEST_F(InterruptionTest, QueuedJobIsPausedAtOnce) {
  FITD_ASSERT_OK(Start(1));
  EXPECT_EQ(Pause("fit-1")->state(), v1::JOB_STATE_PAUSED);
  EXPECT_EQ(Pause("fit-1")->state(), v1::JOB_STATE_PAUSED);
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(Start(1));
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-2"));
  EXPECT_EQ(Get("fit-1")->state(), v1::JOB_STATE_PAUSED);
  FITD_ASSERT_OK(Resume("fit-1"));
  EXPECT_EQ(AwaitEnd(daemon_->jobs, "fit-1")->state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_THAT(Pause("fit-1"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("SUCCEEDED")));
  EXPECT_THAT(Resume("fit-1"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("SUCCEEDED")));
}

TEST_F(InterruptionTest, ResumeAtOnceAfterPauseIsNotLost) {
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(Start(kMany));
  AwaitEvents("fit-1", 3);
  FITD_ASSERT_OK(Pause("fit-1"));
  FITD_ASSERT_OK(Resume("fit-1"));
  EXPECT_EQ(AwaitEnd(daemon_->jobs, "fit-1")->state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(InterruptionTest, CancelledPausedJobKeepsWhatItReached) {
  daemon_->scheduler.Start();
  StartAndPause("fit-1");
  EXPECT_EQ(Cancel("fit-1")->state(), v1::JOB_STATE_CANCELLING);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, AwaitEnd(daemon_->jobs, "fit-1"));
  EXPECT_EQ(job.state(), v1::JOB_STATE_CANCELLED);
  EXPECT_EQ(job.version(), 1);
}

TEST_F(InterruptionTest, CancelledPausedJobWaitsForNoWorker) {
  options_.workers = 1;
  Restart();
  daemon_->scheduler.Start();
  StartAndPause("fit-1");
  FITD_ASSERT_OK(Start(kForever));
  AwaitEvents("fit-2", 3);
  FITD_ASSERT_OK(Cancel("fit-1"));
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, AwaitEnd(daemon_->jobs, "fit-1"));
  EXPECT_EQ(job.state(), v1::JOB_STATE_CANCELLED);
  EXPECT_EQ(job.version(), 1);
  EXPECT_EQ(Get("fit-2")->state(), v1::JOB_STATE_RUNNING);
}

TEST_F(InterruptionTest, CancelledJobOfAStoppedDaemonKeepsWhatItReached) {
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(Start(kForever));
  AwaitEvents("fit-1", 6);
  Restart();
  FITD_ASSERT_OK(Cancel("fit-1"));
  Restart();  // Nor is the wish to cancel lost.
  daemon_->scheduler.Start();
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, AwaitEnd(daemon_->jobs, "fit-1"));
  EXPECT_EQ(job.state(), v1::JOB_STATE_CANCELLED);
  EXPECT_EQ(job.version(), 1);
}

TEST_F(InterruptionTest, AJobThatNoWorkerHasIsTaken) {
  FITD_ASSERT_OK(Start(2));
  FITD_ASSERT_OK(Start(2));
  ForceState("fit-1", {v1::JOB_STATE_RUNNING});
  ForceState("fit-2", {v1::JOB_STATE_RUNNING, v1::JOB_STATE_PAUSING});
  daemon_->scheduler.Start();
  EXPECT_EQ(AwaitEnd(daemon_->jobs, "fit-1")->state(), v1::JOB_STATE_SUCCEEDED);
  AwaitState("fit-2", v1::JOB_STATE_PAUSED);
}

TEST_F(InterruptionTest, JobBeingPausedByAKilledDaemonIsPaused) {
  FITD_ASSERT_OK(Start(2));
  ForceState("fit-1", {v1::JOB_STATE_RUNNING, v1::JOB_STATE_PAUSING});
  Restart();
  EXPECT_EQ(Get("fit-1")->state(), v1::JOB_STATE_PAUSED);
}

TEST_F(InterruptionTest, MaxRestartsIsTheJobsOwn) {
  v1::StartFitRequest request = ClassifierFit("m", "d", 2);
  request.mutable_spec()->mutable_resources()->set_max_restarts(0);
  FITD_ASSERT_OK(Start(request));
  ForceState("fit-1", {v1::JOB_STATE_RUNNING});
  Restart();
  EXPECT_EQ(Get("fit-1")->state(), v1::JOB_STATE_FAILED);
  request.mutable_spec()->mutable_resources()->set_max_restarts(1001);
  EXPECT_THAT(Start(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                       HasSubstr("max_restarts: is 1001; allowed: 0 to 1000")));
}

TEST_F(InterruptionTest, JobUnderWhichDaemonsDiedRunsAlone) {
  FITD_ASSERT_OK(Start(kForever));
  for (int i = 0; i < 2; ++i) {
    ForceState("fit-1", {v1::JOB_STATE_RUNNING});
    Restart();
  }
  EXPECT_EQ(Get("fit-1")->crashes(), 2);
  FITD_ASSERT_OK(Start(1));
  daemon_->scheduler.Start();
  AwaitEvents("fit-1", 8);
  EXPECT_EQ(Get("fit-2")->state(), v1::JOB_STATE_QUEUED);
  FITD_ASSERT_OK(Cancel("fit-1"));
  EXPECT_EQ(AwaitEnd(daemon_->jobs, "fit-2")->state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(InterruptionTest, FailedJobDropsItsCheckpoints) {
  daemon_->scheduler.Start();
  StartAndPause("fit-1");
  ASSERT_THAT(CheckpointPaths(1), SizeIs(1));
  DamageDataset();
  Restart();
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(Resume("fit-1"));
  EXPECT_EQ(AwaitEnd(daemon_->jobs, "fit-1")->state(), v1::JOB_STATE_FAILED);
  EXPECT_THAT(CheckpointPaths(1), IsEmpty());
}

TEST_F(InterruptionTest, JobThatFailsAtAStartDropsItsCheckpoints) {
  daemon_->scheduler.Start();
  StartAndPause("fit-1");
  ASSERT_THAT(CheckpointPaths(1), SizeIs(1));
  Restart();  // Nobody runs it now.
  ForceState("fit-1", {v1::JOB_STATE_QUEUED});
  for (int i = 0; i < 6; ++i) {
    EXPECT_THAT(CheckpointPaths(1), SizeIs(1));
    ForceState("fit-1", {v1::JOB_STATE_RUNNING});
    Restart();
  }
  EXPECT_EQ(Get("fit-1")->state(), v1::JOB_STATE_FAILED);
  EXPECT_THAT(CheckpointPaths(1), IsEmpty());
}

}  // namespace
}  // namespace fitd
