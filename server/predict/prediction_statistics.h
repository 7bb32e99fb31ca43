// What versions were asked and how long it took.

#ifndef FITD_SERVER_PREDICT_PREDICTION_STATISTICS_H_
#define FITD_SERVER_PREDICT_PREDICTION_STATISTICS_H_

#include <chrono>
#include <cstdint>
#include <map>

#include "core/base/mutex.h"

namespace fitd {

// How often something happened, and how long it took in sum.
struct Tally {
  int64_t count = 0;
  std::chrono::nanoseconds time{0};

  void Add(std::chrono::nanoseconds elapsed) {
    ++count;
    time += elapsed;
  }
};

// Of one batch: rows to features, features to scores, scores to answers.
struct BatchTimes {
  std::chrono::nanoseconds input;
  std::chrono::nanoseconds infer;
  std::chrono::nanoseconds output;
};

struct BatchTallies {
  Tally input;
  Tally infer;
  Tally output;
};

// Of one version.
struct VersionStatistics {
  std::chrono::system_clock::time_point last_batch;
  int64_t rows = 0;
  int64_t batches = 0;
  // Of calls, from their arrival to their answer.
  Tally success;
  Tally fail;
  // Of calls that succeeded: from their arrival to the start of their batch.
  Tally queue;
  // Of calls that succeeded; each takes as long as its batch.
  BatchTallies stages;
  // Of batches, by their rows, rounded up to a power of two so that the table stays small.
  std::map<int64_t, BatchTallies> by_rows;
};

// Thread-safe. Since the daemon's start, of the 10,000 newest versions that were asked.
class PredictionStatistics {
 public:
  // All zeros for a version that nobody asked.
  VersionStatistics Get(int64_t version_id) const;

  void AddBatch(int64_t version_id, int64_t rows, const BatchTimes& times);
  // A call of the batch: how long it waited, and how long it took in all.
  void AddSuccess(int64_t version_id, std::chrono::nanoseconds waited, const BatchTimes& times,
                  std::chrono::nanoseconds elapsed);
  void AddFailure(int64_t version_id, std::chrono::nanoseconds elapsed);

 private:
  VersionStatistics& Of(int64_t version_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  std::map<int64_t, VersionStatistics> versions_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fitd

#endif  // FITD_SERVER_PREDICT_PREDICTION_STATISTICS_H_
