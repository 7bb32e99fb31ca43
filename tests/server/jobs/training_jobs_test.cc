#include "server/jobs/training_jobs.h"

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/jobs/job_fixture.h"

namespace fitd {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

using TrainingJobsTest = JobFixture;

TEST_F(TrainingJobsTest, FitStoresAVersionAndItsHistory) {
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job queued, Start(3));
  EXPECT_EQ(queued.id(), "fit-1");
  EXPECT_EQ(queued.state(), v1::JOB_STATE_QUEUED);
  EXPECT_EQ(queued.queue_position(), 1);
  EXPECT_EQ(queued.last_event(), 1);
  EXPECT_TRUE(queued.spec().training().has_shuffle());

  daemon_->scheduler.Start();
  FITD_ASSERT_OK_AND_ASSIGN(const auto events, ReadEvents(daemon_->jobs, "fit-1"));
  EXPECT_THAT(Numbers(events), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(States(events),
              ElementsAre(v1::JOB_STATE_QUEUED, v1::JOB_STATE_RUNNING, v1::JOB_STATE_SUCCEEDED));
  EXPECT_THAT(Epochs(events), ElementsAre(1, 2, 3));

  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job done, Get("fit-1"));
  EXPECT_EQ(done.version(), 1);
  EXPECT_EQ(done.training_rows(), 40);
  EXPECT_EQ(done.progress().epoch(), 3);
  EXPECT_TRUE(done.has_start_time() && done.has_end_time());

  v1::GetModelVersionRequest request;
  request.set_model("m");
  FITD_ASSERT_OK_AND_ASSIGN(const v1::GetModelVersionResponse got,
                            daemon_->models.GetVersion(request));
  EXPECT_EQ(got.version().lineage().job_id(), "fit-1");
  EXPECT_EQ(got.version().lineage().steps(), 15);
  EXPECT_EQ(got.version().lineage().epoch(), 3);
  EXPECT_EQ(got.version().weights_sha256().size(), 64u);
  EXPECT_GT(got.version().weights_bytes(), 0);
  EXPECT_TRUE(
      std::filesystem::exists(daemon_->directory->WeightsPath(got.version().weights_sha256())));
}

TEST_F(TrainingJobsTest, SameFitGivesTheSameWeightsWhateverItsThreads) {
  daemon_->scheduler.Start();
  std::vector<std::string> weights;
  for (const int threads : {1, 2}) {
    v1::StartFitRequest request = ClassifierFit("m", "d", 2);
    request.mutable_spec()->mutable_resources()->set_threads(threads);
    FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, Start(request));
    FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, job.id()));
    v1::GetModelVersionRequest get;
    get.set_model("m");
    weights.push_back(daemon_->models.GetVersion(get)->version().weights_sha256());
  }
  EXPECT_EQ(weights[0], weights[1]);
}

TEST_F(TrainingJobsTest, HistoryIsReplayedFromAnyEventAlsoAfterARestart) {
  FITD_ASSERT_OK(Start(3));
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-1"));
  Restart();
  FITD_ASSERT_OK_AND_ASSIGN(const auto events, ReadEvents(daemon_->jobs, "fit-1", 4));
  EXPECT_THAT(Numbers(events), ElementsAre(4, 5, 6));
  FITD_ASSERT_OK_AND_ASSIGN(const auto none, ReadEvents(daemon_->jobs, "fit-1", 7));
  EXPECT_TRUE(none.empty());
  EXPECT_THAT(
      ReadEvents(daemon_->jobs, "fit-1", 8),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("from_event: is 8; allowed: 0 to 7")));
}

TEST_F(TrainingJobsTest, WrongRequestsNameEveryFault) {
  v1::StartFitRequest request = ClassifierFit("M", "", -1);
  request.mutable_spec()->mutable_resources()->set_threads(-1);
  request.mutable_spec()->mutable_resources()->set_priority(101);
  request.mutable_spec()->set_initial_version(-1);
  request.mutable_spec()->set_validation_dataset("d");
  request.mutable_spec()->mutable_training()->set_validation_split(0.5);
  EXPECT_THAT(
      Start(request),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("spec.model"), HasSubstr("spec.dataset"),
                     HasSubstr("spec.resources.threads"), HasSubstr("spec.resources.priority"),
                     HasSubstr("spec.initial_version"), HasSubstr("spec.validation_dataset"))));
}

