// Trained versions ready to predict, loaded when first asked for.

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
#include "core/data/pipeline.h"
#include "core/plan/predictor.h"
#include "fitd/v1/model.pb.h"
#include "server/store/store.h"

namespace fitd {

// Constant once made.
struct LoadedModel {
  int64_t id;  // Of the version, as ModelTable::VersionId.
  v1::ModelVersion version;
  Pipeline pipeline;
  std::unique_ptr<const Predictor> predictor;
};

// Thread-safe. Keeps the versions used last, up to 64 or 1 GiB of weights; whoever holds one keeps
// it alive.
class ModelCache {
 public:
  explicit ModelCache(Store& store) : store_(store) {}

  // What the reference stands for now: a version that was stored, or an alias that was moved,
  // before the call is seen by it. Codes: those of FindReferencedVersion; DATA_LOSS when the stored
  // weights are damaged.
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

  absl::StatusOr<std::shared_ptr<const LoadedModel>> Load(int64_t version_id,
                                                          const v1::ModelVersion& version) const;
  // Returns those that it has no room for any more.
  Entries Add(int64_t version_id, std::shared_ptr<const LoadedModel> model)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Drop(Entries::iterator entry, Entries& dropped) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Store& store_;
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
