// One fit: from a job's spec to a stored version.

#ifndef FITD_SERVER_JOBS_FIT_RUNNER_H_
#define FITD_SERVER_JOBS_FIT_RUNNER_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/train/fit.h"
#include "fitd/v1/job.pb.h"
#include "server/jobs/job_feeds.h"
#include "server/jobs/journal.h"
#include "server/predict/running_models.h"
#include "server/store/checkpoints.h"
#include "server/store/store.h"
#include "server/store/tables.h"

namespace fitd {

// Used by one worker for one job.
class FitRunner {
 public:
  FitRunner(Store& store, Tables& tables, JobFeeds& feeds, RunningModels& running_models,
            Journal& journal, v1::Job job);
  ~FitRunner();

  // What the store says of the fit: first of all.
  absl::Status Read(Transaction& transaction);
  // What there is to train: from the newest checkpoint, else from the start.
  absl::StatusOr<FitInput> Load(int threads);
  // For the fit of what Load gave: tells of it, makes checkpoints at the interval, and leaves each
  // epoch with the running models if it is asked for. Until Finish.
  FitObserver& Observe(std::chrono::nanoseconds checkpoint_interval);

  struct Ended {
    FitRunner* runner;
    const absl::StatusOr<FitResult>* result;
    v1::JobState state;  // Which Finish gives it.
  };
  // Stores what became of jobs that ended at once, in one transaction with their versions. A fit
  // that was stopped to be paused, or because the daemon ends, leaves a checkpoint and goes on
  // later; every other end is the job's last event. It is a failure when a version to verify was
  // not reproduced. After an error, call it again: what it stored nevertheless stays.
  static absl::Status Finish(std::span<Ended> jobs);

 private:
  class Observer;
  // What Finish is about to store.
  struct Outcome {
    absl::StatusOr<const FitResult*> result;
    bool for_good = true;
    std::optional<v1::ModelVersion> version = {};
    std::optional<TemporaryFile> weights = {};
    std::vector<std::string> checkpoints = {};  // That the job will not need any more.
  };
  // From the events: a daemon that was killed stored no progress beside them.
  void AddUpEpochs(Transaction& transaction);
  std::optional<Checkpoint> LoadCheckpoint();
  absl::StatusOr<Weights> LoadWeights(const v1::ModelVersion& version) const;
  absl::Status Verify(const Weights& trained) const;
  // All but the weights and their hash.
  v1::ModelVersion MakeVersion(const FitResult& result) const;
  absl::StatusOr<Outcome> Prepare(const absl::StatusOr<FitResult>& result, v1::JobState state);
  absl::Status RecordPause(Transaction& transaction, const Outcome& outcome, v1::Job& job);
  absl::Status RecordEnd(Transaction& transaction, Outcome& outcome, v1::Job& job);
  void Append(v1::JobEvent event);
  void Notice(const std::string& message);

  Store& store_;
  Checkpoints checkpoints_;
  Tables& tables_;
  JobFeeds& feeds_;
  RunningModels& running_models_;
  Journal& journal_;
  v1::Job job_;
  const int64_t number_;
  v1::Lineage lineage_;  // What is known before the fit.
  v1::ModelSpec model_;
  std::optional<v1::ModelVersion> initial_;   // The one that it starts from.
  std::optional<v1::ModelVersion> verified_;  // The one that is trained again.
  JobTable::EventCounts told_;                // Before this daemon ran it.
  v1::JobProgress progress_;                  // The newest, also between the published ones.
  std::unique_ptr<Observer> observer_;
};

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_FIT_RUNNER_H_
