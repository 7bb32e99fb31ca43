// Every combination of the axes' values.

#ifndef FITD_CORE_SEARCH_GRID_SEARCH_H_
#define FITD_CORE_SEARCH_GRID_SEARCH_H_

#include "core/search/search_algorithm.h"

namespace fitd {

class GridSearch final : public SearchAlgorithm {
 public:
  // Trials of `epochs` each. `space` must outlive it.
  GridSearch(int64_t epochs, const SearchSpace& space) : epochs_(epochs), space_(space) {}

  int64_t planned_trials() const override { return space_.Size(SearchSpace::Values::kGrid); }
  int64_t planned_epochs() const override { return planned_trials() * epochs_; }
  std::vector<TrialStep> Next(const std::vector<v1::SearchTrial>& trials,
                              int64_t most) const override;

 private:
  const int64_t epochs_;
  const SearchSpace& space_;
};

}  // namespace fitd

#endif  // FITD_CORE_SEARCH_GRID_SEARCH_H_
