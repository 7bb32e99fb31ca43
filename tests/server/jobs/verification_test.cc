// Jobs that train a version again.

#include "server/jobs/verification.h"

#include <functional>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/checkpoints.h"
#include "tests/server/jobs/job_fixture.h"

namespace fitd {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class VerificationTest : public JobFixture {
 protected:
  void SetUp() override {
    JobFixture::SetUp();
    daemon_->scheduler.Start();
  }

  v1::StartFitRequest Verification(int64_t version) {
    v1::StartFitRequest request;
    request.mutable_spec()->set_model("m");
    request.mutable_spec()->set_verify_version(version);
    return request;
  }
  absl::StatusOr<v1::Job> Verify(int64_t version) {
    FITD_ASSIGN_OR_RETURN(const v1::Job job, Start(Verification(version)));
    return AwaitEnd(daemon_->jobs, job.id());
  }
  void Train(const v1::StartFitRequest& request) {
    FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, Start(request));
    EXPECT_EQ(AwaitEnd(daemon_->jobs, job.id())->state(), v1::JOB_STATE_SUCCEEDED);
  }
  v1::ModelVersion Version(int64_t version) {
    v1::GetModelVersionRequest request;
    request.set_model("m@" + std::to_string(version));
    return daemon_->models.GetVersion(request)->version();
  }
  int64_t LatestVersion() {
    v1::GetModelRequest request;
    request.set_name("m");
    return daemon_->models.Get(request)->model().latest_version();
  }
  absl::Status DeleteVersion(int64_t version) {
    v1::DeleteModelVersionRequest request;
    request.set_model("m");
    request.set_version(version);
    return daemon_->models.DeleteVersion(request).status();
  }
  // m@1 with other facts, as the newest version.
  void AddVersion(const std::function<void(v1::ModelVersion&)>& change) {
    v1::ModelVersion version = Version(1);
    change(version);
    FITD_ASSERT_OK(daemon_->store->InTransaction([&](Transaction& transaction) {
      transaction.models.InsertVersion(version);
      return absl::OkStatus();
    }));
  }
};

TEST_F(VerificationTest, VersionIsReproducedAndNothingIsLeftBehind) {
  Train(ClassifierFit("m", "d", 3));
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, Verify(1));
  EXPECT_EQ(job.state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(job.spec().dataset(), "d");
  EXPECT_EQ(job.spec().training().epochs(), 3);
  EXPECT_EQ(job.progress().epoch(), 3);
  EXPECT_EQ(job.version(), 0);
  EXPECT_EQ(LatestVersion(), 1);
  EXPECT_THAT(Checkpoints(*daemon_->directory).Paths(2), IsEmpty());
}

