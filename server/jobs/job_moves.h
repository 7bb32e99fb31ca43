// Moves of jobs between states, each with its event, inside a transaction.

#ifndef FITD_SERVER_JOBS_JOB_MOVES_H_
#define FITD_SERVER_JOBS_JOB_MOVES_H_

#include "fitd/v1/job.pb.h"
#include "server/store/store.h"

namespace fitd {

// Stores the job in its new state and the event that says so. The change's state must be one that
// job_state.h allows; times, version and failure of the job follow from it.
void Move(Transaction& transaction, v1::Job& job, v1::StateChange change);

// What a daemon finds at its start. Jobs that were running go back into the queue, or fail when
// more than max_restarts daemons died under them; those being paused are paused; those being
// cancelled wait for a worker.
absl::Status RecoverJobs(Store& store);

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_JOB_MOVES_H_
