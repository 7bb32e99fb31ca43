// What a search's budget leaves of what its algorithm would do.

#ifndef FITD_CORE_SEARCH_SEARCH_BUDGET_H_
#define FITD_CORE_SEARCH_SEARCH_BUDGET_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/violations.h"
#include "core/search/search_algorithm.h"
#include "fitd/v1/search.pb.h"

namespace fitd {

// Checks `spec.budget`; paths of faults start with `path` ("spec").
void CheckBudget(std::string_view path, const v1::SearchSpec& spec, Violations& violations);

// Epochs that a new trial may train, with all its fits, until it waits or ends.
int64_t EpochsOfStep(const v1::SearchSpec& spec, const TrialStep& step);

// Of the next steps those before the first that the bounds on trials and epochs exclude. `trials`
// are all that were made. Counts the epochs that trials may train, not those that they did, so that
// the same steps are left whatever ended when. `spec` is resolved.
std::vector<TrialStep> WithinBudget(const v1::SearchSpec& spec,
                                    const std::vector<v1::SearchTrial>& trials,
                                    std::vector<TrialStep> steps);

}  // namespace fitd

#endif  // FITD_CORE_SEARCH_SEARCH_BUDGET_H_
