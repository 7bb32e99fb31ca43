// Runs queued fits on a pool of workers.

#ifndef FITD_SERVER_JOBS_SCHEDULER_H_
#define FITD_SERVER_JOBS_SCHEDULER_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "core/train/fit.h"
#include "server/jobs/job_feeds.h"
#include "server/jobs/journal.h"
#include "server/jobs/waiting.h"
#include "server/predict/running_models.h"
#include "server/store/store.h"
#include "server/store/tables.h"

namespace fitd {

// Jobs start by priority, then in order of submission. Trials of a search that follow one another
// there may start together, as one stack on one worker. A job that needs more memory than is free
// now holds up those behind it, so that small jobs cannot starve a large one. A job under which
// daemons died twice runs alone, so that no other is blamed for what it may do.
//
// Thread-safe. Lock order: this, then the store.
class Scheduler {
 public:
  struct Options {
    int workers = 1;  // Jobs at once.
    int cores = 1;
    int64_t max_memory_bytes = 0;  // Of all running jobs together.
    int max_stacked_trials = 1;    // Of a search, on one worker.
    std::chrono::nanoseconds checkpoint_interval = std::chrono::seconds(30);
    // Called on a worker when jobs have ended.
    std::function<void()> jobs_ended = [] {};
  };
  Scheduler(Store& store, Tables& tables, JobFeeds& feeds, RunningModels& running_models,
            const Options& options);
  ~Scheduler() { Stop(); }

  void Start();
  // A job was put into the queue.
  void JobQueued();
  // What those in the queue wait for.
  QueueLoad Load();
  // Threads that the job gets when it runs alone.
  int MostThreads(const v1::Job& job) const { return ChooseThreads(job, true); }
  // The job is to be cancelled or paused: stops it within one mini-batch if it runs, else a thread
  // beside the workers ends a cancelled one; it may have left the queue.
  void StopJob(int64_t job);
  // Whether a worker has the job.
  bool Runs(int64_t job);
  // Stops all jobs within one mini-batch; they go on from there at the next start. Idempotent.
  void Stop();

 private:
  struct Running {
    int64_t memory = 0;
    int64_t stack = 0;  // Of those that its worker took together.
    bool alone = false;
    bool on_worker = true;
    std::atomic<bool> stop{false};
  };
  // A job that a worker has, until Release.
  struct Taken {
    v1::Job job;
    int64_t number = 0;
    int64_t memory = 0;
    int threads = 1;
    const std::atomic<bool>* stop = nullptr;
  };
  struct Run;

  // Whoever cancels a job that does not run waits for no worker: a thread of its own ends those.
  enum class Takes { kAnyJob, kStoppedJobs };
  void WorkerLoop(Takes takes);
  // The next job, now RUNNING, with those that start together with it; nothing when the scheduler
  // stops.
  std::vector<Taken> Take(Takes takes);
  absl::StatusOr<std::vector<Taken>> TryTake(Takes takes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Those of the queue that join the first of it in a stack.
  std::vector<v1::Job> JobsToStack(Transaction& transaction, const v1::Job& first,
                                   int free_workers) const;
  int ChooseThreads(const v1::Job& job, bool alone) const;
  void Release(std::span<const int64_t> jobs);
  int FreeWorkers() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunJobs(const std::vector<Taken>& taken);
  // All together.
  void Train(std::span<Run*> runs);
  void End(std::span<Run*> runs, const std::vector<FitOutcome>& outcomes);

  Store& store_;
  Tables& tables_;
  JobFeeds& feeds_;
  RunningModels& running_models_;
  const Options options_;
  Journal journal_;
  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<int64_t, Running> running_ ABSL_GUARDED_BY(mutex_);
  int64_t stacks_ ABSL_GUARDED_BY(mutex_) = 0;  // So far.
  std::vector<std::thread> workers_;            // Touched by Start and Stop alone.
};

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_SCHEDULER_H_
