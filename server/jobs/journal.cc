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

Journal::Journal(Store& store, JobFeeds& feeds) : store_(store), feeds_(feeds), thread_([this] { Loop(); }) {}

void Journal::Add(int64_t job, Entry entry) {
  MutexLock lock(mutex_);
  while (pending_.size() >= kMostPending && !stopped_) changed_.Wait(mutex_);
  pending_.push_back({job, std::move(entry)});
  ++added_;
  changed_.NotifyAll();
}

void Journal::Flush() {
  MutexLock lock(mutex_);
  const int64_t target = added_;
  while (written_ < target && !stopped_) changed_.Wait(mutex_);
}

void Journal::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void Journal::Loop() {
  std::vector<Pending> batch;
  while (true) {
    bool last_try = false;
    {
      MutexLock lock(mutex_);
      while (pending_.empty() && batch.empty() && !stopping_) changed_.Wait(mutex_);
      batch.insert(batch.end(), std::move_iterator(pending_.begin()), std::move_iterator(pending_.end()));
      pending_.clear();
      last_try = stopping_;
      changed_.NotifyAll();
    }
    const absl::Status status = store_.InTransaction([&](Transaction& transaction) {
      for (const Pending& pending : batch) pending.entry(transaction);
      return absl::OkStatus();
    });
    if (status.ok()) {
      std::set<int64_t> jobs;
      for (const Pending& pending : batch) jobs.insert(pending.job);
      for (const int64_t job : jobs) feeds_.EventsStored(job);
    } else {
      Log(LogLevel::kError, "journal_write_failed", {{"error", Message(status)}});
    }
    MutexLock lock(mutex_);
    if (status.ok()) {
      written_ += static_cast<int64_t>(batch.size());
      batch.clear();
    } else if (!stopping_) {
      changed_.WaitFor(mutex_, kRetryInterval);
    }
    if (last_try && (pending_.empty() || !status.ok())) {
      stopped_ = true;
      changed_.NotifyAll();
      return;
    }
    changed_.NotifyAll();
  }
}

}  // namespace fitd
