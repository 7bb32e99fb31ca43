#include "server/jobs/job_moves.h"

#include <cassert>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/counted.h"
#include "fmt/format.h"
#include "server/jobs/job_state.h"
#include "server/jobs/search_trials.h"
#include "server/jobs/time.h"
#include "server/log/log.h"
#include "server/store/checkpoints.h"

namespace fitd {
namespace {

absl::Status CannotBe(std::string_view what, const v1::Job& job) {
  return FailedPrecondition(
      fmt::format("job {} is {} and cannot be {}", job.id(), StateName(job.state()), what));
}

using NextState = absl::StatusOr<std::optional<v1::JobState>>;

NextState TowardsPause(const v1::Job& job) {
  switch (job.state()) {
    case v1::JOB_STATE_QUEUED:
      return v1::JOB_STATE_PAUSED;
    case v1::JOB_STATE_RUNNING:
      return v1::JOB_STATE_PAUSING;
    case v1::JOB_STATE_PAUSING:
    case v1::JOB_STATE_PAUSED:
      return std::nullopt;
    default:
      return CannotBe("paused", job);
  }
}

NextState TowardsRun(const v1::Job& job) {
  switch (job.state()) {
    case v1::JOB_STATE_PAUSED:
      return v1::JOB_STATE_QUEUED;
    case v1::JOB_STATE_PAUSING:  // It stops nevertheless, and goes back into the queue.
      return v1::JOB_STATE_RUNNING;
    case v1::JOB_STATE_QUEUED:
    case v1::JOB_STATE_RUNNING:
      return std::nullopt;
    default:
      return CannotBe("resumed", job);
  }
}

NextState TowardsCancelled(const v1::Job& job) {
  switch (job.state()) {
    case v1::JOB_STATE_QUEUED:
    case v1::JOB_STATE_PAUSED:
      return job.has_start_time() ? v1::JOB_STATE_CANCELLING : v1::JOB_STATE_CANCELLED;
    case v1::JOB_STATE_RUNNING:
    case v1::JOB_STATE_PAUSING:
      return v1::JOB_STATE_CANCELLING;
    case v1::JOB_STATE_CANCELLING:
    case v1::JOB_STATE_CANCELLED:
      return std::nullopt;
    default:
      return CannotBe("cancelled", job);
  }
}

NextState StateTowards(JobOrder order, const v1::Job& job) {
  switch (order) {
    case JobOrder::kPause:
      return TowardsPause(job);
    case JobOrder::kResume:
      return TowardsRun(job);
    case JobOrder::kCancel:
      return TowardsCancelled(job);
  }
  return std::nullopt;
}

}  // namespace

void Move(Transaction& transaction, v1::Job& job, v1::StateChange change) {
  assert(MayMove(job.state(), change.state()));
  const auto now = ToTimestamp(transaction.now());
  if (job.state() == v1::JOB_STATE_RUNNING && change.state() == v1::JOB_STATE_QUEUED)
    job.set_restarts(job.restarts() + 1);
  job.set_state(change.state());
  if (change.state() == v1::JOB_STATE_RUNNING && !job.has_start_time())
    *job.mutable_start_time() = now;
  if (IsFinal(change.state())) *job.mutable_end_time() = now;
  if (change.has_failure()) *job.mutable_failure() = change.failure();
  job.set_version(change.version());
  job.clear_queue_position();

  v1::JobEvent event;
  *event.mutable_time() = now;
  *event.mutable_state_change() = std::move(change);
  transaction.jobs.AppendEvent(JobNumber(job.id()).value(), event);
  job.set_last_event(event.number());
  transaction.jobs.Update(job);
  if (IsFinal(job.state()) && job.trial() != 0) RecordTrial(transaction, job);
}

void Enqueue(Transaction& transaction, v1::Job& job) {
  transaction.jobs.Insert(job, job.memory_bytes());
  const int64_t number = JobNumber(job.id()).value();
  v1::JobEvent event;
  *event.mutable_time() = job.create_time();
  event.mutable_state_change()->set_state(v1::JOB_STATE_QUEUED);
  transaction.jobs.AppendEvent(number, event);
  job.set_last_event(event.number());
  job.set_queue_position(transaction.jobs.QueuePosition(job));
}

absl::Status Steer(Transaction& transaction, v1::Job& job, JobOrder order,
                   const std::string& reason) {
  if (order == JobOrder::kResume && job.trial() != 0) {
    auto trial = transaction.searches.FindTrial(job.search(), job.trial());
    if (trial && IsHeld(FitOfJob(*trial, job))) {
      return FailedPrecondition(
          fmt::format("job {} has the {} epochs that search {} granted it, and waits for more",
                      job.id(), trial->granted_epochs(), job.search()));
    }
  }
  FITD_ASSIGN_OR_RETURN(const std::optional<v1::JobState> next, StateTowards(order, job));
  if (!next) return absl::OkStatus();
  v1::StateChange change;
  change.set_state(*next);
  change.set_message(reason);
  Move(transaction, job, change);
  return absl::OkStatus();
}

absl::Status RecoverJobs(Store& store) {
  const Checkpoints checkpoints(store.directory());
  return store.InTransaction([&](Transaction& transaction) {
    const auto move = [&](v1::Job& job, v1::StateChange change) {
      Log(LogLevel::kWarn, "job_recovered",
          {{"job", job.id()}, {"state", StateName(change.state())}});
      Move(transaction, job, std::move(change));
      if (!IsFinal(job.state())) return;
      for (std::string& path : checkpoints.Paths(JobNumber(job.id()).value()))
        transaction.RemoveFile(std::move(path));
    };
    const auto count_crash = [](v1::Job& job) {
      job.set_crashes(job.crashes() + 1);
      return job.crashes() > job.spec().resources().max_restarts();
    };
    for (v1::Job& job : transaction.jobs.InState(v1::JOB_STATE_PAUSING)) {
      v1::StateChange change;
      change.set_state(v1::JOB_STATE_PAUSED);
      change.set_message("the daemon died while the job was being paused");
      move(job, std::move(change));
    }
    for (v1::Job& job : transaction.jobs.InState(v1::JOB_STATE_CANCELLING)) {
      if (!count_crash(job)) {
        transaction.jobs.Update(job);  // A worker will keep what the job has reached.
        continue;
      }
      v1::StateChange change;
      change.set_state(v1::JOB_STATE_CANCELLED);
      change.set_message(
          fmt::format("the daemon died {} on the job", Counted(job.crashes(), "time")));
      move(job, std::move(change));
    }
    for (v1::Job& job : transaction.jobs.InState(v1::JOB_STATE_RUNNING)) {
      v1::StateChange change;
      if (count_crash(job)) {
        change.set_state(v1::JOB_STATE_FAILED);
        change.mutable_failure()->set_code(static_cast<int>(absl::StatusCode::kAborted));
        change.mutable_failure()->set_message(
            fmt::format("the daemon died {} while the job ran, for want of memory or by an error "
                        "of its own; spec.resources.max_restarts is {}",
                        Counted(job.crashes(), "time"), job.spec().resources().max_restarts()));
      } else {
        change.set_state(v1::JOB_STATE_QUEUED);
        change.set_message("the daemon died; the job goes on from its newest checkpoint");
      }
      move(job, std::move(change));
    }
    return absl::OkStatus();
  });
}

}  // namespace fitd
