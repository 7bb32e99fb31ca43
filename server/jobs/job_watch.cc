#include "server/jobs/job_watch.h"

#include <optional>
#include <utility>

#include "fmt/format.h"
#include "server/jobs/job_state.h"

namespace fitd {
namespace {

constexpr int64_t kMostEventsRead = 64;

}  // namespace

JobWatch::JobWatch(Store& store, JobFeeds& feeds, const Options& options,
                   std::function<void()> wake)
    : store_(store),
      feeds_(feeds),
      job_(options.job),
      with_progress_(options.progress),
      next_event_(options.from_event),
      subscription_(feeds, options.job, std::move(wake)) {}

absl::StatusOr<Streamed> JobWatch::Next(v1::WatchJobResponse& response) {
  // Before the read: whatever is stored after it wakes us again.
  const bool stopped = feeds_.stopped();
  const int64_t revision = feeds_.EventsRevision(job_);
  if (events_.empty() && !final_ && revision != revision_) {
    FITD_RETURN_IF_ERROR(ReadEvents());
    // A full batch may not be all there is.
    revision_ = events_.size() == kMostEventsRead ? -1 : revision;
  }
  if (!events_.empty()) {
    next_event_ = events_.front().number() + 1;
    *response.mutable_event() = std::move(events_.front());
    events_.pop_front();
    return Streamed::kMessage;
  }
  if (final_) return Streamed::kEnd;
  if (stopped) {
    return Error(absl::StatusCode::kUnavailable,
                 fmt::format("the daemon is stopping; resume with from_event={}", next_event_));
  }
  if (with_progress_) {
    std::optional<JobFeeds::Progress> newest = feeds_.NewestProgress(job_);
    if (newest && newest->number != progress_number_) {
      progress_number_ = newest->number;
      *response.mutable_progress() = std::move(newest->progress);
      return Streamed::kMessage;
    }
  }
  return Streamed::kNothingYet;
}

absl::Status JobWatch::ReadEvents() {
  return store_.InTransaction([&](Transaction& transaction) -> absl::Status {
    const std::optional<v1::Job> job = transaction.jobs.Find(job_);
    if (!job) return NotFound(fmt::format("job fit-{} was deleted", job_));
    for (v1::JobEvent& event : transaction.jobs.Events(job_, next_event_, kMostEventsRead)) {
      events_.push_back(std::move(event));
    }
    const int64_t last_read = events_.empty() ? next_event_ - 1 : events_.back().number();
    final_ = IsFinal(job->state()) && last_read >= job->last_event();
    return absl::OkStatus();
  });
}

}  // namespace fitd
