// Wakes those who follow jobs, and holds what most of them want next: the newest events, and the
// progress of running jobs and the place of queued ones, which are never stored.

#ifndef FITD_SERVER_JOBS_JOB_FEEDS_H_
#define FITD_SERVER_JOBS_JOB_FEEDS_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "fitd/v1/job.pb.h"

namespace fitd {

// Thread-safe. Publishing never waits for those who follow: a thread of this object calls their
// wake functions, which must be quick and may not call back, and what they read next is the newest.
class JobFeeds {
 public:
  // Called on any thread, also a little after the subscription ended.
  using Wake = std::function<void()>;

  JobFeeds();
  ~JobFeeds();

  // Holds a place among a job's followers.
  class Subscription {
   public:
    // `progress`: wake for progress too, not for events alone.
    Subscription(JobFeeds& feeds, int64_t job, bool progress, Wake wake);
    ~Subscription();
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;

   private:
    friend class JobFeeds;
    JobFeeds& feeds_;
    const int64_t job_;
    const bool progress_;
    const std::shared_ptr<const Wake> wake_;
  };

  struct Progress {
    int64_t number = 0;  // Grows with each that differs from the one before it of the job.
    v1::JobProgress progress;
  };

  // An event that was just stored; a job's events come in their order. Kept for followers, up to
  // 256 of a job.
  void KeepEvent(int64_t job, const v1::JobEvent& event);
  // New events of the job are stored: wakes its followers.
  void EventsStored(int64_t job);

  // At most ten a second pass; the others are dropped.
  void PublishProgress(int64_t job, const v1::JobProgress& progress);
  std::optional<Progress> NewestProgress(int64_t job);
  // The job does not run any more.
  void ClearProgress(int64_t job);

  // Places in the queue may be others now: wakes those who asked for one.
  void QueueChanged();
  // Where a queued job stands, as of that revision of the queue.
  void KeepPlace(int64_t job, int64_t queue_revision, const v1::JobProgress& place);

  // All that a follower who wants event `number` next needs to know.
  struct View {
    bool stopped = false;
    int64_t revision = 0;  // Grows with every call of EventsStored for the job.
    // Whether the newest events are held, without a gap, from `number` on; else they may be in the
    // store.
    bool held = false;
    std::shared_ptr<const v1::JobEvent> event;  // Null when there is none of that number yet.
    std::shared_ptr<const Progress> progress;   // The newest; null when there is none.
    int64_t queue_revision = 0;
    std::shared_ptr<const Progress> place;  // Null unless it is of that revision.
  };
  View Look(int64_t job, int64_t number);

  // Wakes all followers for good and waits for them to go, a second at most. Whether there were
  // any.
  bool Stop();
  bool stopped();

 private:
  struct Feed {
    int64_t revision = 0;
    std::deque<std::shared_ptr<const v1::JobEvent>> events;  // Gapless, the newest last.
    std::shared_ptr<const Progress> progress;
    std::chrono::steady_clock::time_point published;
    std::shared_ptr<const Progress> place;
    int64_t place_revision = 0;  // Of the queue.
    std::vector<const Subscription*> followers;
  };
  using Feeds = std::map<int64_t, Feed>;
  // Nothing is kept of jobs that neither run nor are followed.
  void DropIfUnused(Feeds::iterator feed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WakeSoon(int64_t job, bool all) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Loop();

  Mutex mutex_;
  CondVar to_wake_changed_;
  CondVar follower_left_;
  Feeds feeds_ ABSL_GUARDED_BY(mutex_);
  int64_t queue_revision_ ABSL_GUARDED_BY(mutex_) = 1;
  // Whose followers are to be woken: all, or those who want progress.
  std::map<int64_t, bool> to_wake_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Last: it uses the others.
};

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_JOB_FEEDS_H_
