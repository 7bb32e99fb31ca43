#include "core/search/random_search.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/search/distinct_parameters.h"

namespace fitd {

int64_t RandomSearch::planned_trials() const {
  return std::min(trials_, space_.Size(SearchSpace::Values::kAll));
}

std::vector<TrialStep> RandomSearch::Next(const std::vector<v1::SearchTrial>& trials,
                                          int64_t most) const {
  const bool all = space_.Size(SearchSpace::Values::kAll) <= trials_;
  DistinctParameters known(trials);
  std::vector<TrialStep> steps;
  const auto made = static_cast<int64_t>(trials.size());
  const int64_t end = std::min(made + most, planned_trials());
  for (int64_t trial = made; trial < end; ++trial) {
    std::optional<Parameters> parameters =
        all ? space_.Point(SearchSpace::Values::kAll, trial) : known.Draw(space_, seed_, trial);
    if (!parameters) break;
    steps.push_back({.trial = trial + 1, .parameters = *std::move(parameters)});
  }
  return steps;
}

}  // namespace fitd
