// Retention and the reserve of disk space, from the configuration to what a client sees.

#include "tests/server/rpc/rpc_fixture.h"

namespace fitd {
namespace {

class RetentionTest : public RpcTest {
 protected:
  void Configure(int64_t keep_versions, int64_t keep_jobs, int64_t min_free_bytes) {
    server_.Stop();
    server_.config().set_keep_versions(keep_versions);
    server_.config().set_keep_finished_jobs(keep_jobs);
    server_.config().set_min_free_disk_bytes(min_free_bytes);
    FITD_ASSERT_OK(server_.Start());
    Connect();
  }
};

TEST_F(RetentionTest, OldJobsAndVersionsGoWhenAJobEnds) {
  Configure(1, 2, 0);
  std::vector<v1::JobEvent> events;
  for (int i = 0; i < 3; ++i) FITD_ASSERT_CALL_OK(Watch(StartFit(1), 0, events));
  // The worker tidies up after its last event: the next start does so at the latest.
  Restart();
  v1::ListModelVersionsRequest list;
  list.set_model("m");
  v1::ListModelVersionsResponse versions;
  FITD_ASSERT_CALL_OK(Call(*models_, &v1::ModelService::Stub::ListModelVersions, list, versions));
  ASSERT_EQ(versions.versions_size(), 1);
  EXPECT_EQ(versions.versions(0).version(), 3);
  v1::ListJobsResponse jobs;
  FITD_ASSERT_CALL_OK(Call(*jobs_, &v1::JobService::Stub::ListJobs, v1::ListJobsRequest(), jobs));
  ASSERT_EQ(jobs.jobs_size(), 2);
  EXPECT_EQ(jobs.jobs(1).id(), "fit-2");
}

// Failure case 10.
TEST_F(RetentionTest, DiskThatIsNearlyFullTakesNothingNew) {
  std::vector<v1::JobEvent> events;
  FITD_ASSERT_CALL_OK(Watch(StartFit(1), 0, events));
  Configure(0, 0, INT64_MAX);
  v1::StartFitResponse started;
  v1::StartFitRequest fit = ClassifierFit("m", "d", 1);
  EXPECT_THAT(Call(*jobs_, &v1::JobService::Stub::StartFit, fit, started),
              HasCode(grpc::StatusCode::RESOURCE_EXHAUSTED, "min_free_disk_bytes"));
  v1::UploadDatasetResponse uploaded;
  EXPECT_THAT(Upload({WithHeader(CsvHeader("e", "kind")), WithChunk(TwoClusters(42))}, uploaded),
              HasCode(grpc::StatusCode::RESOURCE_EXHAUSTED, "min_free_disk_bytes"));

  fit.set_validate_only(true);
  FITD_ASSERT_CALL_OK(Call(*jobs_, &v1::JobService::Stub::StartFit, fit, started));
  v1::DeleteJobRequest remove;
  remove.set_id("fit-1");
  v1::DeleteJobResponse removed;
  FITD_ASSERT_CALL_OK(Call(*jobs_, &v1::JobService::Stub::DeleteJob, remove, removed));
}

}  // namespace
}  // namespace fitd
