#include "server/store/job_table.h"

#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/store.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd {
namespace {

using testing::ElementsAre;
using testing::Optional;

class JobTableTest : public testing::Test {
 protected:
  void SetUp() override {
    FITD_ASSERT_OK_AND_ASSIGN(directory_, DataDir::Open(temp_.File("data")));
    FITD_ASSERT_OK_AND_ASSIGN(store_, Store::Open(*directory_));
  }

  // Runs a test's body in a transaction.
  template <typename Body>
  void With(Body body) {
    FITD_ASSERT_OK(store_->InTransaction([&](Transaction& transaction) {
      body(transaction.jobs);
      return absl::OkStatus();
    }));
  }

  static v1::Job Add(JobTable& jobs, v1::JobState state = v1::JOB_STATE_QUEUED,
                     int32_t priority = 0, const std::string& model = "m") {
    v1::Job job;
    job.set_state(state);
    job.mutable_spec()->set_model(model);
    job.mutable_spec()->set_dataset("d");
    job.mutable_spec()->mutable_resources()->set_priority(priority);
    jobs.Insert(job, 1);
    return job;
  }

  static std::vector<std::string> Ids(const std::vector<v1::Job>& jobs) {
    std::vector<std::string> ids;
    for (const v1::Job& job : jobs) ids.push_back(job.id());
    return ids;
  }

  TempDir temp_;
  std::unique_ptr<DataDir> directory_;
  std::unique_ptr<Store> store_;
};

TEST(JobNumberTest, ReadsOnlyWhatTheDaemonWrites) {
  EXPECT_THAT(JobNumber("fit-12"), Optional(12));
  for (const char* id :
       {"", "fit-", "fit-0", "fit-012", "fit-1x", "fit--1", "fit-99999999999999999999", "job-1"}) {
    EXPECT_EQ(JobNumber(id), std::nullopt) << id;
  }
}

TEST(StateNameTest, IsShort) { EXPECT_EQ(StateName(v1::JOB_STATE_RUNNING), "RUNNING"); }

TEST_F(JobTableTest, QueueIsOrderedByPriorityThenAge) {
  With([](JobTable& jobs) {
    Add(jobs);
    Add(jobs, v1::JOB_STATE_QUEUED, 5);
    Add(jobs, v1::JOB_STATE_QUEUED, 5);
    EXPECT_EQ(jobs.Queue(1).front().id(), "fit-2");
    EXPECT_EQ(jobs.Find(1)->queue_position(), 3);
    EXPECT_EQ(jobs.Find(2)->queue_position(), 1);
    EXPECT_EQ(jobs.Find(3)->queue_position(), 2);
  });
}

TEST_F(JobTableTest, ListFiltersByStateAndModelNewestFirst) {
  With([](JobTable& jobs) {
    Add(jobs);
    Add(jobs, v1::JOB_STATE_FAILED);
    Add(jobs, v1::JOB_STATE_FAILED, 0, "other");
    Add(jobs, v1::JOB_STATE_SUCCEEDED);
    EXPECT_THAT(Ids(jobs.List(99, 10, {})), ElementsAre("fit-4", "fit-3", "fit-2", "fit-1"));
    EXPECT_THAT(Ids(jobs.List(99, 10, {.states = {v1::JOB_STATE_FAILED}})),
                ElementsAre("fit-3", "fit-2"));
    EXPECT_THAT(Ids(jobs.List(99, 10, {.states = {v1::JOB_STATE_FAILED}, .model = "m"})),
                ElementsAre("fit-2"));
    EXPECT_THAT(Ids(jobs.List(4, 2, {})), ElementsAre("fit-3", "fit-2"));
  });
}

TEST_F(JobTableTest, IdsAreNeverGivenAgain) {
  With([](JobTable& jobs) {
    Add(jobs);
    jobs.Delete(1);
    EXPECT_EQ(Add(jobs).id(), "fit-2");
  });
}

TEST_F(JobTableTest, EventsAreNumberedPerJobWithoutAGap) {
  With([](JobTable& jobs) {
    Add(jobs);
    Add(jobs);
    v1::JobEvent event;
    event.mutable_warning()->set_message("w");
    for (const int64_t job : {1, 2, 1, 1}) jobs.AppendEvent(job, event);
    EXPECT_EQ(event.number(), 3);
    EXPECT_EQ(jobs.Find(1)->last_event(), 3);
    EXPECT_EQ(jobs.Find(2)->last_event(), 1);
    EXPECT_EQ(jobs.Events(1, 2, 10).front().number(), 2);
    EXPECT_EQ(jobs.CountEvents(1).warnings, 3);
    jobs.Delete(1);
    EXPECT_TRUE(jobs.Events(1, 1, 10).empty());
  });
}

TEST_F(JobTableTest, ActiveJobsAreThoseThatAreNotFinal) {
  With([](JobTable& jobs) {
    Add(jobs, v1::JOB_STATE_SUCCEEDED);
    EXPECT_EQ(jobs.ActiveJobOfModel("m"), std::nullopt);
    EXPECT_EQ(jobs.ActiveJobOnDataset("d"), std::nullopt);
    Add(jobs, v1::JOB_STATE_CANCELLING);
    EXPECT_THAT(jobs.ActiveJobOfModel("m"), Optional(std::string("fit-2")));
    EXPECT_THAT(jobs.ActiveJobOnDataset("d"), Optional(std::string("fit-2")));
    EXPECT_EQ(jobs.ActiveJobOnDataset("other"), std::nullopt);
  });
}

TEST_F(JobTableTest, MemoryOfTheFrontOfTheQueueIsSummed) {
  With([](JobTable& jobs) {
    Add(jobs, v1::JOB_STATE_RUNNING);
    for (int i = 0; i < 3; ++i) Add(jobs);
    EXPECT_EQ(jobs.QueuedMemory(0), 0);
    EXPECT_EQ(jobs.QueuedMemory(2), 2);
    EXPECT_EQ(jobs.QueuedMemory(9), 3);
  });
}

}  // namespace
}  // namespace fitd
