#include "server/jobs/scheduler.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <exception>
#include <iterator>
#include <new>
#include <set>
#include <utility>

#include "server/jobs/fit_runner.h"
#include "server/jobs/job_moves.h"
#include "server/jobs/job_state.h"
#include "server/jobs/time.h"
#include "server/log/log.h"
#include "server/store/checkpoints.h"

namespace fitd {
namespace {

constexpr std::chrono::seconds kRetryInterval{1};

// Below this many multiplications per step a second thread costs more than it gives.
constexpr int64_t kWorthTwoThreads = int64_t{1} << 20;

// After so many crashes a job may be their cause.
constexpr int32_t kSuspectCrashes = 2;

// Queued jobs that are looked at for a stack.
constexpr int64_t kMostLookedAt = 64;

// One that no worker has and should have, as it is being cancelled or a commit that seemed to fail
// came back from the log; else the first of the queue.
std::optional<v1::Job> NextJob(Transaction& transaction, const std::vector<int64_t>& running,
                               bool only_stopped) {
  for (const v1::JobState state :
       {v1::JOB_STATE_CANCELLING, v1::JOB_STATE_PAUSING, v1::JOB_STATE_RUNNING}) {
    if (only_stopped && state == v1::JOB_STATE_RUNNING) return std::nullopt;
    for (v1::Job& job : transaction.jobs.InState(state)) {
      if (std::find(running.begin(), running.end(), *JobNumber(job.id())) == running.end())
        return std::move(job);
    }
  }
  std::vector<v1::Job> queue = transaction.jobs.Queue(1);
  if (queue.empty()) return std::nullopt;
  return std::move(queue.front());
}

}  // namespace

Scheduler::Scheduler(Store& store, Tables& tables, JobFeeds& feeds, RunningModels& running_models,
                     const Options& options)
    : store_(store),
      tables_(tables),
      feeds_(feeds),
      running_models_(running_models),
      options_(options),
      journal_(store, feeds) {}

void Scheduler::Start() {
  workers_.emplace_back([this] { WorkerLoop(Takes::kStoppedJobs); });
  for (int i = 0; i < options_.workers; ++i)
    workers_.emplace_back([this] { WorkerLoop(Takes::kAnyJob); });
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
  std::map<int64_t, QueueLoad::Busy> stacks;
  for (const auto& [job, running] : running_) {
    if (!running.on_worker) continue;
    const auto newest = feeds_.NewestProgress(job);
    std::optional<std::chrono::nanoseconds> remaining;
    if (newest && newest->progress.has_remaining())
      remaining = FromDuration(newest->progress.remaining());
    const auto [stack, first] = stacks.try_emplace(running.stack);
    QueueLoad::Busy& busy = stack->second;
    busy.memory += running.memory;
    // Until its last one ends, if all of them say when: memory of the others may be free sooner.
    busy.remaining = first ? remaining
                     : busy.remaining && remaining
                         ? std::optional(std::max(*busy.remaining, *remaining))
                         : std::nullopt;
  }
  for (const auto& [number, busy] : stacks) load.busy.push_back(busy);
  return load;
}

int Scheduler::FreeWorkers() const {
  std::set<int64_t> stacks;
  for (const auto& [job, running] : running_) {
    if (running.on_worker) stacks.insert(running.stack);
  }
  return options_.workers - static_cast<int>(stacks.size());
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

void Scheduler::WorkerLoop(Takes takes) {
  while (true) {
    const std::vector<Taken> taken = Take(takes);
    if (taken.empty()) return;
    RunJobs(taken);
  }
}

std::vector<Scheduler::Taken> Scheduler::Take(Takes takes) {
  MutexLock lock(mutex_);
  while (!stopping_) {
    absl::StatusOr<std::vector<Taken>> taken = TryTake(takes);
    if (!taken.ok()) {
      Log(LogLevel::kError, "queue_failed", {{"error", Message(taken.status())}});
      changed_.WaitFor(mutex_, kRetryInterval);
    } else if (!taken->empty()) {
      return *std::move(taken);
    } else {
      changed_.Wait(mutex_);
    }
  }
  return {};
}

absl::StatusOr<std::vector<Scheduler::Taken>> Scheduler::TryTake(Takes takes) {
  int64_t used = 0;
  std::vector<int64_t> numbers;
  for (const auto& [number, running] : running_) {
    if (running.alone) return std::vector<Taken>();
    used += running.memory;
    numbers.push_back(number);
  }
  const auto is_running = [&](int64_t number) {
    return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
  };
  const bool first = running_.empty();
  const int free_workers = std::max(FreeWorkers(), 1);
  FITD_ASSIGN_OR_RETURN(
      std::vector<Taken> taken,
      store_.InTransaction([&](Transaction& transaction) -> absl::StatusOr<std::vector<Taken>> {
        std::optional<v1::Job> next = NextJob(transaction, numbers, takes == Takes::kStoppedJobs);
        if (!next) return std::vector<Taken>();
        std::vector<v1::Job> jobs = {*std::move(next)};
        if (jobs.front().state() == v1::JOB_STATE_QUEUED)
          std::ranges::move(JobsToStack(transaction, jobs.front(), free_workers),
                            std::back_inserter(jobs));
        int64_t memory = used;
        std::vector<Taken> starting;
        for (v1::Job& job : jobs) {
          const int64_t number = JobNumber(job.id()).value();
          // It may have been paused and resumed before its worker let go of it.
          if (is_running(number)) break;
          const int64_t needed = transaction.jobs.Memory(number);
          const bool others = !first || !starting.empty();
          if (others && needed > options_.max_memory_bytes - memory) break;
          if (others && job.crashes() >= kSuspectCrashes) break;
          memory += needed;
          if (job.state() == v1::JOB_STATE_QUEUED) {
            v1::StateChange change;
            change.set_state(v1::JOB_STATE_RUNNING);
            Move(transaction, job, change);
          }
          starting.push_back({.job = std::move(job), .number = number, .memory = needed});
        }
        const bool alone = first && transaction.jobs.Count(v1::JOB_STATE_QUEUED) == 0;
        for (Taken& job : starting) job.threads = ChooseThreads(job.job, alone);
        return starting;
      }));
  ++stacks_;
  for (Taken& job : taken) {
    Running& running = running_[job.number];
    running.memory = job.memory;
    running.stack = stacks_;
    running.alone = job.job.crashes() >= kSuspectCrashes;
    running.on_worker = takes == Takes::kAnyJob;
    // Such a job has only to keep what it has reached.
    running.stop.store(job.job.state() != v1::JOB_STATE_RUNNING, std::memory_order_relaxed);
    job.stop = &running.stop;
    feeds_.EventsStored(job.number);
  }
  if (!taken.empty()) feeds_.QueueChanged();
  return taken;
}

// Only trials of its search, up to the first other job of the queue, which no one overtakes; and no
// more than leave as many for the other workers.
std::vector<v1::Job> Scheduler::JobsToStack(Transaction& transaction, const v1::Job& first,
                                            int free_workers) const {
  if (first.search().empty() || first.crashes() >= kSuspectCrashes) return {};
  const std::optional<v1::Model> base = transaction.models.Find(first.spec().model());
  if (!base) return {};
  const auto model = [&](const v1::Job& job) -> const v1::ModelSpec& {
    return job.has_architecture() ? job.architecture() : base->spec();
  };
  const int most =
      std::min(options_.max_stacked_trials, MostInStack(model(first), first.spec().training()));
  if (most < kFewestInStack) return {};
  const auto key = [&](const v1::Job& job) { return StackKey(model(job), job.spec().training()); };
  const std::optional<std::string> common = key(first);
  if (!common) return {};
  // Those that go on from different places would have to wait for each other.
  const std::map<int64_t, int64_t> steps = Checkpoints(store_.directory()).NewestSteps();
  const auto place = [&](const v1::Job& job) {
    const auto found = steps.find(JobNumber(job.id()).value());
    return found == steps.end() ? 0 : found->second;
  };
  const auto shares = static_cast<size_t>(free_workers);
  std::vector<v1::Job> jobs;
  for (v1::Job& job : transaction.jobs.Queue(kMostLookedAt)) {
    if (job.search() != first.search() || jobs.size() == shares * static_cast<size_t>(most)) break;
    if (job.id() != first.id() && place(job) == place(first) && key(job) == common)
      jobs.push_back(std::move(job));
  }
  const size_t share = (jobs.size() + 1 + shares - 1) / shares;
  jobs.resize(std::min({jobs.size(), share - 1, static_cast<size_t>(most - 1)}));
  if (jobs.size() + 1 < kFewestInStack) jobs.clear();
  return jobs;
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

void Scheduler::Release(std::span<const int64_t> jobs) {
  MutexLock lock(mutex_);
  for (const int64_t job : jobs) running_.erase(job);
  changed_.NotifyAll();
  feeds_.QueueChanged();
}

// One job on its worker.
struct Scheduler::Run {
  Run(Scheduler& scheduler, const Taken& job)
      : taken(job),
        runner(scheduler.store_, scheduler.tables_, scheduler.feeds_, scheduler.running_models_,
               scheduler.journal_, job.job) {}

  const Taken& taken;
  FitRunner runner;
  const std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  FitInput input;  // Until it trains.
  FitObserver* observer = nullptr;
  bool ended = false;
};

void Scheduler::RunJobs(const std::vector<Taken>& taken) {
  std::deque<Run> runs;
  for (const Taken& job : taken) {
    Log(LogLevel::kInfo, "job_started",
        {{"job", job.job.id()},
         {"model", job.job.spec().model()},
         {"threads", int64_t{job.threads}},
         {"stack", static_cast<int64_t>(taken.size())}});
    runs.emplace_back(*this, job);
  }
  std::vector<absl::Status> read(runs.size());
  const absl::Status together = store_.InTransaction([&](Transaction& transaction) {
    for (size_t i = 0; i < runs.size(); ++i) read[i] = runs[i].runner.Read(transaction);
    return absl::OkStatus();
  });
  // What is damaged may be one job's alone.
  for (size_t i = 0; i < runs.size() && !together.ok(); ++i) {
    read[i] = store_.InTransaction(
        [&](Transaction& transaction) { return runs[i].runner.Read(transaction); });
  }
  std::vector<Run*> ready;
  for (size_t i = 0; i < runs.size(); ++i) {
    Run& run = runs[i];
    absl::StatusOr<FitInput> input =
        read[i].ok() ? run.runner.Load(run.taken.threads) : std::move(read[i]);
    if (!input.ok()) {
      Run* broken = &run;
      End(std::span<Run*>(&broken, 1), {{.task = 0, .result = input.status()}});
      continue;
    }
    run.input = *std::move(input);
    run.observer = &run.runner.Observe(options_.checkpoint_interval);
    ready.push_back(&run);
  }
  // Those whose newest checkpoint is damaged may go on from different ones: one after another.
  while (!ready.empty()) {
    std::vector<Run*> together = {ready.front()};
    ready.erase(ready.begin());
    std::erase_if(ready, [&](Run* run) {
      if (!StackTogether(together.front()->input, run->input)) return false;
      together.push_back(run);
      return true;
    });
    Train(together);
  }
}

void Scheduler::Train(std::span<Run*> runs) {
  std::vector<FitTask> tasks;
  for (Run* run : runs) {
    tasks.push_back(
        {.input = std::move(run->input), .observer = *run->observer, .stop = *run->taken.stop});
  }
  absl::Status broken;
  try {
    RunStack(tasks, [&](const std::vector<FitOutcome>& outcomes) { End(runs, outcomes); });
  } catch (const std::bad_alloc&) {
    broken = ResourceExhausted("the daemon is out of memory");
  } catch (const std::exception& error) {
    broken = Internal(error.what());
  }
  std::vector<FitOutcome> rest;
  for (size_t i = 0; i < runs.size(); ++i) {
    if (!runs[i]->ended) rest.push_back({.task = i, .result = broken});
  }
  if (!rest.empty()) End(runs, rest);
}

// While the store fails nothing is lost by waiting; when the daemon stops meanwhile, the jobs run
// again.
void Scheduler::End(std::span<Run*> runs, const std::vector<FitOutcome>& outcomes) {
  std::vector<FitRunner::Ended> jobs;
  for (const FitOutcome& outcome : outcomes) {
    jobs.push_back({.runner = &runs[outcome.task]->runner,
                    .result = &outcome.result,
                    .state = v1::JOB_STATE_UNSPECIFIED});
  }
  absl::Status status = FitRunner::Finish(jobs);
  while (!status.ok()) {
    Log(LogLevel::kError, "jobs_not_recorded",
        {{"jobs", static_cast<int64_t>(jobs.size())}, {"error", Message(status)}});
    {
      MutexLock lock(mutex_);
      if (stopping_) break;
      changed_.WaitFor(mutex_, kRetryInterval);
    }
    status = FitRunner::Finish(jobs);
  }
  std::vector<int64_t> numbers;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    Run& run = *runs[outcomes[i].task];
    run.ended = true;
    numbers.push_back(run.taken.number);
    running_models_.Close(run.taken.number);
    if (!status.ok()) continue;
    feeds_.ClearProgress(run.taken.number);
    feeds_.EventsStored(run.taken.number);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - run.start;
    Log(LogLevel::kInfo, "job_ended",
        {{"job", run.taken.job.id()},
         {"state", StateName(jobs[i].state)},
         {"seconds", elapsed.count()}});
  }
  if (status.ok()) options_.jobs_ended();
  Release(numbers);
}

}  // namespace fitd
