// What becomes of a search's trials.

#ifndef FITD_SERVER_JOBS_SEARCH_TRIALS_H_
#define FITD_SERVER_JOBS_SEARCH_TRIALS_H_

#include <string>

#include "fitd/v1/job.pb.h"
#include "fitd/v1/search.pb.h"
#include "server/store/store.h"

namespace fitd {

// The state is SUCCEEDED, CANCELLED or FAILED.
bool IsFinal(v1::SearchState state);

// "RUNNING".
std::string StateName(v1::SearchState state);

// Whether it used up the epochs that it was granted, and waits for more.
bool IsHeld(const v1::SearchTrial& trial);

// The fit of the trial that the job is.
v1::SearchTrial& FitOfJob(v1::SearchTrial& trial, const v1::Job& job);

// Into a fit, what its job has told of how far it is.
void TakeProgress(const v1::JobProgress& progress, v1::SearchTrial& fit);

// Keeps how a fit did whose job used up the epochs that it was granted, and is about to wait.
void RecordRung(Transaction& transaction, const v1::Job& job, const v1::JobProgress& progress);

// Keeps the result of a fit whose job has ended, in the transaction that ends the job; a trial that
// is complete with it and better than all before becomes the search's best and the alias "best" of
// its model. A trial that was cancelled is worse than any that was trained to its end.
void RecordTrial(Transaction& transaction, const v1::Job& job);

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_SEARCH_TRIALS_H_
