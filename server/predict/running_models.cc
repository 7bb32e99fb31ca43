#include "server/predict/running_models.h"

#include <utility>

namespace fitd {
namespace {

constexpr std::chrono::seconds kPatience{60};

int64_t BytesOf(const Weights& weights) {
  size_t values = 0;
  for (const Weight& tensor : weights.tensors) values += tensor.values.size();
  return static_cast<int64_t>(values * sizeof(float));
}

}  // namespace

bool RunningModel::Wanted() {
  if (!wanted_.load(std::memory_order_relaxed)) return false;
  // Freed without the lock: that may take long.
  std::optional<Epoch> put;
  std::shared_ptr<const LoadedModel> loaded;
  MutexLock lock(mutex_);
  // An epoch may be longer than anybody's patience.
  if (asked_since_put_ || now_() - asked_ < kPatience) return true;
  wanted_.store(false, std::memory_order_relaxed);
  put.swap(put_);
  loaded.swap(loaded_);
  return false;
}

void RunningModel::Put(v1::ModelVersion version, Weights weights) {
  version.set_weights_bytes(BytesOf(weights));
  std::optional<Epoch> put = Epoch{.version = std::move(version), .weights = std::move(weights)};
  std::shared_ptr<const LoadedModel> loaded;
  MutexLock lock(mutex_);
  asked_since_put_ = false;
  put.swap(put_);
  loaded.swap(loaded_);
}

std::shared_ptr<const LoadedModel> RunningModel::GetLoaded() {
  MutexLock lock(mutex_);
  NoteAsked();
  return loaded_;
}

absl::StatusOr<std::shared_ptr<const LoadedModel>> RunningModel::Get() {
  // One at a time: all who wait for an epoch need it loaded once.
  MutexLock loading(loading_);
  std::optional<Epoch> put;
  {
    MutexLock lock(mutex_);
    NoteAsked();
    if (!put_) return loaded_;
    put.swap(put_);
  }
  FITD_ASSIGN_OR_RETURN(std::shared_ptr<const LoadedModel> loaded,
                        LoadModel(-job_, std::move(put->version), put->weights));
  MutexLock lock(mutex_);
  if (!put_) loaded_ = loaded;  // Else there is a newer one.
  return loaded;
}

void RunningModel::NoteAsked() {
  asked_ = now_();
  asked_since_put_ = true;
  wanted_.store(true, std::memory_order_relaxed);
}

std::shared_ptr<RunningModel> RunningModels::Open(int64_t job) {
  MutexLock lock(mutex_);
  return jobs_[job] = std::make_shared<RunningModel>(job, now_);
}

void RunningModels::Close(int64_t job) {
  std::shared_ptr<RunningModel> closed;  // Freed without the lock.
  MutexLock lock(mutex_);
  if (const auto found = jobs_.find(job); found != jobs_.end()) {
    closed = std::move(found->second);
    jobs_.erase(found);
  }
}

std::shared_ptr<RunningModel> RunningModels::Find(int64_t job) {
  MutexLock lock(mutex_);
  const auto found = jobs_.find(job);
  return found == jobs_.end() ? nullptr : found->second;
}

}  // namespace fitd
