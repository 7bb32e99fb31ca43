// How far a search is: what it will come to at most, and how long that will take.

#ifndef FITD_SERVER_JOBS_SEARCH_PROGRESS_H_
#define FITD_SERVER_JOBS_SEARCH_PROGRESS_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "core/search/search_algorithm.h"
#include "fitd/v1/search.pb.h"
#include "server/store/store.h"

namespace fitd {

// Writes the trials, jobs and epochs that there will be at most.
void Plan(const SearchAlgorithm& algorithm, v1::Search& search);

// No more trials come than were made.
void EndPlan(int64_t made, v1::Search& search);

// What is left of the time that the search may take; less than 0 when it is over, nothing where
// that is not bounded.
std::optional<absl::Duration> TimeLeft(const v1::Search& search, absl::Time now);

// Writes the time that the search would take from now, where that is known, and what is left of its
// budget's.
void EstimateRemaining(Transaction& transaction, int workers, v1::Search& search);

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_SEARCH_PROGRESS_H_
