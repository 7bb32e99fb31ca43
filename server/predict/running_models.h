// What jobs have learned so far, for those who ask while they train.

#ifndef FITD_SERVER_PREDICT_RUNNING_MODELS_H_
#define FITD_SERVER_PREDICT_RUNNING_MODELS_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/nn/weights.h"
#include "fitd/v1/model.pb.h"
#include "server/predict/loaded_model.h"

namespace fitd {

using SteadyClock = std::function<std::chrono::steady_clock::time_point()>;

// The newest finished epoch of one job. Thread-safe. It is kept while it is asked for: an epoch
// that ends when nobody asked for a minute, nor since the end of the one before, frees it.
class RunningModel {
 public:
  RunningModel(int64_t job, SteadyClock now) : job_(job), now_(std::move(now)) {}

  // Called by the job's thread after each epoch: whether Put is to follow. While nobody asks it is
  // one relaxed load.
  bool Wanted() ABSL_LOCKS_EXCLUDED(mutex_);
  // The epoch is that of the lineage.
  void Put(v1::ModelVersion version, Weights weights) ABSL_LOCKS_EXCLUDED(mutex_);

  // Both ask. The newest epoch if it can predict at once, else null...
  std::shared_ptr<const LoadedModel> GetLoaded() ABSL_LOCKS_EXCLUDED(mutex_);
  // ...and the same once it can; null when none has ended since it was asked for.
  absl::StatusOr<std::shared_ptr<const LoadedModel>> Get() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Epoch {
    v1::ModelVersion version;
    Weights weights;
  };

  void NoteAsked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int64_t job_;
  const SteadyClock now_;
  std::atomic<bool> wanted_{false};  // Written under mutex_.
  Mutex loading_;                    // Taken before mutex_.
  Mutex mutex_;
  std::chrono::steady_clock::time_point asked_ ABSL_GUARDED_BY(mutex_);
  bool asked_since_put_ ABSL_GUARDED_BY(mutex_) = false;
  // The newest epoch is one of them, or on its way from the first to the second.
  std::optional<Epoch> put_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const LoadedModel> loaded_ ABSL_GUARDED_BY(mutex_);
};

// Those of all jobs that run. Thread-safe.
class RunningModels {
 public:
  explicit RunningModels(SteadyClock now = std::chrono::steady_clock::now) : now_(std::move(now)) {}

  // Before the job's first epoch. What it gives may outlive Close.
  std::shared_ptr<RunningModel> Open(int64_t job) ABSL_LOCKS_EXCLUDED(mutex_);
  // After what became of the job was stored: whoever does not find it here finds it there.
  void Close(int64_t job) ABSL_LOCKS_EXCLUDED(mutex_);
  // Null when it is not open.
  std::shared_ptr<RunningModel> Find(int64_t job) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const SteadyClock now_;
  Mutex mutex_;
  std::map<int64_t, std::shared_ptr<RunningModel>> jobs_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fitd

#endif  // FITD_SERVER_PREDICT_RUNNING_MODELS_H_
