#include "server/predict/prediction_executor.h"

#include <algorithm>

#include "core/base/guarded.h"
#include "core/base/retry_hint.h"
#include "fmt/format.h"

namespace fitd {
namespace {

// Features or outputs of one call: 256 MiB as floats.
constexpr int64_t kMostValues = int64_t{1} << 26;
// Of a batch of several calls: more gains nothing and takes memory.
constexpr int64_t kMostBatchValues = int64_t{1} << 22;
// Of a call that runs at once, all of which takes less time than to wake another thread, or not
// much more: bytes of the request, features or outputs, weights that its rows are multiplied with.
constexpr int64_t kMostBytesAtOnce = int64_t{16} << 10;
constexpr int64_t kMostValuesAtOnce = int64_t{1} << 12;
constexpr int64_t kMostWeightBytesAtOnce = int64_t{1} << 20;
// A queue of small calls is empty by then.
constexpr std::chrono::milliseconds kRetryDelay{100};

int64_t ValuesPerRow(const LoadedModel& model) {
  return std::max(model.predictor->inputs(), model.predictor->outputs());
}

bool IsSmall(const LoadedModel& model, int64_t rows) {
  return rows <= kMostValuesAtOnce / ValuesPerRow(model) &&
         rows <= kMostWeightBytesAtOnce / std::max<int64_t>(1, model.version.weights_bytes());
}

absl::Status CheckRows(const LoadedModel& model, int64_t rows) {
  if (rows > kMostPredictRows) {
    return ResourceExhausted(
        fmt::format("the request has {} rows; allowed: {} at most", rows, kMostPredictRows));
  }
  if (rows > kMostValues / ValuesPerRow(model)) {
    return ResourceExhausted(
        fmt::format("the request has {} rows of {} inputs or outputs; allowed: {} values at most",
                    rows, ValuesPerRow(model), kMostValues));
  }
  return absl::OkStatus();
}

}  // namespace

// One batch on its way through one version.
class PredictionExecutor::Run {
 public:
  Run(std::shared_ptr<const LoadedModel> model, PredictionStatistics& statistics)
      : model_(std::move(model)), statistics_(statistics) {}

  // Runs what was added so far if the call does not fit beside it.
  void Add(Waiting waiting) {
    if (waiting.call->cancelled()) return waiting.call->Done(absl::CancelledError());
    const Time begin = std::chrono::steady_clock::now();
    absl::StatusOr<std::vector<float>> features =
        Guarded([&]() -> absl::StatusOr<std::vector<float>> {
          FITD_RETURN_IF_ERROR(CheckRows(*model_, waiting.call->rows()));
          return waiting.call->Features(*model_);
        });
    const Time end = std::chrono::steady_clock::now();
    if (!features.ok()) {
      statistics_.AddFailure(model_->id, end - waiting.arrived);
      return waiting.call->Done(features.status());
    }
    const int64_t rows = static_cast<int64_t>(features->size()) / model_->predictor->inputs();
    if ((rows_ + rows) * ValuesPerRow(*model_) > kMostBatchValues) Finish();
    if (members_.empty()) {
      begin_ = begin;
      features_ = *std::move(features);
    } else {
      features_.insert(features_.end(), features->begin(), features->end());
    }
    rows_ += rows;
    times_.input += end - begin;
    members_.push_back({std::move(waiting), rows, absl::OkStatus()});
  }

  // Answers all that was added.
  void Finish() {
    if (members_.empty()) return;
    const absl::Status status = Guarded([this] { return Compute(); });
    const Time end = std::chrono::steady_clock::now();
    if (status.ok()) statistics_.AddBatch(model_->id, rows_, times_);
    for (Member& member : members_) {
      if (!status.ok()) member.status = status;
      const Time arrived = member.waiting.arrived;
      if (member.status.ok()) {
        statistics_.AddSuccess(model_->id, begin_ - arrived, times_, end - arrived);
      } else if (!absl::IsCancelled(member.status)) {
        statistics_.AddFailure(model_->id, end - arrived);
      }
      member.waiting.call->Done(member.status);
    }
    members_.clear();
    rows_ = 0;
    times_ = {};
  }

 private:
  struct Member {
    Waiting waiting;
    int64_t rows;
    absl::Status status;
  };

  absl::Status Compute() {
    const Time begin = std::chrono::steady_clock::now();
    const int64_t outputs = model_->predictor->outputs();
    scores_.resize(static_cast<size_t>(rows_ * outputs));
    const bool done = model_->predictor->Predict(features_.data(), rows_, scores_.data(), [this] {
      return std::all_of(members_.begin(), members_.end(),
                         [](const Member& member) { return member.waiting.call->cancelled(); });
    });
    if (!done) return absl::CancelledError();
    const Time computed = std::chrono::steady_clock::now();
    std::span<const float> scores = scores_;
    for (Member& member : members_) {
      const auto size = static_cast<size_t>(member.rows * outputs);
      member.status =
          Guarded([&] { return member.waiting.call->Answer(*model_, scores.first(size)); });
      scores = scores.subspan(size);
    }
    times_.infer = computed - begin;
    times_.output = std::chrono::steady_clock::now() - computed;
    return absl::OkStatus();
  }