TEST_F(TrainingJobsTest, AFoldAndOtherValidationRowsExcludeEachOther) {
  v1::StartFitRequest request = ClassifierFit("m", "d", 1);
  request.mutable_spec()->set_validation_dataset("d");
  request.mutable_spec()->mutable_training()->mutable_fold()->set_index(1);
  request.mutable_spec()->mutable_training()->mutable_fold()->set_count(5);
  EXPECT_THAT(
      Start(request),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("spec.validation_dataset: is set beside spec.training.fold; allowed")));
}

TEST_F(TrainingJobsTest, UnknownNamesAreNotFound) {
  EXPECT_THAT(Start(ClassifierFit("mm", "d", 1)),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("model \"mm\"")));
  EXPECT_THAT(Start(ClassifierFit("m", "dd", 1)),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("data set \"dd\"")));
  v1::StartFitRequest request = ClassifierFit("m", "d", 1);
  request.mutable_spec()->set_initial_version(3);
  EXPECT_THAT(Start(request), StatusIs(absl::StatusCode::kNotFound, HasSubstr("version \"3\"")));
  EXPECT_THAT(Get("fit-1"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Get("nonsense"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Get("../x"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(TrainingJobsTest, UnknownNamesAndWrongOptionsAreToldTogether) {
  v1::StartFitRequest request = ClassifierFit("mm", "dd", -1);
  request.mutable_spec()->set_validation_dataset("ddd");
  EXPECT_THAT(Start(request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("spec.model: unknown model \"mm\""),
                             HasSubstr("spec.dataset: unknown data set \"dd\""),
                             HasSubstr("spec.validation_dataset: unknown data set \"ddd\""),
                             HasSubstr("spec.training.epochs: is -1"))));
  request.mutable_spec()->mutable_training()->set_epochs(1);
  EXPECT_THAT(Start(request), StatusIs(absl::StatusCode::kNotFound,
                                       AllOf(HasSubstr("spec.model"), HasSubstr("spec.dataset"),
                                             HasSubstr("spec.validation_dataset"))));
}

TEST_F(TrainingJobsTest, DataThatDoNotFitTheModelAreRefused) {
  FITD_ASSERT_OK(daemon_->models.Create(DenseModel("wide", 3, {2})));
  EXPECT_THAT(Start(ClassifierFit("wide", "d", 1)), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(TrainingJobsTest, ValidateOnlyQueuesNothing) {
  v1::StartFitRequest request = ClassifierFit("m", "d", 2);
  request.set_validate_only(true);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, Start(request));
  EXPECT_EQ(job.id(), "");
  EXPECT_EQ(job.trainable_parameters(), 2 * 4 + 4 + 4 * 2 + 2);
  EXPECT_EQ(daemon_->jobs.List({})->jobs_size(), 0);
}

TEST_F(TrainingJobsTest, FitThatNeverFitsIsRefusedWithBothNumbers) {
  options_.max_memory_bytes = 100;
  Restart();
  EXPECT_THAT(Start(1), StatusIs(absl::StatusCode::kResourceExhausted,
                                 AllOf(HasSubstr("needs"), HasSubstr("100"))));
}

TEST_F(TrainingJobsTest, CancelStopsARunningJobAndKeepsAVersion) {
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(Start(kForever));
  AwaitEvents("fit-1", 3);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job asked, Cancel("fit-1"));
  EXPECT_EQ(asked.state(), v1::JOB_STATE_CANCELLING);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, AwaitEnd(daemon_->jobs, "fit-1"));
  EXPECT_EQ(job.state(), v1::JOB_STATE_CANCELLED);
  EXPECT_EQ(job.version(), 1);
  v1::GetModelVersionRequest request;
  request.set_model("m@1");
  EXPECT_TRUE(daemon_->models.GetVersion(request)->version().from_cancelled_job());
  FITD_EXPECT_OK(Cancel("fit-1"));
}

TEST_F(TrainingJobsTest, CancelOfAQueuedJobLeavesNoVersion) {
  FITD_ASSERT_OK(Start(1));
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, Cancel("fit-1"));
  EXPECT_EQ(job.state(), v1::JOB_STATE_CANCELLED);
  EXPECT_EQ(job.version(), 0);
}

TEST_F(TrainingJobsTest, CancelAfterTheEndIsAPrecondition) {
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(Start(1));
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-1"));
  EXPECT_THAT(Cancel("fit-1"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("SUCCEEDED")));
}

TEST_F(TrainingJobsTest, TwoJobsRunAtOnceAndAThirdWaits) {
  daemon_->scheduler.Start();
  for (int i = 0; i < 3; ++i) FITD_ASSERT_OK(Start(kForever));
  AwaitEvents("fit-1", 3);
  AwaitEvents("fit-2", 3);
  EXPECT_EQ(Get("fit-3")->state(), v1::JOB_STATE_QUEUED);
  FITD_ASSERT_OK(Cancel("fit-1"));
  AwaitEvents("fit-3", 3);
}

TEST_F(TrainingJobsTest, JobsThatDoNotFitTogetherRunOneAfterTheOther) {
  FITD_ASSERT_OK(Start(kForever));
  const int64_t memory = daemon_->store
                             ->InTransaction([](Transaction& transaction) {
                               return absl::StatusOr<int64_t>(transaction.jobs.Memory(1));
                             })
                             .value();
  options_.max_memory_bytes = memory * 3 / 2;
  Restart();
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(Start(1));
  AwaitEvents("fit-1", 3);
  const v1::Job waiting = Get("fit-2").value();
  EXPECT_EQ(waiting.state(), v1::JOB_STATE_QUEUED);
  EXPECT_EQ(waiting.memory_bytes(), memory);
  EXPECT_EQ(waiting.waiting_for(),
            fmt::format("memory: needs {} bytes, {} free", memory, memory * 3 / 2 - memory));
  FITD_ASSERT_OK(Cancel("fit-1"));
  EXPECT_EQ(AwaitEnd(daemon_->jobs, "fit-2")->state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(TrainingJobsTest, WatcherOfAQueuedJobSeesItsPlaceChange) {
  daemon_->scheduler.Start();
  for (int i = 0; i < 4; ++i) FITD_ASSERT_OK(Start(kForever));
  AwaitEvents("fit-1", 3);
  AwaitEvents("fit-2", 3);
  EXPECT_EQ(Get("fit-4")->waiting_for(), "a free worker");
  v1::WatchJobRequest request;
  request.set_id("fit-4");
  request.set_progress(true);
  StreamReader<v1::WatchJobResponse> reader;
  FITD_ASSERT_OK_AND_ASSIGN(const auto source, daemon_->jobs.Watch(request, reader.wake()));
  EXPECT_EQ(reader.Next(*source)->event().number(), 1);
  FITD_ASSERT_OK_AND_ASSIGN(v1::WatchJobResponse response, reader.Next(*source));
  EXPECT_EQ(response.progress().queue_position(), 2);
  EXPECT_EQ(response.progress().waiting_for(), "a free worker");
  FITD_ASSERT_OK(Cancel("fit-3"));
  while (response.progress().queue_position() == 2) {
    FITD_ASSERT_OK_AND_ASSIGN(response, reader.Next(*source));
  }
  EXPECT_EQ(response.progress().queue_position(), 1);
  FITD_ASSERT_OK(Cancel("fit-1"));
  while (!response.has_event()) {
    FITD_ASSERT_OK_AND_ASSIGN(response, reader.Next(*source));
  }
  EXPECT_EQ(response.event().state_change().state(), v1::JOB_STATE_RUNNING);
}

TEST_F(TrainingJobsTest, CancelOfTheFirstInLineLetsTheNextOneStart) {
  FITD_ASSERT_OK(daemon_->models.Create(DenseModel("large", 2, {100'000, 2})));
  v1::StartFitRequest large = ClassifierFit("large", "d", 1);
  large.set_validate_only(true);
  options_.max_memory_bytes = Start(large)->memory_bytes() + (1 << 20);
  large.set_validate_only(false);
  Restart();
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(Start(kForever));
  AwaitEvents("fit-1", 3);
  FITD_ASSERT_OK(Start(large));
  FITD_ASSERT_OK(Start(1));
  EXPECT_THAT(Get("fit-2")->waiting_for(), HasSubstr("memory: needs"));
  EXPECT_EQ(Get("fit-3")->waiting_for(), "the jobs before it");
  FITD_ASSERT_OK(Cancel("fit-2"));
  EXPECT_EQ(AwaitEnd(daemon_->jobs, "fit-3")->state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(TrainingJobsTest, StoppedDaemonPutsItsJobsBackAndTheNextOneFinishesThemWithoutAGap) {
  FITD_ASSERT_OK(daemon_->jobs.StartFit(ClassifierFit("m", "d", kMany)));
  daemon_->scheduler.Start();
  AwaitEvents("fit-1", 5);
  daemon_->scheduler.Stop();
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job stopped, Get("fit-1"));
  ASSERT_EQ(stopped.state(), v1::JOB_STATE_QUEUED);
  EXPECT_EQ(stopped.restarts(), 1);

  Restart();
  daemon_->scheduler.Start();
  FITD_ASSERT_OK_AND_ASSIGN(const auto events, ReadEvents(daemon_->jobs, "fit-1"));
  const std::vector<int64_t> epochs = Epochs(events);
  ASSERT_EQ(epochs.size(), static_cast<size_t>(kMany));
  for (size_t i = 0; i < epochs.size(); ++i) ASSERT_EQ(epochs[i], static_cast<int64_t>(i) + 1);
  for (size_t i = 0; i < events.size(); ++i)
    ASSERT_EQ(events[i].number(), static_cast<int64_t>(i) + 1);
  EXPECT_THAT(States(events),
              ElementsAre(v1::JOB_STATE_QUEUED, v1::JOB_STATE_RUNNING, v1::JOB_STATE_QUEUED,
                          v1::JOB_STATE_RUNNING, v1::JOB_STATE_SUCCEEDED));
}

TEST_F(TrainingJobsTest, JobOfAKilledDaemonStartsAgain) {
  FITD_ASSERT_OK(Start(2));
  ForceState("fit-1", {v1::JOB_STATE_RUNNING});
  Restart();
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, Get("fit-1"));
  EXPECT_EQ(job.state(), v1::JOB_STATE_QUEUED);
  EXPECT_EQ(job.restarts(), 1);
  daemon_->scheduler.Start();
  EXPECT_EQ(AwaitEnd(daemon_->jobs, "fit-1")->state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(TrainingJobsTest, JobUnderWhichTheDaemonDiesAgainAndAgainFails) {
  FITD_ASSERT_OK(Start(2));
  for (int i = 0; i < 6; ++i) {
    ForceState("fit-1", {v1::JOB_STATE_RUNNING});
    Restart();
  }
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, Get("fit-1"));
  EXPECT_EQ(job.state(), v1::JOB_STATE_FAILED);
  EXPECT_THAT(job.failure().message(), HasSubstr("died 6 times"));
}

TEST_F(TrainingJobsTest, JobBeingCancelledByAKilledDaemonIsCancelled) {
  FITD_ASSERT_OK(Start(2));
  ForceState("fit-1", {v1::JOB_STATE_RUNNING, v1::JOB_STATE_CANCELLING});
  Restart();
  daemon_->scheduler.Start();
  EXPECT_EQ(AwaitEnd(daemon_->jobs, "fit-1")->state(), v1::JOB_STATE_CANCELLED);
}

TEST_F(TrainingJobsTest, DivergingFitFailsWithStepLayerAndTensorAndHarmsNothing) {
  daemon_->scheduler.Start();
  v1::StartFitRequest request = ClassifierFit("m", "d", 50);
  request.mutable_spec()->mutable_training()->mutable_optimizer()->mutable_sgd();
  request.mutable_spec()
      ->mutable_training()
      ->mutable_optimizer()
      ->mutable_learning_rate()
      ->set_constant(1e30f);
  FITD_ASSERT_OK(Start(request));
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, AwaitEnd(daemon_->jobs, "fit-1"));
  EXPECT_EQ(job.state(), v1::JOB_STATE_FAILED);
  EXPECT_GT(job.failure().step(), 0);
  EXPECT_NE(job.failure().tensor(), "");
  EXPECT_EQ(job.version(), 0);
  FITD_ASSERT_OK(Start(1));
  EXPECT_EQ(AwaitEnd(daemon_->jobs, "fit-2")->state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(TrainingJobsTest, WarmStartGoesOnFromAVersion) {
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(Start(1));
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-1"));
  v1::StartFitRequest request = ClassifierFit("m", "d", 1);
  request.mutable_spec()->set_initial_version(1);
  FITD_ASSERT_OK(Start(request));
  EXPECT_EQ(AwaitEnd(daemon_->jobs, "fit-2")->state(), v1::JOB_STATE_SUCCEEDED);
  v1::GetModelVersionRequest get;
  get.set_model("m@1");
  const std::string first = daemon_->models.GetVersion(get)->version().weights_sha256();
  get.set_model("m@2");
  EXPECT_EQ(daemon_->models.GetVersion(get)->version().lineage().initial_weights_sha256(), first);
}

TEST_F(TrainingJobsTest, WarmStartOnLabelsThatTheVersionDoesNotKnowIsRefused) {
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(Start(1));
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-1"));
  std::string csv = TwoClusters(40);
  csv.replace(csv.rfind(','), std::string::npos, ",other\n");
  FITD_ASSERT_OK(UploadCsv(daemon_->datasets, "other", csv, "kind"));
  v1::StartFitRequest request = ClassifierFit("m", "other", 1);
  request.mutable_spec()->set_initial_version(1);
  EXPECT_THAT(Start(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                       HasSubstr("dataset: row 40: unknown label \"other\"")));
  EXPECT_THAT(Get("fit-2"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(TrainingJobsTest, FitOnDataThatWereDamagedFails) {
  DamageDataset();
  Restart();
  FITD_ASSERT_OK(Start(1));
  daemon_->scheduler.Start();
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, AwaitEnd(daemon_->jobs, "fit-1"));
  EXPECT_EQ(job.state(), v1::JOB_STATE_FAILED);
  EXPECT_THAT(job.failure().message(), HasSubstr("damaged; upload it again"));
}

TEST_F(TrainingJobsTest, WarmStartKeepsThePipelineOfTheVersion) {
  daemon_->scheduler.Start();
  v1::StartFitRequest request = ClassifierFit("m", "d", 1);
  request.mutable_spec()->mutable_training()->mutable_pipeline()->set_standardize_features(false);
  FITD_ASSERT_OK(Start(request));
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-1"));
  v1::StartFitRequest warm = ClassifierFit("m", "d", 1);
  warm.mutable_spec()->set_initial_version(1);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, Start(warm));
  EXPECT_FALSE(job.spec().training().pipeline().standardize_features());

  warm.mutable_spec()->mutable_training()->mutable_pipeline()->set_standardize_features(true);
  EXPECT_THAT(Start(warm),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("spec.training.pipeline.standardize_features: is true; version 1, "
                                 "whose weights the fit starts from, was trained with false")));
}

TEST_F(TrainingJobsTest, WhatAnActiveJobNeedsIsNotDeleted) {
  FITD_ASSERT_OK(Start(1));
  v1::DeleteModelRequest model;
  model.set_name("m");
  EXPECT_THAT(daemon_->models.Delete(model),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("fit-1")));
  v1::DeleteDatasetRequest dataset;
  dataset.set_name("d");
  EXPECT_THAT(daemon_->datasets.Delete(dataset),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("fit-1")));
  v1::DeleteJobRequest job;
  job.set_id("fit-1");
  EXPECT_THAT(daemon_->jobs.Delete(job),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("QUEUED")));
  FITD_ASSERT_OK(Cancel("fit-1"));
  FITD_EXPECT_OK(daemon_->jobs.Delete(job));
  FITD_EXPECT_OK(daemon_->models.Delete(model));
  FITD_EXPECT_OK(daemon_->datasets.Delete(dataset));
}

TEST_F(TrainingJobsTest, RequestIdQueuesOneJobAlsoAcrossARestart) {
  v1::StartFitRequest request = ClassifierFit("m", "d", 1);
  request.set_request_id("r");
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job first, Start(request));
  Restart();
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job again, Start(request));
  EXPECT_EQ(again.DebugString(), first.DebugString());
  EXPECT_EQ(daemon_->jobs.List({})->jobs_size(), 1);
}

TEST_F(TrainingJobsTest, HigherPriorityStartsFirst) {
  FITD_ASSERT_OK(Start(1));
  v1::StartFitRequest urgent = ClassifierFit("m", "d", 1);
  urgent.mutable_spec()->mutable_resources()->set_priority(1);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, Start(urgent));
  EXPECT_EQ(job.queue_position(), 1);
  EXPECT_EQ(Get("fit-1")->queue_position(), 2);
}

TEST_F(TrainingJobsTest, ListGivesPagesNewestFirst) {
  for (int i = 0; i < 3; ++i) FITD_ASSERT_OK(Start(1));
  v1::ListJobsRequest request;
  request.set_page_size(2);
  FITD_ASSERT_OK_AND_ASSIGN(v1::ListJobsResponse page, daemon_->jobs.List(request));
  ASSERT_EQ(page.jobs_size(), 2);
  EXPECT_EQ(page.jobs(0).id(), "fit-3");
  request.set_page_token(page.next_page_token());
  FITD_ASSERT_OK_AND_ASSIGN(page, daemon_->jobs.List(request));
  ASSERT_EQ(page.jobs_size(), 1);
  EXPECT_EQ(page.jobs(0).id(), "fit-1");
  request.add_states(v1::JOB_STATE_FAILED);
  EXPECT_THAT(daemon_->jobs.List(request),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("page_token")));
}

TEST_F(TrainingJobsTest, ListOfAnUnknownModelIsNotFound) {
  v1::ListJobsRequest request;
  request.set_model("m");
  FITD_EXPECT_OK(daemon_->jobs.List(request).status());
  request.set_model("mm");
  EXPECT_THAT(daemon_->jobs.List(request),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("did you mean \"m\"?")));
}

TEST_F(TrainingJobsTest, WatcherHearsThatTheDaemonStops) {
  FITD_ASSERT_OK(Start(1));
  v1::WatchJobRequest request;
  request.set_id("fit-1");
  StreamReader<v1::WatchJobResponse> reader;
  FITD_ASSERT_OK_AND_ASSIGN(auto source, daemon_->jobs.Watch(request, reader.wake()));
  FITD_EXPECT_OK(reader.Next(*source));
  std::thread stopper([this] { daemon_->feeds.Stop(); });
  EXPECT_THAT(reader.Next(*source),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("resume with from_event=2")));
  source.reset();
  stopper.join();
}

