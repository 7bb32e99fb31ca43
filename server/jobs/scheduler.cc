#include "server/jobs/scheduler.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "server/jobs/fit_runner.h"
#include "server/jobs/job_moves.h"
#include "server/jobs/job_state.h"
#include "server/jobs/time.h"
#include "server/log/log.h"

namespace fitd {
namespace {

constexpr std::chrono::seconds kRetryInterval{1};

// Below this many multiplications per step a second thread costs more than it gives.
constexpr int64_t kWorthTwoThreads = int64_t{1} << 20;

// After so many crashes a job may be their cause.
constexpr int32_t kSuspectCrashes = 2;

// One that is being cancelled and that no worker has, else the first of the queue.
std::optional<v1::Job> NextJob(Transaction& transaction, const std::vector<int64_t>& running) {
  for (v1::Job& job : transaction.jobs.InState(v1::JOB_STATE_CANCELLING)) {
    if (std::find(running.begin(), running.end(), *JobNumber(job.id())) == running.end())
      return std::move(job);
  }
  return transaction.jobs.NextQueued();
}

}  // namespace

Scheduler::Scheduler(Store& store, Tables& tables, JobFeeds& feeds, const Options& options)
    : store_(store), tables_(tables), feeds_(feeds), options_(options), journal_(store, feeds) {}

void Scheduler::Start() {
  for (int i = 0; i < options_.workers; ++i) workers_.emplace_back([this] { WorkerLoop(); });
}

void Scheduler::JobQueued() {
  MutexLock lock(mutex_);
  changed_.NotifyAll();
  feeds_.QueueChanged();
}

QueueLoad Scheduler::Load() {
  QueueLoad load;
  load.workers = options_.workers;
  load.max_memory = options_.max_memory_bytes;
  MutexLock lock(mutex_);
  for (const auto& [job, running] : running_) {
    load.running.push_back({.memory = running.memory, .remaining = std::nullopt});
    const auto newest = feeds_.NewestProgress(job);
    if (!newest || !newest->progress.has_remaining()) continue;
    load.running.back().remaining = FromDuration(newest->progress.remaining());
  }
  return load;
}

void Scheduler::StopJob(int64_t job) {
  MutexLock lock(mutex_);
  if (const auto found = running_.find(job); found != running_.end()) {
    found->second.stop.store(true, std::memory_order_relaxed);
    return;
  }
  // It left the queue, and may have been all that held up those behind it.
  changed_.NotifyAll();
  feeds_.QueueChanged();
}

void Scheduler::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    for (auto& [job, running] : running_) running.stop.store(true, std::memory_order_relaxed);
    changed_.NotifyAll();
  }
  journal_.GiveUpOnFailure();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
  journal_.Stop();
}

bool Scheduler::Runs(int64_t job) {
  MutexLock lock(mutex_);
  return running_.contains(job);
}

void Scheduler::WorkerLoop() {
  while (std::optional<Taken> taken = Take()) {
    RunJob(*taken);
    Release(taken->number);
  }
}

std::optional<Scheduler::Taken> Scheduler::Take() {
  MutexLock lock(mutex_);
  while (!stopping_) {
    absl::StatusOr<std::optional<Taken>> taken = TryTake();
    if (!taken.ok()) {
      Log(LogLevel::kError, "queue_failed", {{"error", Message(taken.status())}});
      changed_.WaitFor(mutex_, kRetryInterval);
    } else if (*taken) {
      return *std::move(taken);
    } else {
      changed_.Wait(mutex_);
    }
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<Scheduler::Taken>> Scheduler::TryTake() {
  int64_t used = 0;
  std::vector<int64_t> numbers;
  for (const auto& [number, running] : running_) {
    if (running.alone) return std::nullopt;
    used += running.memory;
    numbers.push_back(number);
  }
  const bool first = running_.empty();
  int64_t memory = 0;
  FITD_ASSIGN_OR_RETURN(
      std::optional<Taken> taken,
      store_.InTransaction([&](Transaction& transaction) -> absl::StatusOr<std::optional<Taken>> {
        std::optional<v1::Job> job = NextJob(transaction, numbers);
        if (!job) return std::nullopt;
        const int64_t number = JobNumber(job->id()).value();
        // It was paused and resumed before its worker let go of it.
        if (std::find(numbers.begin(), numbers.end(), number) != numbers.end()) return std::nullopt;
        memory = transaction.jobs.Memory(number);
        if (!first && memory > options_.max_memory_bytes - used) return std::nullopt;
        if (!first && job->crashes() >= kSuspectCrashes) return std::nullopt;
        if (job->state() == v1::JOB_STATE_QUEUED) {
          v1::StateChange change;
          change.set_state(v1::JOB_STATE_RUNNING);
          Move(transaction, *job, change);
        }
        const bool alone = first && transaction.jobs.Count(v1::JOB_STATE_QUEUED) == 0;
        return Taken{.job = *job, .number = number, .threads = ChooseThreads(*job, alone)};
      }));
  if (taken) {
    Running& running = running_[taken->number];
    running.memory = memory;
    running.alone = taken->job.crashes() >= kSuspectCrashes;
    // Such a job has only to keep what it has reached.
    running.stop.store(taken->job.state() == v1::JOB_STATE_CANCELLING, std::memory_order_relaxed);
    taken->stop = &running.stop;
    feeds_.EventsStored(taken->number);
    feeds_.QueueChanged();
  }
  return taken;
}

// What the job asks for, as far as there are cores; else one thread when the model is small or
// other jobs want to run, else all cores.
int Scheduler::ChooseThreads(const v1::Job& job, bool alone) const {
  const int asked = job.spec().resources().threads();
  if (asked > 0) return std::min(asked, options_.cores);
  const int64_t batch = job.spec().training().batch_size();
  const bool small = job.trainable_parameters() < kWorthTwoThreads / std::max<int64_t>(batch, 1);
  return small || !alone ? 1 : options_.cores;
}

void Scheduler::Release(int64_t job) {
  MutexLock lock(mutex_);
  running_.erase(job);
  changed_.NotifyAll();
  feeds_.QueueChanged();
}

void Scheduler::RunJob(const Taken& taken) {
  const auto start = std::chrono::steady_clock::now();
  Log(LogLevel::kInfo, "job_started",
      {{"job", taken.job.id()},
       {"model", taken.job.spec().model()},
       {"threads", int64_t{taken.threads}}});
  FitRunner runner(store_, tables_, feeds_, journal_, taken.job);
  const absl::StatusOr<FitResult> result =
      runner.Train(taken.threads, options_.checkpoint_interval, *taken.stop);
  if (!result.ok()) {
    Log(LogLevel::kWarn, "fit_failed",
        {{"job", taken.job.id()}, {"error", Message(result.status())}});
  }
  // While the store fails nothing is lost by waiting; when the daemon stops meanwhile, the job runs
  // again.
  absl::StatusOr<v1::JobState> state = runner.Finish(result);
  while (!state.ok()) {
    Log(LogLevel::kError, "job_not_recorded",
        {{"job", taken.job.id()}, {"error", Message(state.status())}});
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
      changed_.WaitFor(mutex_, kRetryInterval);
    }
    state = runner.Finish(result);
  }
  feeds_.ClearProgress(taken.number);
  feeds_.EventsStored(taken.number);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  Log(LogLevel::kInfo, "job_ended",
      {{"job", taken.job.id()}, {"state", StateName(*state)}, {"seconds", elapsed.count()}});
  options_.job_ended();
}

}  // namespace fitd
