// The states of a job are v1::JobState and nothing else; here is which may follow which.

#ifndef FITD_SERVER_JOBS_JOB_STATE_H_
#define FITD_SERVER_JOBS_JOB_STATE_H_

#include <cstdint>

#include "fitd/v1/job.pb.h"

namespace fitd {

// SUCCEEDED, CANCELLED, FAILED.
bool IsFinal(v1::JobState state);

// Of the fit that is so far.
int64_t CompleteEpochs(const v1::JobProgress& progress);

bool MayMove(v1::JobState from, v1::JobState to);

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_JOB_STATE_H_
