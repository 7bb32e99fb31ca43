#include "client/cli/job_commands.h"

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "tests/client/cli/fitctl_fixture.h"

namespace fitd::cli {
namespace {

using client::Answer;
using client::Stream;
using testing::_;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::Property;
using testing::Return;
using testing::StartsWith;

using JobCommandsTest = FitctlTest;

class FollowTest : public FitctlTest {
 protected:
  void ExpectJob(const std::string& events, const std::string& end) {
    EXPECT_CALL(daemon_->jobs, GetJob)
        .WillOnce(Answer(Proto<v1::GetJobResponse>(
            "job { id: 'fit-3' spec { model: 'm' training { epochs: 2 } } last_event: 2 }")))
        .WillRepeatedly(Answer(
            Proto<v1::GetJobResponse>("job { id: 'fit-3' spec { model: 'm' } " + end + "}")));
    std::vector<v1::WatchJobResponse> messages;
    std::istringstream lines(events);
    for (std::string line; std::getline(lines, line);)
      messages.push_back(Proto<v1::WatchJobResponse>(line));
    EXPECT_CALL(daemon_->jobs, WatchJobRaw).WillOnce(Return(Stream(messages)));
  }

  static constexpr char kEvents[] =
      "event { number: 1 state_change { state: JOB_STATE_RUNNING } }\n"
      "event { number: 2 epoch_completed { epoch: 1 metrics { name: 'loss' value: 0.5 } duration { "
      "seconds: 2 } } }\n";
};

TEST_F(FollowTest, WritesALinePerEpochAndTheVersion) {
  ExpectJob(kEvents, "state: JOB_STATE_SUCCEEDED version: 4");
  EXPECT_EQ(Run({"job", "watch", "fit-3"}), kExitOk);
  EXPECT_EQ(out_, "Job RUNNING\nEpoch 1/2  loss 0.5000  2.0 s\nStored m@4\n");
}

TEST_F(FollowTest, AFailedJobExitsWith5) {
  ExpectJob(kEvents, "state: JOB_STATE_FAILED failure { message: 'the loss is NaN' step: 12 }");
  EXPECT_EQ(Run({"job", "watch", "fit-3"}), kExitJobFailed);
  EXPECT_EQ(err_, "fitctl: job fit-3 failed: the loss is NaN (step 12)\n");
}

TEST_F(FollowTest, ACancelledJobExitsWith5) {
  ExpectJob(kEvents, "state: JOB_STATE_CANCELLED version: 4");
  EXPECT_EQ(Run({"job", "watch", "fit-3"}), kExitJobFailed);
  EXPECT_THAT(out_, HasSubstr("Stored m@4\n"));
}

TEST_F(JobCommandsTest, ShowsWhoseTrialAJobIs) {
  EXPECT_CALL(daemon_->jobs, GetJob)
      .WillOnce(Answer(Proto<v1::GetJobResponse>("job { id: 'fit-3' search: 's' trial: 7 }")));
  EXPECT_EQ(Run({"job", "show", "fit-3"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("7 of search s\n"));
}

TEST_F(JobCommandsTest, ShowsTheWeightsAndCallbacksOfAJob) {
  EXPECT_CALL(daemon_->jobs, GetJob)
      .WillOnce(Answer(Proto<v1::GetJobResponse>(
          "job { id: 'fit-3' spec { training { class_weight { key: 'b' value: 0.5 } class_weight { "
          "key: 'a' value: 2 } sample_weight_column: 'w' early_stopping { monitor: 'val_loss' "
          "patience: 3 } reduce_lr_on_plateau { factor: 0.5 } } } }")));
  EXPECT_EQ(Run({"job", "show", "fit-3"}), kExitOk);
  EXPECT_THAT(out_, AllOf(HasSubstr("  class weights         a=2, b=0.5\n"),
                          HasSubstr("  sample weights        w\n"),
                          HasSubstr("  early stopping        monitor=val_loss:patience=3\n"),
                          HasSubstr("  reduce lr on plateau  factor=0.5\n")));
}

TEST_F(JobCommandsTest, NamesAVersionThatWasReproduced) {
  EXPECT_CALL(daemon_->models,
              GetModelVersion(_, Property(&v1::GetModelVersionRequest::model, "m@champion"), _))
      .WillOnce(Answer(Proto<v1::GetModelVersionResponse>("version { model: 'm' version: 4 }")));
  EXPECT_CALL(
      daemon_->jobs,
      StartFit(_, EqualsProto("spec { model: 'm' verify_version: 4 resources { threads: 2 } }"), _))
      .WillOnce(Answer(Proto<v1::StartFitResponse>("job { id: 'fit-3' }")));
  EXPECT_CALL(daemon_->jobs, WatchJobRaw).WillOnce(Return(Stream<v1::WatchJobResponse>({})));
  EXPECT_CALL(daemon_->jobs, GetJob)
      .WillOnce(Answer(Proto<v1::GetJobResponse>(
          "job { id: 'fit-3' state: JOB_STATE_SUCCEEDED spec { model: 'm' verify_version: 4 } }")));
  EXPECT_EQ(Run({"model", "verify", "m@champion", "--threads", "2"}), kExitOk);
  EXPECT_EQ(out_, "Started job fit-3\nREPRODUCED m@4\n");
}

TEST_F(JobCommandsTest, AVersionThatWasNotReproducedExitsWith5) {
  EXPECT_CALL(daemon_->jobs, WatchJobRaw).WillOnce(Return(Stream<v1::WatchJobResponse>({})));
  EXPECT_CALL(daemon_->jobs, GetJob)
      .WillRepeatedly(Answer(Proto<v1::GetJobResponse>(
          "job { id: 'fit-3' state: JOB_STATE_FAILED spec { model: 'm' verify_version: 4 }"
          "failure { code: 13 message: 'm@4 was not reproduced' } }")));
  EXPECT_EQ(Run({"job", "wait", "fit-3"}), kExitJobFailed);
  EXPECT_EQ(out_, "");
  EXPECT_EQ(err_, "fitctl: job fit-3 failed: m@4 was not reproduced\n");
}

TEST_F(FollowTest, PrintsEventsAndTheJobAsJsonLines) {
  ExpectJob(kEvents, "state: JOB_STATE_SUCCEEDED");
  EXPECT_EQ(Run({"job", "watch", "fit-3", "--output", "jsonl"}), kExitOk);
  EXPECT_EQ(std::count(out_.begin(), out_.end(), '\n'), 3);
  EXPECT_THAT(out_, StartsWith(R"({"number":"1","stateChange":{"state":"JOB_STATE_RUNNING")"));
  EXPECT_THAT(out_, HasSubstr(R"("state":"JOB_STATE_SUCCEEDED")"));
}

TEST_F(FollowTest, ListsEventsSoFarWithoutWaiting) {
  ExpectJob(std::string(kEvents) + "event { number: 3 warning { message: 'later' } }", "");
  EXPECT_EQ(Run({"job", "events", "fit-3"}), kExitOk);
  EXPECT_THAT(out_, AllOf(HasSubstr("    1     -  Job RUNNING\n"),
                          HasSubstr("Epoch 1/2  loss 0.5000"), Not(HasSubstr("later"))));
}

TEST_F(JobCommandsTest, WaitsForTheEndOfACancelledJob) {
  EXPECT_CALL(daemon_->jobs, CancelJob)
      .WillOnce(Answer(Proto<v1::CancelJobResponse>(
          "job { id: 'fit-3' state: JOB_STATE_CANCELLING last_event: 7 }")));
  EXPECT_CALL(daemon_->jobs, WatchJobRaw(_, EqualsProto("id: 'fit-3' from_event: 8")))
      .WillOnce(Return(Stream<v1::WatchJobResponse>({})));
  EXPECT_CALL(daemon_->jobs, GetJob)
      .WillOnce(Answer(Proto<v1::GetJobResponse>(
          "job { state: JOB_STATE_CANCELLED version: 2 spec { model: 'm' } }")));
  EXPECT_EQ(Run({"job", "cancel", "fit-3"}), kExitOk);
  EXPECT_EQ(out_, "Job fit-3 is CANCELLED; stored m@2\n");
}

TEST_F(JobCommandsTest, WaitsUntilAJobIsPausedAndNotForItsEnd) {
  EXPECT_CALL(daemon_->jobs, PauseJob)
      .WillOnce(Answer(Proto<v1::PauseJobResponse>(
          "job { id: 'fit-3' state: JOB_STATE_PAUSING last_event: 7 }")));
  EXPECT_CALL(daemon_->jobs, WatchJobRaw(_, EqualsProto("id: 'fit-3' from_event: 8")))
      .WillOnce(Return(Stream<v1::WatchJobResponse>(
          {Proto<v1::WatchJobResponse>("event { number: 8 epoch_completed { epoch: 1 } }"),
           Proto<v1::WatchJobResponse>(
               "event { number: 9 state_change { state: JOB_STATE_PAUSED } }")})));
  EXPECT_CALL(daemon_->jobs, GetJob)
      .WillOnce(Answer(Proto<v1::GetJobResponse>("job { state: JOB_STATE_PAUSED }")));
  EXPECT_EQ(Run({"job", "pause", "fit-3"}), kExitOk);
  EXPECT_EQ(out_, "Job fit-3 is PAUSED. Go on with: fitctl job resume fit-3\n");
}

TEST_F(JobCommandsTest, APausedTrialSaysWhoGoesOnWithIt) {
  const auto pause = [this](const std::string& job) {
    daemon_.emplace();
    EXPECT_CALL(daemon_->jobs, PauseJob).WillOnce(Answer(v1::PauseJobResponse()));
    EXPECT_CALL(daemon_->jobs, GetJob)
        .WillOnce(Answer(Proto<v1::GetJobResponse>(
            "job { state: JOB_STATE_PAUSED search: 's' trial: 2 spec { training { epochs: 9 } } " +
            job + " }")));
    EXPECT_EQ(Run({"job", "pause", "fit-3"}), kExitOk) << err_;
    return out_;
  };
  EXPECT_EQ(pause("granted_epochs: 3 progress { epoch: 3 }"),
            "Job fit-3 is PAUSED. Search s goes on with it\n");
  for (const std::string job : {"granted_epochs: 3 progress { epoch: 2 }", "progress { epoch: 3 }"})
    EXPECT_EQ(pause(job), "Job fit-3 is PAUSED. Go on with: fitctl job resume fit-3\n");
}

TEST_F(JobCommandsTest, ResumesAJob) {
  EXPECT_CALL(daemon_->jobs, ResumeJob(_, Property(&v1::ResumeJobRequest::id, "fit-3"), _))
      .WillOnce(Answer(Proto<v1::ResumeJobResponse>("job { state: JOB_STATE_QUEUED }")));
  EXPECT_EQ(Run({"job", "resume", "fit-3"}), kExitOk);
  EXPECT_EQ(out_, "Job fit-3 is QUEUED\n");
}

TEST_F(JobCommandsTest, WaitsForAllJobsAndFailsWithTheFirstThatFailed) {
  for (const std::string id : {"fit-3", "fit-4"}) {
    EXPECT_CALL(daemon_->jobs, WatchJobRaw(_, EqualsProto("id: '" + id + "'")))
        .WillOnce(Return(Stream<v1::WatchJobResponse>({})));
  }
  EXPECT_CALL(daemon_->jobs, GetJob)
      .WillOnce(Answer(Proto<v1::GetJobResponse>("job { id: 'fit-3' state: JOB_STATE_RUNNING }")))
      .WillOnce(Answer(Proto<v1::GetJobResponse>("job { id: 'fit-4' state: JOB_STATE_RUNNING }")))
      .WillOnce(Answer(Proto<v1::GetJobResponse>("job { id: 'fit-3' state: JOB_STATE_CANCELLED }")))
      .WillOnce(Answer(Proto<v1::GetJobResponse>(
          "job { id: 'fit-4' state: JOB_STATE_SUCCEEDED version: 2 spec { model: 'm' } }")));
  EXPECT_EQ(Run({"job", "wait", "fit-3", "fit-4"}), kExitJobFailed);
  EXPECT_EQ(out_, "Stored m@2\n");
  EXPECT_THAT(err_, HasSubstr("fit-3 was cancelled"));
}

TEST_F(JobCommandsTest, NamesEveryUnknownJobBeforeItWaits) {
  const auto unknown = [](const char* id) {
    return Return(
        grpc::Status(grpc::StatusCode::NOT_FOUND, "unknown job \"" + std::string(id) + "\""));
  };
  EXPECT_CALL(daemon_->jobs, GetJob)
      .WillOnce(Answer(Proto<v1::GetJobResponse>("job { id: 'fit-1' state: JOB_STATE_RUNNING }")))
      .WillOnce(unknown("fit-8"))
      .WillOnce(unknown("fit-9"));
  EXPECT_EQ(Run({"job", "wait", "fit-1", "fit-8", "fit-9"}), kExitNotFound);
  EXPECT_EQ(err_, "fitctl: unknown job \"fit-8\"\nfitctl: unknown job \"fit-9\"\n");
}

TEST_F(JobCommandsTest, ListsJobs) {
  EXPECT_CALL(
      daemon_->jobs,
      ListJobs(_, EqualsProto("states: JOB_STATE_RUNNING states: JOB_STATE_QUEUED model: 'm'"), _))
      .WillOnce(Answer(Proto<v1::ListJobsResponse>(
          "jobs { id: 'fit-2' state: JOB_STATE_QUEUED queue_position: 1 spec { model: 'm' dataset: "
          "'d' training { epochs: 5 } } }"
          "jobs { id: 'fit-1' state: JOB_STATE_RUNNING trial: 7 spec { model: 'm' dataset: 'd' "
          "training { epochs: 5 } } }")));
  EXPECT_EQ(Run({"job", "list", "--state", "running,queued", "--model", "m"}), kExitOk);
  EXPECT_EQ(out_,
            "id     model       data  state               epoch  metrics  version  created\n"
            "fit-2  m           d     QUEUED (1 in line)  0/5                   -        -\n"
            "fit-1  m, trial 7  d     RUNNING             0/5                   -        -\n");
}

}  // namespace
}  // namespace fitd::cli
