// ASHA: successive halving whose rungs need not be full.

#ifndef FITD_CORE_SEARCH_ASYNCHRONOUS_HALVING_SEARCH_H_
#define FITD_CORE_SEARCH_ASYNCHRONOUS_HALVING_SEARCH_H_

#include <cstdint>
#include <vector>

#include "core/search/random_search.h"
#include "core/search/rungs.h"
#include "core/search/search_algorithm.h"

namespace fitd {

// The choices form one sequence, and each sees the results of the same choices before it whichever
// of them were ready first: that is what makes the search the same on any number of workers.
class AsynchronousHalvingSearch final : public SearchAlgorithm {
 public:
  // `spec` is resolved; `space` must outlive it.
  AsynchronousHalvingSearch(const v1::SearchSpec& spec, const SearchSpace& space);

  int64_t planned_trials() const override { return random_.planned_trials(); }
  int64_t planned_epochs() const override;
  std::vector<TrialStep> Next(const std::vector<v1::SearchTrial>& trials,
                              int64_t most) const override;

 private:
  const int64_t factor_;
  const int64_t parallelism_;
  const Better better_;
  const std::vector<int64_t> rungs_;  // In epochs; the last is all of them.
  const RandomSearch random_;
};

}  // namespace fitd

#endif  // FITD_CORE_SEARCH_ASYNCHRONOUS_HALVING_SEARCH_H_
