// What references stand for, ready to predict: versions, loaded when first asked for, and the
// newest epochs of running jobs.

#ifndef FITD_SERVER_PREDICT_MODEL_CACHE_H_
#define FITD_SERVER_PREDICT_MODEL_CACHE_H_

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "fitd/v1/model.pb.h"
#include "server/predict/loaded_model.h"
#include "server/predict/running_models.h"
#include "server/store/store.h"

namespace fitd {

// Thread-safe. Keeps the versions used last, up to 64 or 1 GiB of weights; whoever holds one keeps
// it alive.
class ModelCache {
 public:
  ModelCache(Store& store, RunningModels& running) : store_(store), running_(running) {}

  // What the reference stands for now: a version that was stored, or an alias that was moved,
  // before the call is seen by it. A job stands for its newest finished epoch while it runs, then
  // for the version that it stored. Codes: those of FindReferencedVersion; UNAVAILABLE, with a
  // retry hint, when a job that is queued or runs has finished no epoch since it was asked for;
  // DATA_LOSS when the stored weights are damaged.
  absl::StatusOr<std::shared_ptr<const LoadedModel>> Get(const std::string& reference);
  // The same if it is known and loaded, else null: waits neither for the store nor for a file.
  std::shared_ptr<const LoadedModel> GetLoaded(const std::string& reference)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Frees what the model's versions take, once nobody uses them.
  void Forget(const std::string& model) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  std::shared_ptr<const LoadedModel> Find(int64_t version_id) ABSL_LOCKS_EXCLUDED(mutex_);

  struct Entry {
    int64_t version_id;
    std::shared_ptr<const LoadedModel> model;
  };
  using Entries = std::list<Entry>;  // Used last comes first.

  // Null when it is not served from an epoch.
  absl::StatusOr<std::shared_ptr<const LoadedModel>> GetEpoch(int64_t job);
  absl::StatusOr<std::shared_ptr<const LoadedModel>> Load(int64_t version_id,
                                                          const v1::ModelVersion& version) const;
  // Returns those that it has no room for any more.
  Entries Add(int64_t version_id, std::shared_ptr<const LoadedModel> model)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Drop(Entries::iterator entry, Entries& dropped) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Store& store_;
  RunningModels& running_;
  Mutex loading_;  // Taken before mutex_.
  Mutex mutex_;
  Entries entries_ ABSL_GUARDED_BY(mutex_);
  int64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // What references stood for at `revision_` of the store's models.
  std::map<std::string, int64_t> references_ ABSL_GUARDED_BY(mutex_);
  int64_t revision_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace fitd

#endif  // FITD_SERVER_PREDICT_MODEL_CACHE_H_