TEST_F(VerificationTest, BestEpochOfEarlyStoppingIsReproduced) {
  v1::StartFitRequest request = ClassifierFit("m", "d", 9);
  v1::EarlyStoppingSpec& stopping =
      *request.mutable_spec()->mutable_training()->mutable_early_stopping();
  stopping.set_monitor("loss");
  stopping.set_min_delta(100);
  stopping.set_patience(3);
  Train(request);
  ASSERT_EQ(Version(1).lineage().epoch(), 1);
  EXPECT_EQ(Verify(1)->state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(VerificationTest, CancelledFitIsReproducedUpToItsStep) {
  FITD_ASSERT_OK(Start(kForever));
  AwaitEvents("fit-1", 3);
  FITD_ASSERT_OK(Cancel("fit-1"));
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-1"));
  EXPECT_EQ(Verify(1)->state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(VerificationTest, WarmStartIsReproducedWhileTheVersionBeforeIsThere) {
  Train(ClassifierFit("m", "d", 1));
  v1::StartFitRequest request = ClassifierFit("m", "d", 2);
  request.mutable_spec()->set_initial_version(1);
  Train(request);
  EXPECT_EQ(Verify(2)->state(), v1::JOB_STATE_SUCCEEDED);
  FITD_ASSERT_OK(DeleteVersion(1));
  EXPECT_THAT(Verify(2), StatusIs(absl::StatusCode::kFailedPrecondition,
                                  AllOf(HasSubstr("m@2 started from a version that is gone"),
                                        HasSubstr(Version(2).lineage().initial_weights_sha256()))));
}

TEST_F(VerificationTest, DifferenceFailsTheJobAndIsNamed) {
  Train(ClassifierFit("m", "d", 1));
  AddVersion([&](v1::ModelVersion& version) {
    FITD_ASSERT_OK_AND_ASSIGN(
        Weights weights, Weights::Load(daemon_->directory->WeightsPath(version.weights_sha256())));
    ASSERT_EQ(weights.tensors[1].name, "dense/bias");
    weights.tensors[1].values[2] = 0.5f;
    version.set_weights_sha256(weights.Sha256());
    FITD_ASSERT_OK(weights.Save(daemon_->directory->WeightsPath(weights.Sha256())));
  });
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, Verify(2));
  EXPECT_EQ(job.state(), v1::JOB_STATE_FAILED);
  EXPECT_EQ(job.failure().code(), static_cast<int>(absl::StatusCode::kInternal));
  EXPECT_THAT(job.failure().message(),
              AllOf(HasSubstr("m@2 was not reproduced: dense/bias"), HasSubstr("at index 2: 0.5 "),
                    HasSubstr("1 of 4 tensors")));
  EXPECT_EQ(job.failure().difference().tensor(), "dense/bias");
  EXPECT_EQ(job.failure().difference().stored(), 0.5f);
  EXPECT_NE(job.failure().difference().trained(), 0.5f);
}

TEST_F(VerificationTest, PausedVerificationGoesOnAfterARestart) {
  FITD_ASSERT_OK(Start(kMany));
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-1"));
  FITD_ASSERT_OK(Start(Verification(1)));
  AwaitEvents("fit-2", 6);
  FITD_ASSERT_OK(Pause("fit-2"));
  while (Get("fit-2")->state() != v1::JOB_STATE_PAUSED) std::this_thread::yield();
  Restart();
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(Resume("fit-2"));
  EXPECT_EQ(AwaitEnd(daemon_->jobs, "fit-2")->state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(VerificationTest, CancelledVerificationMakesNoVersion) {
  FITD_ASSERT_OK(Start(kForever));
  AwaitEvents("fit-1", 3);
  FITD_ASSERT_OK(Cancel("fit-1"));
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-1"));
  AddVersion([](v1::ModelVersion& version) { version.mutable_lineage()->set_steps(kForever); });
  FITD_ASSERT_OK(Start(Verification(2)));
  AwaitEvents("fit-2", 3);
  FITD_ASSERT_OK(Cancel("fit-2"));
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, AwaitEnd(daemon_->jobs, "fit-2"));
  EXPECT_EQ(job.state(), v1::JOB_STATE_CANCELLED);
  EXPECT_EQ(job.version(), 0);
  EXPECT_EQ(LatestVersion(), 2);
}

TEST_F(VerificationTest, DataAreFoundByTheirContent) {
  Train(ClassifierFit("m", "d", 1));
  v1::DeleteDatasetRequest request;
  request.set_name("d");
  FITD_ASSERT_OK(daemon_->datasets.Delete(request));
  EXPECT_THAT(Verify(1), StatusIs(absl::StatusCode::kFailedPrecondition,
                                  AllOf(HasSubstr("m@1 was made with data set d"),
                                        HasSubstr(Version(1).lineage().dataset_sha256()))));
  FITD_ASSERT_OK(UploadCsv(daemon_->datasets, "d", TwoClusters(30), "kind"));
  EXPECT_THAT(Verify(1), StatusIs(absl::StatusCode::kFailedPrecondition));
  FITD_ASSERT_OK(UploadCsv(daemon_->datasets, "again", TwoClusters(40), "kind"));
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, Verify(1));
  EXPECT_EQ(job.state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(job.spec().dataset(), "again");
}

TEST_F(VerificationTest, OtherEnginesAndProcessorsAreRefused) {
  Train(ClassifierFit("m", "d", 1));
  AddVersion([](v1::ModelVersion& version) { version.mutable_lineage()->set_isa("abacus"); });
  AddVersion(
      [](v1::ModelVersion& version) { version.mutable_lineage()->set_engine_version("0.0.1"); });
  EXPECT_THAT(Verify(2), StatusIs(absl::StatusCode::kFailedPrecondition,
                                  HasSubstr("m@2 was trained on abacus, this daemon runs on ")));
  EXPECT_THAT(Verify(3), StatusIs(absl::StatusCode::kFailedPrecondition,
                                  HasSubstr("m@3 was trained by fitd 0.0.1, this is ")));
}

TEST_F(VerificationTest, WhatTheLineageSaysIsNotAskedFor) {
  EXPECT_THAT(Verify(1), StatusIs(absl::StatusCode::kNotFound));
  v1::StartFitRequest request = ClassifierFit("m", "d", 1);
  request.mutable_spec()->set_initial_version(1);
  request.mutable_spec()->set_verify_version(1);
  EXPECT_THAT(Start(request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("spec.dataset"), HasSubstr("spec.initial_version"),
                             HasSubstr("spec.training: is set beside spec.verify_version"))));
  EXPECT_THAT(Verify(-1), StatusIs(absl::StatusCode::kInvalidArgument,
                                   HasSubstr("spec.verify_version: is -1")));
}

TEST_F(VerificationTest, VersionToVerifyIsNotDeleted) {
  Train(ClassifierFit("m", "d", 1));
  Restart();  // Nothing runs now.
  FITD_ASSERT_OK(Start(Verification(1)));
  EXPECT_THAT(DeleteVersion(1),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("job fit-2 needs m@1")));
  FITD_ASSERT_OK(Cancel("fit-2"));
  FITD_EXPECT_OK(DeleteVersion(1));
}

}  // namespace
}  // namespace fitd
