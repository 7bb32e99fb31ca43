// The states of a job are v1::JobState and nothing else; here is which may follow which.

#ifndef FITD_SERVER_JOBS_JOB_STATE_H_
#define FITD_SERVER_JOBS_JOB_STATE_H_

#include "fitd/v1/job.pb.h"

namespace fitd {

// SUCCEEDED, CANCELLED, FAILED.
bool IsFinal(v1::JobState state);

// RUNNING, PAUSING, CANCELLING: a worker has the job, or is to take it, and alone can end the
// state.
bool IsWithWorker(v1::JobState state);

bool MayMove(v1::JobState from, v1::JobState to);

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_JOB_STATE_H_