TEST_F(TrainingJobsTest, TellsThatEarlyStoppingEndedIt) {
  daemon_->scheduler.Start();
  v1::StartFitRequest request = ClassifierFit("m", "d", 9);
  v1::EarlyStoppingSpec& stopping =
      *request.mutable_spec()->mutable_training()->mutable_early_stopping();
  stopping.set_monitor("loss");
  stopping.set_min_delta(100);
  stopping.set_patience(3);
  FITD_ASSERT_OK_AND_ASSIGN(v1::Job job, Start(request));
  FITD_ASSERT_OK_AND_ASSIGN(job, AwaitEnd(daemon_->jobs, job.id()));
  const auto told = [&] {
    return ReadEvents(daemon_->jobs, job.id())->back().state_change().message();
  };
  EXPECT_EQ(told(), "stopped early after epoch 4; the best epoch, 1, is kept");
  request.mutable_spec()->mutable_training()->set_epochs(2);
  FITD_ASSERT_OK_AND_ASSIGN(job, Start(request));
  FITD_ASSERT_OK_AND_ASSIGN(job, AwaitEnd(daemon_->jobs, job.id()));
  EXPECT_EQ(told(), "the best epoch, 1, is kept");
  FITD_ASSERT_OK_AND_ASSIGN(job, Start(2));
  FITD_ASSERT_OK_AND_ASSIGN(job, AwaitEnd(daemon_->jobs, job.id()));
  EXPECT_EQ(told(), "");
}

}  // namespace
}  // namespace fitd
