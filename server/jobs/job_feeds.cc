#include "server/jobs/job_feeds.h"

#include <algorithm>
#include <utility>

namespace fitd {
namespace {

constexpr std::chrono::milliseconds kProgressInterval{100};
constexpr std::chrono::seconds kPatience{1};  // With followers, at the end.

void CallAll(const std::vector<std::shared_ptr<const JobFeeds::Wake>>& followers) {
  for (const auto& wake : followers) (*wake)();
}

}  // namespace

JobFeeds::Subscription::Subscription(JobFeeds& feeds, int64_t job, Wake wake)
    : feeds_(feeds), job_(job), wake_(std::make_shared<const Wake>(std::move(wake))) {
  MutexLock lock(feeds_.mutex_);
  feeds_.feeds_[job_].followers.push_back(wake_);
}

JobFeeds::Subscription::~Subscription() {
  MutexLock lock(feeds_.mutex_);
  const auto feed = feeds_.feeds_.find(job_);
  std::erase(feed->second.followers, wake_);
  feeds_.DropIfUnused(feed);
  feeds_.follower_left_.NotifyAll();
}

// Followers are called without the lock: their wake functions take locks of their own.
void JobFeeds::EventsStored(int64_t job) {
  std::vector<std::shared_ptr<const Wake>> followers;
  {
    MutexLock lock(mutex_);
    const auto feed = feeds_.find(job);
    if (feed == feeds_.end()) return;
    ++feed->second.revision;
    followers = feed->second.followers;
  }
  CallAll(followers);
}

int64_t JobFeeds::EventsRevision(int64_t job) {
  MutexLock lock(mutex_);
  const auto feed = feeds_.find(job);
  return feed == feeds_.end() ? 0 : feed->second.revision;
}

void JobFeeds::PublishProgress(int64_t job, const v1::JobProgress& progress) {
  std::vector<std::shared_ptr<const Wake>> followers;
  {
    MutexLock lock(mutex_);
    Feed& feed = feeds_[job];
    const auto now = std::chrono::steady_clock::now();
    if (feed.progress && now - feed.published < kProgressInterval) return;
    feed.published = now;
    feed.progress = {.number = feed.progress ? feed.progress->number + 1 : 1, .progress = progress};
    followers = feed.followers;
  }
  CallAll(followers);
}

std::optional<JobFeeds::Progress> JobFeeds::NewestProgress(int64_t job) {
  MutexLock lock(mutex_);
  const auto feed = feeds_.find(job);
  return feed == feeds_.end() ? std::nullopt : feed->second.progress;
}

void JobFeeds::ClearProgress(int64_t job) {
  MutexLock lock(mutex_);
  const auto feed = feeds_.find(job);
  if (feed == feeds_.end()) return;
  feed->second.progress.reset();
  DropIfUnused(feed);
}

bool JobFeeds::Stop() {
  std::vector<std::shared_ptr<const Wake>> followers;
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    for (const auto& [job, feed] : feeds_) {
      followers.insert(followers.end(), feed.followers.begin(), feed.followers.end());
    }
  }
  CallAll(followers);

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
  return !followers.empty();
}

bool JobFeeds::stopped() {
  MutexLock lock(mutex_);
  return stopped_;
}

void JobFeeds::DropIfUnused(Feeds::iterator feed) {
  if (feed->second.followers.empty() && !feed->second.progress) feeds_.erase(feed);
}

}  // namespace fitd
