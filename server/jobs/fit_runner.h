// One fit: from a job's spec to a stored version.

#ifndef FITD_SERVER_JOBS_FIT_RUNNER_H_
#define FITD_SERVER_JOBS_FIT_RUNNER_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/base/status.h"
#include "core/train/fit.h"
#include "fitd/v1/job.pb.h"
#include "server/jobs/job_feeds.h"
#include "server/jobs/journal.h"
#include "server/store/checkpoints.h"
#include "server/store/store.h"
#include "server/store/tables.h"

namespace fitd {

// Used by one worker for one job.
class FitRunner {
 public:
  FitRunner(Store& store, Tables& tables, JobFeeds& feeds, Journal& journal, v1::Job job);
  ~FitRunner();

  // What there is to train: from the newest checkpoint, else from the start.
  absl::StatusOr<FitInput> Load(int threads);
  // For the fit of what Load gave: tells of it, and makes checkpoints at the interval. Until
  // Finish.
  absl::StatusOr<FitObserver*> Observe(std::chrono::nanoseconds checkpoint_interval);

  // Stores what became of the job. A fit that was stopped to be paused, or because the daemon ends,
  // leaves a checkpoint and goes on later; every other end is the job's last event, in one
  // transaction with the version if there is one. It is a failure when a version to verify was not
  // reproduced. An error means that nothing was stored: call it again.
  absl::StatusOr<v1::JobState> Finish(const absl::StatusOr<FitResult>& result);

 private:
  class Observer;
  std::optional<Checkpoint> LoadCheckpoint();
  absl::StatusOr<Weights> LoadWeights(const v1::ModelVersion& version) const;
  absl::Status Verify(const Weights& trained) const;
  absl::StatusOr<v1::JobState> ReadState();
  v1::ModelVersion MakeVersion(const FitResult& result) const;
  absl::StatusOr<v1::JobState> FinishLater(const FitResult& result);
  absl::StatusOr<v1::JobState> FinishForGood(const absl::StatusOr<FitResult>& result);
  void Append(v1::JobEvent event);
  void Notice(const std::string& message);

  Store& store_;
  Checkpoints checkpoints_;
  Tables& tables_;
  JobFeeds& feeds_;
  Journal& journal_;
  v1::Job job_;
  const int64_t number_;
  v1::Lineage lineage_;  // What Load knows of it.
  v1::ModelSpec model_;
  std::optional<v1::ModelVersion> verified_;  // The one that is trained again.
  v1::JobProgress progress_;                  // The newest, also between the published ones.
  std::unique_ptr<Observer> observer_;
};

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_FIT_RUNNER_H_
