#include "server/jobs/job_feeds.h"

#include <algorithm>
#include <utility>

namespace fitd {
namespace {

constexpr size_t kMostEvents = 256;
constexpr std::chrono::milliseconds kProgressInterval{100};
constexpr std::chrono::seconds kPatience{1};  // With followers, at the end.

using Wakes = std::vector<std::shared_ptr<const JobFeeds::Wake>>;

// Without the lock: wake functions take locks of their own.
void CallAll(const Wakes& wakes) {
  for (const auto& wake : wakes) (*wake)();
}

std::shared_ptr<const JobFeeds::Progress> Next(
    const std::shared_ptr<const JobFeeds::Progress>& last, const v1::JobProgress& progress) {
  return std::make_shared<JobFeeds::Progress>(
      JobFeeds::Progress{.number = last ? last->number + 1 : 1, .progress = progress});
}

bool SamePlace(const v1::JobProgress& a, const v1::JobProgress& b) {
  return a.queue_position() == b.queue_position() && a.waiting_for() == b.waiting_for() &&
         a.has_estimated_wait() == b.has_estimated_wait() &&
         a.estimated_wait().seconds() == b.estimated_wait().seconds();
}

}  // namespace

JobFeeds::Subscription::Subscription(JobFeeds& feeds, int64_t job, bool progress, Wake wake)
    : feeds_(feeds),
      job_(job),
      progress_(progress),
      wake_(std::make_shared<const Wake>(std::move(wake))) {
  MutexLock lock(feeds_.mutex_);
  feeds_.feeds_[job_].followers.push_back(this);
}

JobFeeds::Subscription::~Subscription() {
  MutexLock lock(feeds_.mutex_);
  const auto feed = feeds_.feeds_.find(job_);
  std::vector<const Subscription*>& followers = feed->second.followers;
  // Their order does not matter, and many may leave at once.
  *std::find(followers.begin(), followers.end(), this) = followers.back();
  followers.pop_back();
  feeds_.DropIfUnused(feed);
  feeds_.follower_left_.NotifyAll();
}

JobFeeds::JobFeeds() : thread_([this] { Loop(); }) {}

JobFeeds::~JobFeeds() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
    to_wake_changed_.NotifyAll();
  }
  thread_.join();
}

void JobFeeds::KeepEvent(int64_t job, const v1::JobEvent& event) {
  MutexLock lock(mutex_);
  const auto found = feeds_.find(job);
  if (found == feeds_.end()) return;
  auto& events = found->second.events;
  if (!events.empty() && event.number() != events.back()->number() + 1) events.clear();
  events.push_back(std::make_shared<const v1::JobEvent>(event));
  if (events.size() > kMostEvents) events.pop_front();
}

void JobFeeds::EventsStored(int64_t job) {
  MutexLock lock(mutex_);
  const auto feed = feeds_.find(job);
  if (feed == feeds_.end()) return;
  ++feed->second.revision;
  WakeSoon(job, /*all=*/true);
}

void JobFeeds::PublishProgress(int64_t job, const v1::JobProgress& progress) {
  bool tells_its_end = false;
  {
    MutexLock lock(mutex_);
    Feed& feed = feeds_[job];
    const auto now = std::chrono::steady_clock::now();
    if (feed.progress && now - feed.published < kProgressInterval) return;
    tells_its_end =
        progress.has_remaining() && !(feed.progress && feed.progress->progress.has_remaining());
    feed.published = now;
    feed.progress = Next(feed.progress, progress);
    if (!feed.followers.empty()) WakeSoon(job, /*all=*/false);
  }
  if (tells_its_end) QueueChanged();  // Others can be told how long they wait.
}

std::optional<JobFeeds::Progress> JobFeeds::NewestProgress(int64_t job) {
  MutexLock lock(mutex_);
  const auto feed = feeds_.find(job);
  if (feed == feeds_.end() || !feed->second.progress) return std::nullopt;
  return *feed->second.progress;
}

void JobFeeds::ClearProgress(int64_t job) {
  MutexLock lock(mutex_);
  const auto feed = feeds_.find(job);
  if (feed == feeds_.end()) return;
  feed->second.progress.reset();
  DropIfUnused(feed);
}

void JobFeeds::QueueChanged() {
  MutexLock lock(mutex_);
  ++queue_revision_;
  for (const auto& [job, feed] : feeds_) {
    if (feed.place) WakeSoon(job, /*all=*/false);
  }
}

void JobFeeds::KeepPlace(int64_t job, int64_t queue_revision, const v1::JobProgress& place) {
  MutexLock lock(mutex_);
  const auto found = feeds_.find(job);
  if (found == feeds_.end() || queue_revision < found->second.place_revision) return;
  Feed& feed = found->second;
  feed.place_revision = queue_revision;
  if (!feed.place || !SamePlace(feed.place->progress, place)) feed.place = Next(feed.place, place);
  // The queue changed meanwhile, when there was no place yet to wake anybody for.
  if (queue_revision != queue_revision_) WakeSoon(job, /*all=*/false);
}

JobFeeds::View JobFeeds::Look(int64_t job, int64_t number) {
  MutexLock lock(mutex_);
  View view;
  view.stopped = stopped_;
  view.queue_revision = queue_revision_;
  const auto found = feeds_.find(job);
  if (found == feeds_.end()) return view;
  const Feed& feed = found->second;
  view.revision = feed.revision;
  view.progress = feed.progress;
  if (feed.place_revision == queue_revision_) view.place = feed.place;
  if (feed.events.empty()) return view;
  const int64_t first = feed.events.front()->number();
  const int64_t next = feed.events.back()->number() + 1;
  view.held = first <= number && number <= next;
  if (view.held && number < next) view.event = feed.events[static_cast<size_t>(number - first)];
  return view;
}

bool JobFeeds::Stop() {
  Wakes wakes;
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    for (const auto& [job, feed] : feeds_) {
      for (const Subscription* follower : feed.followers) wakes.push_back(follower->wake_);
    }
  }
  CallAll(wakes);

  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  MutexLock lock(mutex_);
  const auto followed = [](const Feeds::value_type& entry) {
    return !entry.second.followers.empty();
  };
  while (std::any_of(feeds_.begin(), feeds_.end(), followed)) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= left.zero()) break;
    follower_left_.WaitFor(mutex_, left);
  }
  return !wakes.empty();
}

bool JobFeeds::stopped() {
  MutexLock lock(mutex_);
  return stopped_;
}

void JobFeeds::DropIfUnused(Feeds::iterator feed) {
  if (feed->second.followers.empty() && !feed->second.progress) feeds_.erase(feed);
}

void JobFeeds::WakeSoon(int64_t job, bool all) {
  to_wake_[job] |= all;
  to_wake_changed_.NotifyOne();
}

void JobFeeds::Loop() {
  while (true) {
    Wakes wakes;
    {
      MutexLock lock(mutex_);
      while (to_wake_.empty() && !ending_) to_wake_changed_.Wait(mutex_);
      if (ending_) return;
      const auto [job, all] = *to_wake_.begin();
      to_wake_.erase(to_wake_.begin());
      const auto feed = feeds_.find(job);
      if (feed == feeds_.end()) continue;
      for (const Subscription* follower : feed->second.followers) {
        if (all || follower->progress_) wakes.push_back(follower->wake_);
      }
    }
    CallAll(wakes);
  }
}

}  // namespace fitd
