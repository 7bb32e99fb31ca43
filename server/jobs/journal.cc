#include "server/jobs/journal.h"

#include <chrono>
#include <iterator>
#include <set>
#include <utility>

#include "server/log/log.h"

namespace fitd {
namespace {

constexpr size_t kMostPending = 4096;
constexpr std::chrono::seconds kRetryInterval{1};

}  // namespace

Journal::Journal(Store& store, JobFeeds& feeds)
    : store_(store), feeds_(feeds), thread_([this] { Loop(); }) {}

void Journal::Add(int64_t job, Entry entry) {
  MutexLock lock(mutex_);
  while (pending_.size() >= kMostPending && !stopped_) changed_.Wait(mutex_);
  pending_.push_back({job, std::move(entry)});
  ++added_;
  changed_.NotifyAll();
}

bool Journal::Flush() {
  MutexLock lock(mutex_);
  const int64_t target = added_;
  while (written_ < target && !stopped_) changed_.Wait(mutex_);
  return written_ >= target;
}

void Journal::GiveUpOnFailure() {
  MutexLock lock(mutex_);
  giving_up_ = true;
  changed_.NotifyAll();
}

void Journal::Stop() {
  {
    MutexLock lock(mutex_);
    giving_up_ = true;
    stopping_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void Journal::Loop() {
  std::vector<Pending> batch;
  while (true) {
    {
      MutexLock lock(mutex_);
      while (pending_.empty() && batch.empty() && !stopping_) changed_.Wait(mutex_);
      batch.insert(batch.end(), std::move_iterator(pending_.begin()),
                   std::move_iterator(pending_.end()));
      pending_.clear();
      if (batch.empty()) {
        stopped_ = true;
        changed_.NotifyAll();
        return;
      }
      changed_.NotifyAll();
    }
    const absl::Status status = Write(batch);
    MutexLock lock(mutex_);
    if (status.ok()) {
      written_ += static_cast<int64_t>(batch.size());
      batch.clear();
    } else {
      Log(LogLevel::kError, "journal_write_failed", {{"error", Message(status)}});
      if (giving_up_) {
        stopped_ = true;
        changed_.NotifyAll();
        return;
      }
      changed_.WaitFor(mutex_, kRetryInterval);
    }
    changed_.NotifyAll();
  }
}

absl::Status Journal::Write(const std::vector<Pending>& batch) {
  FITD_RETURN_IF_ERROR(store_.InTransaction([&](Transaction& transaction) {
    for (const Pending& pending : batch) pending.entry(transaction);
    return absl::OkStatus();
  }));
  std::set<int64_t> jobs;
  for (const Pending& pending : batch) jobs.insert(pending.job);
  for (const int64_t job : jobs) feeds_.EventsStored(job);
  return absl::OkStatus();
}

}  // namespace fitd
