#include "server/predict/running_models.h"

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/retry_hint.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/jobs/job_fixture.h"

namespace fitd {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsNull;
using testing::NotNull;

// One that a test trains, with what fit-1 stored.
class RunningModelTest : public JobFixture {
 protected:
  void SetUp() override {
    JobFixture::SetUp();
    daemon_->scheduler.Start();
    FITD_ASSERT_OK(Start(1));
    FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-1"));
    FITD_ASSERT_OK_AND_ASSIGN(const auto loaded, daemon_->model_cache.Get("m"));
    version_ = loaded->version;
    version_.clear_version();
    FITD_ASSERT_OK_AND_ASSIGN(
        weights_, Weights::Load(daemon_->directory->WeightsPath(version_.weights_sha256())));
  }

  // What the thread of the job does when an epoch ends. Whether it was wanted.
  bool EndEpoch(int64_t epoch) {
    if (!model_.Wanted()) return false;
    version_.mutable_lineage()->set_epoch(epoch);
    model_.Put(version_, weights_);
    return true;
  }
  // Of the newest epoch; 0 when there is none.
  int64_t Ask() {
    const auto loaded = model_.Get();
    EXPECT_THAT(loaded, IsOk());
    return *loaded == nullptr ? 0 : (*loaded)->version.lineage().epoch();
  }

  v1::ModelVersion version_;
  Weights weights_;
  std::chrono::steady_clock::time_point now_;
  RunningModel model_{7, [this] { return now_; }};
};

TEST_F(RunningModelTest, WantsNothingBeforeSomebodyAsks) {
  EXPECT_FALSE(model_.Wanted());
  EXPECT_EQ(Ask(), 0);
  EXPECT_TRUE(model_.Wanted());
}

TEST_F(RunningModelTest, ServesTheNewestEpochAndLetsCallsEndOnTheirs) {
  Ask();
  EndEpoch(4);
  EXPECT_THAT(model_.GetLoaded(), IsNull());
  EXPECT_EQ(Ask(), 4);
  const std::shared_ptr<const LoadedModel> fourth = model_.GetLoaded();
  ASSERT_THAT(fourth, NotNull());
  EXPECT_EQ(fourth->id, -7);
  EXPECT_EQ(NameOf(*fourth), "job:fit-1");
  EXPECT_EQ(VersionOf(*fourth), "epoch-4");

  EndEpoch(5);
  EndEpoch(6);
  EXPECT_THAT(model_.GetLoaded(), IsNull());
  EXPECT_EQ(Ask(), 6);
  const std::vector<float> x(2);
  std::vector<float> y(2);
  fourth->predictor->Predict(x.data(), 1, y.data());
  EXPECT_FLOAT_EQ(y[0] + y[1], 1);
}

TEST_F(RunningModelTest, FreesAnEpochThatNobodyAskedForInAMinute) {
  Ask();
  EndEpoch(1);
  Ask();
  const std::weak_ptr<const LoadedModel> first = model_.GetLoaded();
  now_ += std::chrono::seconds(59);
  EXPECT_TRUE(EndEpoch(2));
  EXPECT_TRUE(first.expired());
  Ask();
  const std::weak_ptr<const LoadedModel> second = model_.GetLoaded();
  EXPECT_TRUE(EndEpoch(3));
  EXPECT_EQ(Ask(), 3);
  EXPECT_TRUE(EndEpoch(4));
  now_ += std::chrono::seconds(60);
  EXPECT_FALSE(EndEpoch(5));
  EXPECT_EQ(Ask(), 0);
  EXPECT_TRUE(EndEpoch(6));
  EXPECT_EQ(Ask(), 6);
}

TEST_F(RunningModelTest, AnEpochMayTakeLongerThanAMinute) {
  Ask();
  now_ += std::chrono::hours(1);
  EXPECT_TRUE(EndEpoch(1));
  now_ += std::chrono::hours(1);
  EXPECT_FALSE(EndEpoch(2));
  EXPECT_EQ(Ask(), 0);
}

TEST_F(RunningModelTest, CloseFreesIt) {
  RunningModels models;
  const std::weak_ptr<RunningModel> model = models.Open(7);
  EXPECT_THAT(models.Find(7), NotNull());
  EXPECT_THAT(models.Find(8), IsNull());
  models.Close(7);
  models.Close(8);
  EXPECT_THAT(models.Find(7), IsNull());
  EXPECT_TRUE(model.expired());
}

// Jobs that are asked while they train.
class RunningJobTest : public JobFixture {
 protected:
  absl::StatusOr<v1::PredictResponse> Ask(const std::string& model) {
    v1::PredictRequest request;
    request.set_model(model);
    v1::RowBatch& batch = *request.mutable_rows();
    batch.add_columns("x");
    batch.add_columns("y");
    for (const double value : {-1.0, 0.1, 1.0}) {
      v1::Row& row = *batch.add_rows();
      row.add_values()->set_number(value);
      row.add_values()->set_number(value);
    }
    return Predict(daemon_->prediction, request);
  }
  // Once an epoch has ended.
  absl::StatusOr<v1::PredictResponse> Await(const std::string& model) {
    absl::StatusOr<v1::PredictResponse> response = Ask(model);
    while (absl::IsUnavailable(response.status())) response = Ask(model);
    return response;
  }
};

TEST_F(RunningJobTest, AnswersAsAFitThatEndedWithTheEpoch) {
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(Start(kForever));
  AwaitEvents("fit-1", 3);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::PredictResponse first, Await("job:fit-1"));
  EXPECT_EQ(first.model(), "m");
  EXPECT_EQ(first.version(), 0);
  EXPECT_EQ(first.job_id(), "fit-1");
  ASSERT_GT(first.epoch(), 0);
  EXPECT_EQ(first.labels_size(), 3);
  AwaitEvents("fit-1", static_cast<size_t>(first.epoch()) + 5);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::PredictResponse later, Await("job:fit-1"));
  EXPECT_GT(later.epoch(), first.epoch());

  FITD_ASSERT_OK(Start(first.epoch()));
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-2"));
  FITD_ASSERT_OK_AND_ASSIGN(const v1::PredictResponse ended, Ask("job:fit-2"));
  EXPECT_EQ(ended.version(), 1);
  EXPECT_EQ(ended.job_id(), "");
  EXPECT_EQ(ended.epoch(), 0);
  EXPECT_THAT(first.scores(), ElementsAreArray(ended.scores()));
  EXPECT_THAT(first.labels(), ElementsAreArray(ended.labels()));
}

