#include "core/search/grid_search.h"

namespace fitd {

std::optional<Parameters> GridSearch::Next(const std::vector<Parameters>& made) const {
  const auto next = static_cast<int64_t>(made.size());
  if (next >= planned_trials()) return std::nullopt;
  return space_.Point(SearchSpace::Values::kGrid, next);
}

}  // namespace fitd
