// Jobs on a model "m" and a data set "d", for tests of the use cases.

#ifndef FITD_TESTS_SERVER_JOBS_JOB_FIXTURE_H_
#define FITD_TESTS_SERVER_JOBS_JOB_FIXTURE_H_

#include <chrono>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/jobs/job_moves.h"
#include "server/jobs/time.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/use_cases.h"

namespace fitd {

// Epochs: more than any test lasts, and enough to be interrupted.
inline constexpr int64_t kForever = 1'000'000;
inline constexpr int64_t kMany = 40'000;

class JobFixture : public testing::Test {
 protected:
  void SetUp() override { OpenEmpty("data"); }

  // A daemon on another folder, which only has the model and the data set.
  void OpenEmpty(const std::string& folder) {
    daemon_.reset();
    folder_ = folder;
    Open();
    FITD_ASSERT_OK(daemon_->models.Create(DenseModel("m", 2, {4, 2})));
    FITD_ASSERT_OK(UploadCsv(daemon_->datasets, "d", TwoClusters(40), "kind"));
  }

  void Open() { FITD_ASSERT_OK_AND_ASSIGN(daemon_, UseCases::Open(temp_.File(folder_), options_)); }
  void Restart() {
    daemon_.reset();
    Open();
  }

  absl::StatusOr<v1::Job> Start(const v1::StartFitRequest& request) {
    FITD_ASSIGN_OR_RETURN(const v1::StartFitResponse response, daemon_->jobs.StartFit(request));
    return response.job();
  }
  absl::StatusOr<v1::Job> Start(int64_t epochs) { return Start(ClassifierFit("m", "d", epochs)); }

  absl::StatusOr<v1::Job> Get(const std::string& id) {
    v1::GetJobRequest request;
    request.set_id(id);
    FITD_ASSIGN_OR_RETURN(const v1::GetJobResponse response, daemon_->jobs.Get(request));
    return response.job();
  }

  absl::StatusOr<v1::Job> Cancel(const std::string& id) {
    v1::CancelJobRequest request;
    request.set_id(id);
    FITD_ASSIGN_OR_RETURN(const v1::CancelJobResponse response, daemon_->jobs.Cancel(request));
    return response.job();
  }

  absl::StatusOr<v1::Job> Pause(const std::string& id) {
    v1::PauseJobRequest request;
    request.set_id(id);
    FITD_ASSIGN_OR_RETURN(const v1::PauseJobResponse response, daemon_->jobs.Pause(request));
    return response.job();
  }
  absl::StatusOr<v1::Job> Resume(const std::string& id) {
    v1::ResumeJobRequest request;
    request.set_id(id);
    FITD_ASSIGN_OR_RETURN(const v1::ResumeJobResponse response, daemon_->jobs.Resume(request));
    return response.job();
  }

  // Once the job has told `count` events.
  void AwaitEvents(const std::string& id, size_t count) {
    FITD_ASSERT_OK(ReadEvents(daemon_->jobs, id, 1, count));
  }

  // The stored file of data set "d" is not what its name says, which the next daemon notices.
  void DamageDataset() {
    v1::GetDatasetRequest get;
    get.set_name("d");
    const std::string sha256 = daemon_->datasets.Get(get)->dataset().sha256();
    std::fstream file(daemon_->directory->DatasetPath(sha256),
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-1, std::ios::end);
    file.put('x');
  }

  // As a killed daemon leaves it: the state is RUNNING and nobody runs it.
  void ForceState(const std::string& id, std::vector<v1::JobState> states) {
    FITD_ASSERT_OK(daemon_->store->InTransaction([&](Transaction& transaction) {
      v1::Job job = *transaction.jobs.Find(*JobNumber(id));
      for (const v1::JobState state : states) {
        v1::StateChange change;
        change.set_state(state);
        Move(transaction, job, change);
      }
      return absl::OkStatus();
    }));
  }

  TempDir temp_;
  std::string folder_;
  UseCases::Options options_;
  std::unique_ptr<UseCases> daemon_;
};

inline std::vector<int64_t> Numbers(const std::vector<v1::JobEvent>& events) {
  std::vector<int64_t> numbers;
  for (const v1::JobEvent& event : events) numbers.push_back(event.number());
  return numbers;
}

inline std::vector<int64_t> Epochs(const std::vector<v1::JobEvent>& events) {
  std::vector<int64_t> epochs;
  for (const v1::JobEvent& event : events) {
    if (event.has_epoch_completed()) epochs.push_back(event.epoch_completed().epoch());
  }
  return epochs;
}

inline std::chrono::nanoseconds TimeOfEpochs(const std::vector<v1::JobEvent>& events) {
  std::chrono::nanoseconds time{0};
  for (const v1::JobEvent& event : events) time += FromDuration(event.epoch_completed().duration());
  return time;
}

inline std::vector<v1::JobState> States(const std::vector<v1::JobEvent>& events) {
  std::vector<v1::JobState> states;
  for (const v1::JobEvent& event : events) {
    if (event.has_state_change()) states.push_back(event.state_change().state());
  }
  return states;
}

}  // namespace fitd

#endif  // FITD_TESTS_SERVER_JOBS_JOB_FIXTURE_H_
