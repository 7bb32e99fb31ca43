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

// Of `trials`, how many the bound on them leaves.
int64_t BoundedTrials(const v1::SearchSpec& spec, int64_t trials);

// Epochs that the budget has to pay for a search that begins with `first`: those of its trial until
// it waits or ends, with all its fits; to its end, where trials are begun only if one of them gets
// there.
int64_t LeastEpochs(const v1::SearchSpec& spec, const TrialStep& first);

// Of the next steps those before the first that the bounds on trials and epochs exclude. `trials`
// are all that were made. Counts the epochs that trials may train, not those that they did, so that
// the same steps are left whatever ended when. `spec` is resolved.
std::vector<TrialStep> WithinBudget(const v1::SearchSpec& spec,
                                    const std::vector<v1::SearchTrial>& trials,
                                    std::vector<TrialStep> steps);

}  // namespace fitd

#endif  // FITD_CORE_SEARCH_SEARCH_BUDGET_H_
