// The queue in front of the trained versions: what comes while a batch runs becomes the next one.

#ifndef FITD_SERVER_PREDICT_PREDICTION_EXECUTOR_H_
#define FITD_SERVER_PREDICT_PREDICTION_EXECUTOR_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "server/predict/model_cache.h"
#include "server/predict/prediction_statistics.h"

namespace fitd {

// Of one call.
inline constexpr int64_t kMostPredictRows = 65536;
// Of one batch. A call with more is a batch of its own.
inline constexpr int64_t kMostBatchRows = 1024;

// One call that wants scores. Its functions are called by one thread at a time.
class PredictionCall {
 public:
  // The version that `reference` names is to score `rows` rows; the request takes `bytes`.
  PredictionCall(std::string reference, int64_t rows, int64_t bytes)
      : reference_(std::move(reference)), rows_(rows), bytes_(bytes) {}
  virtual ~PredictionCall() = default;

  const std::string& reference() const { return reference_; }
  int64_t rows() const { return rows_; }
  int64_t bytes() const { return bytes_; }

  // Nobody waits for the answer: it ends soon.
  virtual bool cancelled() const = 0;
  // [rows, inputs of the model].
  virtual absl::StatusOr<std::vector<float>> Features(const LoadedModel& model) = 0;
  // Keeps what becomes of the scores, [rows, outputs of the model].
  virtual absl::Status Answer(const LoadedModel& model, std::span<const float> scores) = 0;
  // Called once, last. CANCELLED; NOT_FOUND and the like of the reference; RESOURCE_EXHAUSTED for
  // too many rows or, with a retry hint, for too many calls; UNAVAILABLE when the daemon stops; or
  // what Features and Answer say.
  virtual void Done(const absl::Status& status) = 0;

 private:
  const std::string reference_;
  const int64_t rows_;
  const int64_t bytes_;
};

// Thread-safe. A call waits for nothing but the batch of its reference that runs, and a free
// thread; references take turns. A small call of a reference without a batch needs no thread.
class PredictionExecutor {
 public:
  struct Options {
    int threads = 1;
    // Of the calls that wait.
    int64_t most_calls = 4096;
    int64_t most_bytes = int64_t{256} << 20;
  };

  PredictionExecutor(ModelCache& models, const Options& options);
  ~PredictionExecutor() { Stop(); }

  // Calls Done on a thread of its own, or at once: when the call is refused, or when it is small,
  // its version is loaded, and no call of its reference waits or runs in a batch.
  void Submit(std::unique_ptr<PredictionCall> call);
  // Ends what was submitted, then its threads. Idempotent.
  void Stop();

  const PredictionStatistics& statistics() const { return statistics_; }

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Waiting {
    std::unique_ptr<PredictionCall> call;
    Time arrived;
  };
  // Of one reference. It is in ready_ when calls wait and none runs.
  struct Queue {
    std::deque<Waiting> calls;
    bool running = false;
  };
  using Batch = std::vector<Waiting>;
  class Run;

  // The version, if the call is to run on the thread that submits it.
  std::shared_ptr<const LoadedModel> VersionAtOnce(const PredictionCall& call)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Takes the call unless it refuses it.
  absl::Status Enqueue(std::unique_ptr<PredictionCall>& call) ABSL_LOCKS_EXCLUDED(mutex_);
  void Loop();
  // The next calls of the queue.
  Batch Take(Queue& queue) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Lets the queue have its next turn, or go.
  void Release(const std::string& reference) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunBatch(const std::string& reference, Batch batch);

  ModelCache& models_;
  const Options options_;
  PredictionStatistics statistics_;
  Mutex mutex_;
  CondVar changed_;
  std::map<std::string, Queue> queues_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::string> ready_ ABSL_GUARDED_BY(mutex_);
  int64_t waiting_calls_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // Last: they use the others.
};

}  // namespace fitd

#endif  // FITD_SERVER_PREDICT_PREDICTION_EXECUTOR_H_
