#include "server/jobs/job_watch.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "server/jobs/job_state.h"

namespace fitd {
namespace {

// Thousands of watchers may have that many each.
constexpr int64_t kMostEventsRead = 16;

}  // namespace

JobWatch::JobWatch(Store& store, JobFeeds& feeds, const Options& options,
                   std::function<void()> wake)
    : store_(store),
      feeds_(feeds),
      options_(options),
      next_event_(options.from_event),
      state_(options.state),
      subscription_(feeds, options.job, options.progress, std::move(wake)) {}

absl::StatusOr<Streamed> JobWatch::Next(v1::WatchJobResponse& response) {
  // Before the store is read: whatever is stored after it wakes us again.
  const JobFeeds::View view = feeds_.Look(options_.job, next_event_);
  if (events_.empty() && !final_ && !view.held && view.revision != revision_) {
    FITD_RETURN_IF_ERROR(ReadEvents());
    // A full batch may not be all there is.
    revision_ = events_.size() == kMostEventsRead ? -1 : view.revision;
  }
  if (!events_.empty()) {
    SendEvent(events_.back(), response);
    events_.pop_back();
    if (events_.empty()) events_.shrink_to_fit();
    return Streamed::kMessage;
  }
  if (final_) return Streamed::kEnd;
  if (view.event != nullptr) {
    SendEvent(*view.event, response);
    return Streamed::kMessage;
  }
  if (view.stopped) {
    return Error(absl::StatusCode::kUnavailable,
                 fmt::format("the daemon is stopping; resume with from_event={}", next_event_));
  }
  if (!options_.progress) return Streamed::kNothingYet;
  FITD_ASSIGN_OR_RETURN(const bool news, SendProgress(view, response));
  return news ? Streamed::kMessage : Streamed::kNothingYet;
}

absl::Status JobWatch::ReadEvents() {
  return store_.InTransaction([&](Transaction& transaction) -> absl::Status {
    const std::optional<v1::Job> job = transaction.jobs.Find(options_.job);
    if (!job) return NotFound(fmt::format("job fit-{} was deleted", options_.job));
    events_ = transaction.jobs.Events(options_.job, next_event_, kMostEventsRead);
    const int64_t last_read = events_.empty() ? next_event_ - 1 : events_.back().number();
    final_ = IsFinal(job->state()) && last_read >= job->last_event();
    std::reverse(events_.begin(), events_.end());
    return absl::OkStatus();
  });
}

void JobWatch::SendEvent(const v1::JobEvent& event, v1::WatchJobResponse& response) {
  next_event_ = event.number() + 1;
  if (event.has_state_change()) {
    state_ = event.state_change().state();
    final_ = final_ || IsFinal(state_);
  }
  *response.mutable_event() = event;
}

absl::StatusOr<bool> JobWatch::SendProgress(const JobFeeds::View& view,
                                            v1::WatchJobResponse& response) {
  if (state_ == v1::JOB_STATE_QUEUED) return SendPlace(view, response);
  if (view.progress == nullptr || view.progress->number == progress_number_) return false;
  progress_number_ = view.progress->number;
  *response.mutable_progress() = view.progress->progress;
  return true;
}

// The first watcher that looks after the queue changed finds the place; the others of the job take
// it from the feed.
absl::StatusOr<bool> JobWatch::SendPlace(const JobFeeds::View& view,
                                         v1::WatchJobResponse& response) {
  if (view.queue_revision == queue_revision_) return false;
  std::shared_ptr<const JobFeeds::Progress> place = view.place;
  if (place == nullptr) {
    FITD_ASSIGN_OR_RETURN(const std::optional<v1::JobProgress> found, options_.find_place());
    if (found) {
      feeds_.KeepPlace(options_.job, view.queue_revision, *found);
      place = feeds_.Look(options_.job, next_event_).place;
    }
  }
  // Null when the queue has changed again: then we are woken again.
  queue_revision_ = view.queue_revision;
  if (place == nullptr || place->number == place_number_) return false;
  place_number_ = place->number;
  *response.mutable_progress() = place->progress;
  return true;
}

}  // namespace fitd
