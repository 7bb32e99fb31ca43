// One fit: from a job's spec to a stored version.

#ifndef FITD_SERVER_JOBS_FIT_RUNNER_H_
#define FITD_SERVER_JOBS_FIT_RUNNER_H_

#include <atomic>
#include <cstdint>

#include "core/base/status.h"
#include "core/train/fit.h"
#include "fitd/v1/job.pb.h"
#include "server/jobs/job_feeds.h"
#include "server/jobs/journal.h"
#include "server/store/store.h"
#include "server/store/tables.h"

namespace fitd {

// Used by one worker for one job.
class FitRunner {
 public:
  FitRunner(Store& store, Tables& tables, JobFeeds& feeds, Journal& journal, v1::Job job);

  // Trains until the end or until `stop`. Whatever goes wrong is in the status.
  absl::StatusOr<FitResult> Train(int threads, const std::atomic<bool>& stop);

  // Stores the version, if there is one, and the job's last event in one transaction. With
  // `requeue` a job that was stopped goes back into the queue, unless it is being cancelled. An
  // error means that nothing was stored.
  absl::StatusOr<v1::JobState> Finish(const absl::StatusOr<FitResult>& result, bool requeue);

 private:
  class Observer;
  absl::StatusOr<FitInput> Load(int threads);
  v1::ModelVersion MakeVersion(const FitResult& result) const;

  Store& store_;
  Tables& tables_;
  JobFeeds& feeds_;
  Journal& journal_;
  v1::Job job_;
  const int64_t number_;
  v1::Lineage lineage_;  // What Load knows of it.
  v1::ModelSpec model_;
  v1::JobProgress progress_;  // The newest, also between the published ones.
};

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_FIT_RUNNER_H_
