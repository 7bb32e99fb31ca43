#include "server/predict/model_cache.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>

#include "core/base/retry_hint.h"
#include "core/nn/weights.h"
#include "fmt/format.h"
#include "server/log/log.h"
#include "server/store/model_reference.h"

namespace fitd {
namespace {

constexpr size_t kMostEntries = 64;
constexpr int64_t kMostBytes = int64_t{1} << 30;
// Until the next epoch, which may be long or short.
constexpr std::chrono::seconds kRetryDelay{1};

}  // namespace

std::shared_ptr<const LoadedModel> ModelCache::GetLoaded(const std::string& reference) {
  if (const std::optional<int64_t> job = ReferencedJob(reference)) {
    const std::shared_ptr<RunningModel> running = running_.Find(*job);
    return running == nullptr ? nullptr : running->GetLoaded();
  }
  const int64_t revision = store_.models_revision();
  MutexLock lock(mutex_);
  if (revision > revision_) {
    references_.clear();
    revision_ = revision;
  }
  const auto known = references_.find(reference);
  if (known == references_.end()) return nullptr;
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (entry->version_id != known->second) continue;
    entries_.splice(entries_.begin(), entries_, entry);
    return entry->model;
  }
  return nullptr;
}

absl::StatusOr<std::shared_ptr<const LoadedModel>> ModelCache::Get(const std::string& reference) {
  const int64_t revision = store_.models_revision();
  if (auto loaded = GetLoaded(reference); loaded != nullptr) return loaded;
  const std::optional<int64_t> job = ReferencedJob(reference);
  if (job) {
    FITD_ASSIGN_OR_RETURN(auto epoch, GetEpoch(*job));
    if (epoch != nullptr) return epoch;
  }

  int64_t version_id = 0;
  FITD_ASSIGN_OR_RETURN(
      const v1::ModelVersion version,
      store_.InTransaction([&](Transaction& transaction) -> absl::StatusOr<v1::ModelVersion> {
        FITD_ASSIGN_OR_RETURN(v1::ModelVersion found,
                              FindReferencedVersion(transaction, reference));
        version_id = transaction.models.VersionId(found.model(), found.version());
        return found;
      }));
  std::shared_ptr<const LoadedModel> model = Find(version_id);
  if (model == nullptr) {
    // One at a time: all who wait for a version need it loaded once.
    MutexLock loading(loading_);
    model = Find(version_id);
    if (model == nullptr) {
      FITD_ASSIGN_OR_RETURN(model, Load(version_id, version));
    }
    Entries dropped;  // Freed without the lock: that may take long.
    MutexLock lock(mutex_);
    dropped = Add(version_id, model);
  }
  MutexLock lock(mutex_);
  // What was found is of `revision` or newer, and is looked up again if that has passed. A job may
  // be deleted without a new revision.
  if (!job && revision == revision_) references_[reference] = version_id;
  return model;
}

absl::StatusOr<std::shared_ptr<const LoadedModel>> ModelCache::GetEpoch(int64_t job) {
  if (const std::shared_ptr<RunningModel> running = running_.Find(job); running != nullptr) {
    FITD_ASSIGN_OR_RETURN(auto epoch, running->Get());
    if (epoch != nullptr) return epoch;
  }
  FITD_RETURN_IF_ERROR(store_.InTransaction([&](Transaction& transaction) -> absl::Status {
    const std::optional<v1::Job> stored = transaction.jobs.Find(job);
    // Any other state lasts until somebody changes it, or is an end.
    if (!stored ||
        (stored->state() != v1::JOB_STATE_RUNNING && stored->state() != v1::JOB_STATE_QUEUED)) {
      return absl::OkStatus();
    }
    return WithRetryHint(
        Error(absl::StatusCode::kUnavailable,
              fmt::format(
                  "job {} is {} and has finished {} of {} epochs, none of them since it was "
                  "first asked for; it answers from the next one on",
                  stored->id(), StateName(stored->state()),
                  transaction.jobs.CountEvents(job).epochs, stored->spec().training().epochs())),
        kRetryDelay);
  }));
  return nullptr;
}

void ModelCache::Forget(const std::string& model) {
  Entries dropped;  // Freed without the lock, as in Get.
  MutexLock lock(mutex_);
  for (auto next = entries_.begin(); next != entries_.end();) {
    const auto entry = next++;
    if (entry->model->version.model() == model) Drop(entry, dropped);
  }
}

std::shared_ptr<const LoadedModel> ModelCache::Find(int64_t version_id) {
  MutexLock lock(mutex_);
  const auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& candidate) {
    return candidate.version_id == version_id;
  });
  return entry == entries_.end() ? nullptr : entry->model;
}

absl::StatusOr<std::shared_ptr<const LoadedModel>> ModelCache::Load(
    int64_t version_id, const v1::ModelVersion& version) const {
  const auto start = std::chrono::steady_clock::now();
  absl::StatusOr<Weights> weights =
      Weights::Load(store_.directory().WeightsPath(version.weights_sha256()));
  if (absl::IsNotFound(weights.status())) return DataLoss("the weights file is lost");
  FITD_RETURN_IF_ERROR(weights.status());
  FITD_ASSIGN_OR_RETURN(auto model, LoadModel(version_id, version, *weights));
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  Log(LogLevel::kInfo, "version_loaded",
      {{"model", version.model()}, {"version", version.version()}, {"seconds", elapsed.count()}});
  return model;
}

ModelCache::Entries ModelCache::Add(int64_t version_id, std::shared_ptr<const LoadedModel> model) {
  const auto known = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.version_id == version_id;
  });
  if (known != entries_.end()) {
    entries_.splice(entries_.begin(), entries_, known);
    return {};
  }
  bytes_ += model->version.weights_bytes();
  entries_.push_front({version_id, std::move(model)});
  Entries dropped;
  while (entries_.size() > kMostEntries || (bytes_ > kMostBytes && entries_.size() > 1))
    Drop(std::prev(entries_.end()), dropped);
  return dropped;
}

void ModelCache::Drop(Entries::iterator entry, Entries& dropped) {
  bytes_ -= entry->model->version.weights_bytes();
  dropped.splice(dropped.end(), entries_, entry);
}

}  // namespace fitd
