// The daemon without gRPC, in a folder: what servers and tests of use cases are made of.

#ifndef FITD_TESTS_TESTING_USE_CASES_H_
#define FITD_TESTS_TESTING_USE_CASES_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "server/jobs/datasets.h"
#include "server/jobs/job_feeds.h"
#include "server/jobs/models.h"
#include "server/jobs/scheduler.h"
#include "server/jobs/searches.h"
#include "server/jobs/training_jobs.h"
#include "server/predict/evaluation.h"
#include "server/predict/inference.h"
#include "server/predict/model_cache.h"
#include "server/predict/prediction.h"
#include "server/predict/prediction_executor.h"
#include "server/predict/running_models.h"
#include "server/store/store.h"
#include "server/store/tables.h"

namespace fitd {

// Thread-safe as its parts are. Jobs stay queued until scheduler.Start(), and no trials are made
// until searches.Run().
class UseCases {
 public:
  struct Options {
    int workers = 2;
    int max_stacked_trials = 16;
    int64_t max_memory_bytes = int64_t{1} << 32;
    int64_t min_free_disk_bytes = 0;
    int64_t max_dataset_bytes = int64_t{1} << 30;
    std::chrono::nanoseconds checkpoint_interval = std::chrono::seconds(30);
    Clock clock = absl::Now;
    SteadyClock steady_clock = std::chrono::steady_clock::now;
  };
  static absl::StatusOr<std::unique_ptr<UseCases>> Open(const std::string& path,
                                                        const Options& options);
  static absl::StatusOr<std::unique_ptr<UseCases>> Open(const std::string& path) {
    return Open(path, Options());
  }

  std::unique_ptr<DataDir> directory;
  std::unique_ptr<Store> store;
  Tables tables;
  JobFeeds feeds;
  RunningModels running_models;
  Scheduler scheduler;
  ModelCache model_cache;
  Models models;
  Datasets datasets;
  TrainingJobs jobs;
  Searches searches;
  Evaluation evaluation;
  PredictionExecutor executor;
  Prediction prediction;
  Inference inference;

 private:
  UseCases(std::unique_ptr<DataDir> data_dir, std::unique_ptr<Store> opened_store,
           const Options& options);
};

// Dense layers of these units; relu, and softmax at the end.
v1::CreateModelRequest DenseModel(const std::string& name, int64_t inputs,
                                  const std::vector<int64_t>& units);

// "x,y,kind": points around (-1, -1) are "low", around (1, 1) "high".
std::string TwoClusters(int rows);

v1::UploadHeader CsvHeader(const std::string& name, const std::string& label);

// In one chunk per MiB.
absl::StatusOr<v1::Dataset> UploadCsv(Datasets& datasets, const std::string& name,
                                      const std::string& csv, const std::string& label);

// sparse_categorical_crossentropy and accuracy, batch size 8, seed 7.
v1::StartFitRequest ClassifierFit(const std::string& model, const std::string& dataset,
                                  int64_t epochs);

// Reads a stream in the calling thread, waiting for wake-ups.
template <typename Response>
class StreamReader {
 public:
  std::function<void()> wake() {
    return [signal = signal_] {
      const std::lock_guard<std::mutex> lock(signal->mutex);
      signal->woken = true;
      signal->condition.notify_one();
    };
  }
  // The next message; a status at the end (OK) and for errors.
  absl::StatusOr<Response> Next(StreamSource<Response>& source) {
    while (true) {
      Response response;
      FITD_ASSIGN_OR_RETURN(const Streamed streamed, source.Next(response));
      if (streamed == Streamed::kMessage) return response;
      if (streamed == Streamed::kEnd) return absl::OutOfRangeError("the stream ended");
      std::unique_lock<std::mutex> lock(signal_->mutex);
      signal_->condition.wait(lock, [&] { return signal_->woken; });
      signal_->woken = false;
    }
  }

 private:
  struct Signal {
    std::mutex mutex;
    std::condition_variable condition;
    bool woken = false;
  };
  std::shared_ptr<Signal> signal_ = std::make_shared<Signal>();
};

// All events from `from` on, until the job's end or `most` events.
absl::StatusOr<std::vector<v1::JobEvent>> ReadEvents(
    TrainingJobs& jobs, const std::string& id, int64_t from = 1,
    size_t most = std::numeric_limits<size_t>::max());

// The answer, once it is there.
absl::StatusOr<v1::PredictResponse> Predict(
    Prediction& prediction, const v1::PredictRequest& request,
    const std::function<bool()>& cancelled = [] { return false; });

// The job once its state is final.
absl::StatusOr<v1::Job> AwaitEnd(TrainingJobs& jobs, const std::string& id);

}  // namespace fitd

#endif  // FITD_TESTS_TESTING_USE_CASES_H_
