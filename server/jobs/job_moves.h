// Moves of jobs between states, each with its event, inside a transaction.

#ifndef FITD_SERVER_JOBS_JOB_MOVES_H_
#define FITD_SERVER_JOBS_JOB_MOVES_H_

#include <string>

#include "core/base/status.h"
#include "fitd/v1/job.pb.h"
#include "server/store/store.h"

namespace fitd {

// Stores the job in its new state and the event that says so. The change's state must be one that
// job_state.h allows; times, version and failure of the job follow from it, and so does what its
// search knows of a trial that ended.
void Move(Transaction& transaction, v1::Job& job, v1::StateChange change);

// Puts a new job into the queue: sets its id and tells its first event.
void Enqueue(Transaction& transaction, v1::Job& job);

// What users may ask of a job.
enum class JobOrder { kPause, kResume, kCancel };

// Moves the job towards what is asked, if it is not on its way there. FAILED_PRECONDITION when it
// cannot go there from its state. A job that runs has to be told to stop. `reason` is what its
// event says.
absl::Status Steer(Transaction& transaction, v1::Job& job, JobOrder order,
                   const std::string& reason = "");

// What a daemon finds at its start. Jobs that were running go back into the queue, or fail when
// more than max_restarts daemons died under them; those being paused are paused; those being
// cancelled wait for a worker.
absl::Status RecoverJobs(Store& store);

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_JOB_MOVES_H_
