#include "server/jobs/housekeeping.h"

#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/use_cases.h"

namespace fitd {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

class HousekeepingTest : public testing::Test {
 protected:
  void SetUp() override {
    FITD_ASSERT_OK_AND_ASSIGN(daemon_, UseCases::Open(temp_.File("data")));
    FITD_ASSERT_OK(daemon_->models.Create(DenseModel("m", 2, {2})));
  }

  template <typename Body>
  void With(Body body) {
    FITD_ASSERT_OK(daemon_->store->InTransaction([&](Transaction& transaction) {
      body(transaction);
      return absl::OkStatus();
    }));
  }

  // Versions 1 to `count`, each with a file.
  void AddVersions(int count) {
    With([&](Transaction& transaction) {
      for (int i = 1; i <= count; ++i) {
        v1::ModelVersion version;
        version.set_model("m");
        version.set_weights_sha256(fmt::format("{:064}", i));
        std::ofstream(daemon_->directory->WeightsPath(version.weights_sha256())) << i;
        transaction.models.InsertVersion(version);
      }
    });
  }

  std::vector<int64_t> Versions() {
    std::vector<int64_t> versions;
    With([&](Transaction& transaction) {
      constexpr int64_t kAll = std::numeric_limits<int64_t>::max();
      for (const v1::ModelVersion& version : transaction.models.ListVersions("m", kAll, kAll))
        versions.push_back(version.version());
    });
    return versions;
  }

  void AddJob(v1::JobState state, int64_t end_seconds, int64_t initial_version = 0) {
    With([&](Transaction& transaction) {
      v1::Job job;
      job.set_state(state);
      job.mutable_spec()->set_model("m");
      job.mutable_spec()->set_initial_version(initial_version);
      if (end_seconds > 0) job.mutable_end_time()->set_seconds(end_seconds);
      transaction.jobs.Insert(job, 1);
    });
  }

  std::vector<std::string> Jobs() {
    std::vector<std::string> ids;
    With([&](Transaction& transaction) {
      for (const v1::Job& job : transaction.jobs.List(1000, 1000, {})) ids.push_back(job.id());
    });
    return ids;
  }

  TempDir temp_;
  std::unique_ptr<UseCases> daemon_;
};

TEST_F(HousekeepingTest, TheNewestVersionsAreThoseThatWereStoredLast) {
  With([](Transaction& transaction) { transaction.models.ReserveVersion("m"); });
  AddVersions(2);
  With([](Transaction& transaction) {
    v1::ModelVersion version;
    version.set_model("m");
    version.set_weights_sha256(std::string(64, 'a'));
    transaction.models.InsertVersion(version, 1);
  });
  Housekeeping(*daemon_->store, {.keep_versions = 2, .keep_finished_jobs = 0}).Run();
  EXPECT_THAT(Versions(), ElementsAre(3, 1));
}

TEST_F(HousekeepingTest, KeepsAllUnlessToldOtherwise) {
  AddVersions(3);
  AddJob(v1::JOB_STATE_FAILED, 1);
  Housekeeping(*daemon_->store, {}).Run();
  EXPECT_THAT(Versions(), ElementsAre(3, 2, 1));
  EXPECT_THAT(Jobs(), SizeIs(1));
}

TEST_F(HousekeepingTest, OldVersionsGoWithTheirFilesButNotThoseInUse) {
  AddVersions(6);
  With([](Transaction& transaction) { transaction.models.SetAlias("m", "champion", 1); });
  AddJob(v1::JOB_STATE_QUEUED, 0, /*initial_version=*/3);
  const int64_t revision = daemon_->store->models_revision();
  Housekeeping(*daemon_->store, {.keep_versions = 2}).Run();
  EXPECT_THAT(Versions(), ElementsAre(6, 5, 3, 1));
  EXPECT_GT(daemon_->store->models_revision(), revision);
  for (const int version : {1, 2, 3, 4, 5, 6}) {
    EXPECT_EQ(
        std::filesystem::exists(daemon_->directory->WeightsPath(fmt::format("{:064}", version))),
        version != 2 && version != 4)
        << version;
  }
}

TEST_F(HousekeepingTest, JobsThatEndedLastAreKeptWhateverTheirNumber) {
  AddJob(v1::JOB_STATE_SUCCEEDED, 900);  // fit-1 took long.
  AddJob(v1::JOB_STATE_FAILED, 200);
  AddJob(v1::JOB_STATE_CANCELLED, 300);
  AddJob(v1::JOB_STATE_QUEUED, 0);
  AddJob(v1::JOB_STATE_RUNNING, 0);
  Housekeeping(*daemon_->store, {.keep_finished_jobs = 2}).Run();
  EXPECT_THAT(Jobs(), ElementsAre("fit-5", "fit-4", "fit-3", "fit-1"));
}

}  // namespace
}  // namespace fitd
