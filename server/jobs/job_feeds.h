// Wakes those who follow jobs, and holds the progress of running ones, which is never stored.

#ifndef FITD_SERVER_JOBS_JOB_FEEDS_H_
#define FITD_SERVER_JOBS_JOB_FEEDS_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/mutex.h"
#include "fitd/v1/job.pb.h"

namespace fitd {

// Thread-safe. Publishing never waits for those who follow: it calls their wake functions, which
// must be quick and may not call back, and what they read next is the newest.
class JobFeeds {
 public:
  // Called on any thread, also a little after the subscription ended.
  using Wake = std::function<void()>;

  // Holds a place among a job's followers.
  class Subscription {
   public:
    Subscription(JobFeeds& feeds, int64_t job, Wake wake);
    ~Subscription();
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;

   private:
    JobFeeds& feeds_;
    const int64_t job_;
    std::shared_ptr<const Wake> wake_;
  };

  struct Progress {
    int64_t number = 0;  // Grows with each that is published for the job.
    v1::JobProgress progress;
  };

  // New events of the job are stored.
  void EventsStored(int64_t job);
  // Grows with every call of EventsStored for the job while it is followed or running.
  int64_t EventsRevision(int64_t job);

  // At most ten a second pass; the others are dropped.
  void PublishProgress(int64_t job, const v1::JobProgress& progress);
  std::optional<Progress> NewestProgress(int64_t job);
  // The job does not run any more.
  void ClearProgress(int64_t job);

  // Wakes all followers for good and waits for them to go, a second at most. Whether there were
  // any.
  bool Stop();
  bool stopped();

 private:
  struct Feed {
    int64_t revision = 0;
    std::optional<Progress> progress;
    std::chrono::steady_clock::time_point published;
    std::vector<std::shared_ptr<const Wake>> followers;
  };
  using Feeds = std::map<int64_t, Feed>;
  // Nothing is kept of jobs that neither run nor are followed.
  void DropIfUnused(Feeds::iterator feed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  CondVar follower_left_;
  Feeds feeds_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_JOB_FEEDS_H_