  const std::shared_ptr<const LoadedModel> model_;
  PredictionStatistics& statistics_;
  std::vector<Member> members_;
  std::vector<float> features_;  // [rows_, inputs]
  std::vector<float> scores_;    // [rows_, outputs]
  int64_t rows_ = 0;
  Time begin_;
  BatchTimes times_{};
};

PredictionExecutor::PredictionExecutor(ModelCache& models, const Options& options)
    : models_(models), options_(options) {
  for (int i = 0; i < options.threads; ++i) threads_.emplace_back([this] { Loop(); });
}

void PredictionExecutor::Submit(std::unique_ptr<PredictionCall> call) {
  if (auto model = VersionAtOnce(*call); model != nullptr) {
    Run run(std::move(model), statistics_);
    run.Add({std::move(call), std::chrono::steady_clock::now()});
    return run.Finish();
  }
  const absl::Status status = Enqueue(call);
  if (!status.ok()) call->Done(status);
}

std::shared_ptr<const LoadedModel> PredictionExecutor::VersionAtOnce(const PredictionCall& call) {
  if (call.bytes() > kMostBytesAtOnce) return nullptr;
  {
    MutexLock lock(mutex_);
    if (stopped_ || queues_.contains(call.reference())) return nullptr;
  }
  std::shared_ptr<const LoadedModel> model = models_.GetLoaded(call.reference());
  if (model == nullptr || !IsSmall(*model, call.rows())) return nullptr;
  return model;
}

absl::Status PredictionExecutor::Enqueue(std::unique_ptr<PredictionCall>& call) {
  MutexLock lock(mutex_);
  if (stopped_) return absl::UnavailableError("the daemon is stopping");
  if (waiting_calls_ >= options_.most_calls) {
    return WithRetryHint(ResourceExhausted(fmt::format("{} calls wait already; allowed: {} at most",
                                                       waiting_calls_, options_.most_calls)),
                         kRetryDelay);
  }
  if (waiting_calls_ > 0 && waiting_bytes_ + call->bytes() > options_.most_bytes) {
    return WithRetryHint(
        ResourceExhausted(fmt::format("the call has {} bytes and those that wait have {}; allowed: "
                                      "{} at most together",
                                      call->bytes(), waiting_bytes_, options_.most_bytes)),
        kRetryDelay);
  }
  ++waiting_calls_;
  waiting_bytes_ += call->bytes();
  const std::string& reference = call->reference();
  Queue& queue = queues_[reference];
  if (queue.calls.empty() && !queue.running) {
    ready_.push_back(reference);
    changed_.NotifyOne();
  }
  queue.calls.push_back({std::move(call), std::chrono::steady_clock::now()});
  return absl::OkStatus();
}

void PredictionExecutor::Stop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    changed_.NotifyAll();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void PredictionExecutor::Loop() {
  while (true) {
    std::string reference;
    Batch batch;
    bool alone = false;
    {
      MutexLock lock(mutex_);
      // A queue that runs comes back to its own thread, which ends when it is empty.
      while (ready_.empty() && !stopped_) changed_.Wait(mutex_);
      if (ready_.empty()) return;
      reference = std::move(ready_.front());
      ready_.pop_front();
      Queue& queue = queues_[reference];
      batch = Take(queue);
      // A large call takes its time, and is not what small ones wait for.
      alone = batch.front().call->rows() > kMostBatchRows;
      queue.running = !alone;
      if (alone) {
        Release(reference);
        changed_.NotifyOne();
      }
    }
    RunBatch(reference, std::move(batch));
    if (!alone) {
      // Nobody else need be told: this thread looks again.
      MutexLock lock(mutex_);
      queues_[reference].running = false;
      Release(reference);
    }
  }
}

PredictionExecutor::Batch PredictionExecutor::Take(Queue& queue) {
  Batch batch;
  int64_t rows = 0;
  while (!queue.calls.empty()) {
    // As the request says, and not checked yet.
    const int64_t more = std::clamp<int64_t>(queue.calls.front().call->rows(), 1, kMostPredictRows);
    if (!batch.empty() && rows + more > kMostBatchRows) break;
    rows += more;
    --waiting_calls_;
    waiting_bytes_ -= queue.calls.front().call->bytes();
    batch.push_back(std::move(queue.calls.front()));
    queue.calls.pop_front();
  }
  return batch;
}

void PredictionExecutor::Release(const std::string& reference) {
  const auto queue = queues_.find(reference);
  if (queue->second.calls.empty()) {
    queues_.erase(queue);
  } else {
    ready_.push_back(reference);
  }
}

void PredictionExecutor::RunBatch(const std::string& reference, Batch batch) {
  std::erase_if(batch, [](Waiting& waiting) {
    if (!waiting.call->cancelled()) return false;
    waiting.call->Done(absl::CancelledError());
    return true;
  });
  if (batch.empty()) return;
  absl::StatusOr<std::shared_ptr<const LoadedModel>> model =
      Guarded([&] { return models_.Get(reference); });
  if (!model.ok()) {
    for (Waiting& waiting : batch) waiting.call->Done(model.status());
    return;
  }
  Run run(*std::move(model), statistics_);
  for (Waiting& waiting : batch) run.Add(std::move(waiting));
  run.Finish();
}

}  // namespace fitd