TEST_F(RunningJobTest, KeepsNoEpochUnasked) {
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(Start(kForever));
  AwaitEvents("fit-1", 10);
  const std::shared_ptr<RunningModel> running = daemon_->running_models.Find(1);
  ASSERT_THAT(running, NotNull());
  EXPECT_FALSE(running->Wanted());
  FITD_ASSERT_OK_AND_ASSIGN(const auto loaded, running->Get());
  EXPECT_THAT(loaded, IsNull());
}

TEST_F(RunningJobTest, EveryCallOfManyIsAnsweredFromOneEpochAndNoneFromAnOlderOne) {
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(Start(kForever));
  AwaitEvents("fit-1", 3);
  FITD_ASSERT_OK(Await("job:fit-1"));
  std::vector<std::thread> clients;
  for (int client = 0; client < 3; ++client) {
    clients.emplace_back([this] {
      int64_t newest = 0;
      for (int call = 0; call < 50; ++call) {
        const auto response = Ask("job:fit-1");
        ASSERT_THAT(response, IsOk());
        EXPECT_GE(response->epoch(), newest);
        newest = response->epoch();
        for (int i = 0; i < response->scores_size(); i += 2)
          EXPECT_FLOAT_EQ(response->scores(i) + response->scores(i + 1), 1);
      }
    });
  }
  for (std::thread& client : clients) client.join();
}

