#include "server/http/state_metrics.h"

#include <limits>
#include <map>
#include <string>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/use_cases.h"

namespace fitd {
namespace {

using testing::Contains;
using testing::Key;
using testing::Not;
using testing::Pair;

class StateMetricsTest : public testing::Test {
 protected:
  void SetUp() override {
    FITD_ASSERT_OK_AND_ASSIGN(daemon_, UseCases::Open(temp_.File("data")));
    FITD_ASSERT_OK(daemon_->models.Create(DenseModel("m", 2, {4, 2})));
    FITD_ASSERT_OK(UploadCsv(daemon_->datasets, "d", TwoClusters(40), "kind"));
  }

  // Each value by name and labels: "fitd_jobs state=queued".
  std::map<std::string, double> Values() {
    std::map<std::string, double> values;
    for (const prometheus::MetricFamily& family :
         StateMetrics(*daemon_->store, daemon_->feeds).Collect()) {
      for (const prometheus::ClientMetric& metric : family.metric) {
        std::string name = family.name;
        for (const auto& label : metric.label) name += " " + label.name + "=" + label.value;
        values[name] = metric.gauge.value;
      }
    }
    return values;
  }

  void Run(const std::string& job, int64_t number) {
    FITD_ASSERT_OK(daemon_->store->InTransaction([&](Transaction& transaction) {
      v1::Job stored = *transaction.jobs.Find(number);
      stored.set_state(v1::JOB_STATE_RUNNING);
      transaction.jobs.Update(stored);
      return absl::OkStatus();
    }));
    v1::JobProgress progress;
    progress.set_epoch(3);
    progress.set_rows_per_second(80);
    v1::MetricValue& loss = *progress.add_metrics();
    loss.set_name("loss");
    loss.set_value(0.25);
    daemon_->feeds.PublishProgress(number, progress);
    ASSERT_THAT(Values(), Contains(Key("fitd_jobs state=running"))) << job;
  }

  TempDir temp_;
  std::unique_ptr<UseCases> daemon_;
};

TEST_F(StateMetricsTest, JobsAreCountedByState) {
  FITD_ASSERT_OK(daemon_->jobs.StartFit(ClassifierFit("m", "d", 3)));
  FITD_ASSERT_OK(daemon_->jobs.StartFit(ClassifierFit("m", "d", 3)));
  const auto values = Values();
  EXPECT_THAT(values, Contains(Pair("fitd_jobs state=queued", 2)));
  EXPECT_THAT(values, Contains(Pair("fitd_jobs state=running", 0)));
  EXPECT_THAT(values, Contains(Pair("fitd_jobs state=failed", 0)));
}

TEST_F(StateMetricsTest, RunningJobTellsEpochSpeedAndLoss) {
  FITD_ASSERT_OK(daemon_->jobs.StartFit(ClassifierFit("m", "d", 3)));
  EXPECT_THAT(Values(), Not(Contains(Key("fitd_job_loss job=fit-1"))));
  Run("fit-1", 1);
  const auto values = Values();
  EXPECT_THAT(values, Contains(Pair("fitd_job_epoch job=fit-1", 3)));
  EXPECT_THAT(values, Contains(Pair("fitd_job_steps_per_second job=fit-1", 10)));  // Batches of 8.
  EXPECT_THAT(values, Contains(Pair("fitd_job_loss job=fit-1", 0.25)));
}

TEST_F(StateMetricsTest, SeriesOfRunningJobsAreBounded) {
  for (int i = 1; i <= 25; ++i) {
    FITD_ASSERT_OK(daemon_->jobs.StartFit(ClassifierFit("m", "d", 3)));
    Run(fmt::format("fit-{}", i), i);
  }
  int series = 0;
  for (const auto& [name, value] : Values()) series += name.starts_with("fitd_job_loss ") ? 1 : 0;
  EXPECT_EQ(series, 20);
}

TEST_F(StateMetricsTest, MemoryAndDiskAreTold) {
  const auto values = Values();
  EXPECT_GT(values.at("fitd_memory_resident_bytes"), 1 << 20);
  EXPECT_GT(values.at("fitd_disk_size_bytes"), values.at("fitd_disk_free_bytes"));
  EXPECT_EQ(values.at("fitd_store_readable"), 1);
}

}  // namespace
}  // namespace fitd
