#include "server/jobs/job_moves.h"

#include <cassert>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "server/jobs/job_state.h"
#include "server/jobs/time.h"
#include "server/log/log.h"
#include "server/store/checkpoints.h"

namespace fitd {

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
      change.set_message(fmt::format("the daemon died {} times on the job", job.crashes()));
      move(job, std::move(change));
    }
    for (v1::Job& job : transaction.jobs.InState(v1::JOB_STATE_RUNNING)) {
      v1::StateChange change;
      if (count_crash(job)) {
        change.set_state(v1::JOB_STATE_FAILED);
        change.mutable_failure()->set_code(static_cast<int>(absl::StatusCode::kAborted));
        change.mutable_failure()->set_message(
            fmt::format("the daemon died {} times while the job ran, for want of memory or by an "
                        "error of its own; spec.resources.max_restarts is {}",
                        job.crashes(), job.spec().resources().max_restarts()));
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