TEST_F(RunningJobTest, OneThatFinishedNoEpochYetIsUnavailableWithAHint) {
  FITD_ASSERT_OK(Start(5));
  const auto expect_unavailable = [this](const std::string& state) {
    const absl::Status status = Ask("job:fit-1").status();
    EXPECT_THAT(status,
                StatusIs(absl::StatusCode::kUnavailable,
                         HasSubstr("job fit-1 is " + state + " and has finished 0 of 5 epochs")));
    EXPECT_TRUE(status.GetPayload(kRetryInfoTypeUrl).has_value());
  };
  expect_unavailable("QUEUED");
  ForceState("fit-1", {v1::JOB_STATE_RUNNING});
  expect_unavailable("RUNNING");
  daemon_->running_models.Open(1);
  expect_unavailable("RUNNING");
}

TEST_F(RunningJobTest, OneThatDoesNotRunIsNamedWithItsState) {
  FITD_ASSERT_OK(Start(kForever));
  daemon_->scheduler.Start();
  AwaitEvents("fit-1", 3);
  FITD_ASSERT_OK(Await("job:fit-1"));
  const std::weak_ptr<RunningModel> running = daemon_->running_models.Find(1);

  FITD_ASSERT_OK(Pause("fit-1"));
  absl::StatusOr<v1::Job> job = Get("fit-1");
  while (job.ok() && job->state() != v1::JOB_STATE_PAUSED) job = Get("fit-1");
  FITD_ASSERT_OK(job);
  absl::StatusOr<v1::PredictResponse> response = Ask("job:fit-1");
  while (response.ok()) response = Ask("job:fit-1");  // Its worker lets go of it soon.
  EXPECT_THAT(response, StatusIs(absl::StatusCode::kFailedPrecondition,
                                 HasSubstr("job fit-1 is PAUSED and has no version")));
  EXPECT_TRUE(running.expired());

  FITD_ASSERT_OK(Resume("fit-1"));
  response = Await("job:fit-1");
  FITD_ASSERT_OK(response);
  EXPECT_GT(response->epoch(), 0);

  FITD_ASSERT_OK(Cancel("fit-1"));
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-1"));
  response = Ask("job:fit-1");
  while (response.ok() && response->version() == 0) response = Ask("job:fit-1");
  FITD_ASSERT_OK(response);
  EXPECT_EQ(response->version(), 1);
  EXPECT_EQ(response->job_id(), "");
}

TEST_F(RunningJobTest, OneThatFailedHasNone) {
  v1::StartFitRequest request = ClassifierFit("m", "d", 5);
  request.mutable_spec()
      ->mutable_training()
      ->mutable_optimizer()
      ->mutable_learning_rate()
      ->set_constant(1e37F);
  FITD_ASSERT_OK(Start(request));
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-1"));
  EXPECT_THAT(Ask("job:fit-1"), StatusIs(absl::StatusCode::kFailedPrecondition,
                                         HasSubstr("job fit-1 is FAILED and has no version")));
  EXPECT_THAT(Ask("job:fit-2"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("unknown job \"fit-2\"")));
  EXPECT_THAT(Ask("job:fit-2@3"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("NAME@ALIAS or job:ID")));
}

TEST_F(RunningJobTest, IsEvaluatedToo) {
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(Start(kForever));
  AwaitEvents("fit-1", 3);
  FITD_ASSERT_OK(Await("job:fit-1"));
  v1::EvaluateRequest request;
  request.set_model("job:fit-1");
  request.set_dataset("d");
  FITD_ASSERT_OK_AND_ASSIGN(const v1::EvaluateResponse response,
                            daemon_->evaluation.Run(request, [] { return false; }));
  EXPECT_EQ(response.rows(), 40);
  EXPECT_EQ(response.job_id(), "fit-1");
  EXPECT_GT(response.epoch(), 0);
  EXPECT_EQ(response.version(), 0);
}

}  // namespace
}  // namespace fitd
