// Whether a model and its data take the values of a search's space.

#ifndef FITD_SERVER_JOBS_SEARCH_CHECK_H_
#define FITD_SERVER_JOBS_SEARCH_CHECK_H_

#include "core/base/violations.h"
#include "core/search/search_space.h"
#include "fitd/v1/search.pb.h"
#include "server/jobs/fit_check.h"
#include "server/store/store.h"

namespace fitd {

// What all fits of a search have in common, on the search's own model, or on `spec.model` while
// that is not there.
v1::FitSpec FitOfTrial(const v1::SearchSpec& spec, const std::string& model);

// Checks the trial in which each axis, one after the other, has one of its choices or an end of its
// range, and the others what the base has; those that set a whole of which the axis sets a part,
// their first choice. `spec` is resolved (ResolveSearch) and its base is
// valid.
void CheckAxes(Transaction& transaction, const FitCheck& check, const v1::SearchSpec& spec,
               const v1::TrialSpec& base, Violations& violations);

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_SEARCH_CHECK_H_
