// Every combination of the axes' values.

#ifndef FITD_CORE_SEARCH_GRID_SEARCH_H_
#define FITD_CORE_SEARCH_GRID_SEARCH_H_

#include "core/search/search_algorithm.h"

namespace fitd {

class GridSearch final : public SearchAlgorithm {
 public:
  // `space` must outlive it.
  explicit GridSearch(const SearchSpace& space) : space_(space) {}

  int64_t planned_trials() const override { return space_.Size(SearchSpace::Values::kGrid); }
  std::optional<Parameters> Next(const std::vector<Parameters>& made) const override;

 private:
  const SearchSpace& space_;
};

}  // namespace fitd

#endif  // FITD_CORE_SEARCH_GRID_SEARCH_H_
