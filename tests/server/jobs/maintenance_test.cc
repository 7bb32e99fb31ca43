#include "server/jobs/maintenance.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/use_cases.h"

namespace fitd {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class MaintenanceTest : public testing::Test {
 protected:
  void SetUp() override {
    FITD_ASSERT_OK_AND_ASSIGN(daemon_, UseCases::Open(temp_.File("data")));
    maintenance_ = std::make_unique<Maintenance>(*daemon_->store, daemon_->scheduler);
    FITD_ASSERT_OK(daemon_->models.Create(DenseModel("m", 2, {2})));
    FITD_ASSERT_OK(UploadCsv(daemon_->datasets, "d", TwoClusters(40), "kind"));
  }

  // All messages of a check; the last is the summary.
  std::vector<v1::CheckStoreResponse> Check() {
    StreamReader<v1::CheckStoreResponse> reader;
    const auto source = maintenance_->Check(reader.wake()).value();
    std::vector<v1::CheckStoreResponse> messages;
    for (;;) {
      auto message = reader.Next(*source);
      if (!message.ok()) break;
      messages.push_back(*std::move(message));
    }
    EXPECT_TRUE(messages.back().has_summary());
    EXPECT_EQ(messages.back().summary().findings(), static_cast<int64_t>(messages.size()) - 1);
    return messages;
  }

  TempDir temp_;
  std::unique_ptr<UseCases> daemon_;
  std::unique_ptr<Maintenance> maintenance_;
};

TEST_F(MaintenanceTest, CheckOfASoundStoreIsASummary) {
  const auto messages = Check();
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].summary().files(), 1);
}

TEST_F(MaintenanceTest, JobThatRunsWithoutAWorkerIsFound) {
  FITD_ASSERT_OK_AND_ASSIGN(const auto started,
                            daemon_->jobs.StartFit(ClassifierFit("m", "d", 1'000'000)));
  EXPECT_THAT(Check(), SizeIs(1)) << "a queued job needs no worker";
  FITD_ASSERT_OK(daemon_->store->InTransaction([&](Transaction& transaction) {
    v1::Job job = started.job();
    job.set_state(v1::JOB_STATE_RUNNING);
    transaction.jobs.Update(job);
    return absl::OkStatus();
  }));
  const auto messages = Check();
  ASSERT_THAT(messages, SizeIs(2));
  EXPECT_EQ(messages[0].finding().object(), "job fit-1");
  EXPECT_EQ(messages[0].finding().fault(), v1::STORE_FAULT_NO_OWNER);
}

TEST_F(MaintenanceTest, JobWithAWorkerIsNoFinding) {
  FITD_ASSERT_OK(daemon_->jobs.StartFit(ClassifierFit("m", "d", 1'000'000)));
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(ReadEvents(daemon_->jobs, "fit-1", 1, 3));
  EXPECT_THAT(Check(), SizeIs(1));
}

TEST_F(MaintenanceTest, BackupEndsWithItsSummary) {
  StreamReader<v1::BackupStoreResponse> reader;
  FITD_ASSERT_OK_AND_ASSIGN(const auto source, maintenance_->Backup());
  v1::BackupStoreResponse last;
  for (auto part = reader.Next(*source); part.ok(); part = reader.Next(*source)) last = *part;
  EXPECT_EQ(last.summary().files(), 2);
}

}  // namespace
}  // namespace fitd
