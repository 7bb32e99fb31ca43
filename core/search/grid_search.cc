#include "core/search/grid_search.h"

#include <algorithm>

namespace fitd {

std::vector<TrialStep> GridSearch::Next(const std::vector<v1::SearchTrial>& trials,
                                        int64_t most) const {
  std::vector<TrialStep> steps;
  const auto made = static_cast<int64_t>(trials.size());
  const int64_t end = std::min(made + most, planned_trials());
  for (int64_t trial = made; trial < end; ++trial) {
    steps.push_back(
        {.trial = trial + 1, .parameters = space_.Point(SearchSpace::Values::kGrid, trial)});
  }
  return steps;
}

}  // namespace fitd
