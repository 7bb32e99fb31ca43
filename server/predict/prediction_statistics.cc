#include "server/predict/prediction_statistics.h"

#include <bit>
#include <iterator>

namespace fitd {
namespace {

void Add(BatchTallies& tallies, const BatchTimes& times) {
  tallies.input.Add(times.input);
  tallies.infer.Add(times.infer);
  tallies.output.Add(times.output);
}

}  // namespace

VersionStatistics& PredictionStatistics::Of(int64_t version_id) {
  constexpr size_t kMostVersions = 10'000;
  VersionStatistics& statistics = versions_[version_id];
  if (versions_.size() > kMostVersions) {
    const auto oldest = versions_.begin();
    versions_.erase(oldest->first == version_id ? std::next(oldest) : oldest);
  }
  return statistics;
}

VersionStatistics PredictionStatistics::Get(int64_t version_id) const {
  MutexLock lock(mutex_);
  const auto found = versions_.find(version_id);
  return found == versions_.end() ? VersionStatistics() : found->second;
}

void PredictionStatistics::AddBatch(int64_t version_id, int64_t rows, const BatchTimes& times) {
  MutexLock lock(mutex_);
  VersionStatistics& version = Of(version_id);
  version.last_batch = std::chrono::system_clock::now();
  version.rows += rows;
  ++version.batches;
  Add(version.by_rows[static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(rows)))], times);
}

void PredictionStatistics::AddSuccess(int64_t version_id, std::chrono::nanoseconds waited,
                                      const BatchTimes& times, std::chrono::nanoseconds elapsed) {
  MutexLock lock(mutex_);
  VersionStatistics& version = Of(version_id);
  version.success.Add(elapsed);
  version.queue.Add(waited);
  Add(version.stages, times);
}

void PredictionStatistics::AddFailure(int64_t version_id, std::chrono::nanoseconds elapsed) {
  MutexLock lock(mutex_);
  Of(version_id).fail.Add(elapsed);
}

}  // namespace fitd
