// Points drawn independently, no two alike. Bergstra and Bengio 2012.

#ifndef FITD_CORE_SEARCH_RANDOM_SEARCH_H_
#define FITD_CORE_SEARCH_RANDOM_SEARCH_H_

#include "core/search/search_algorithm.h"

namespace fitd {

// Where the space holds no more points than are asked for, all of them in order; where it is of
// real numbers, until no further point is found.
class RandomSearch final : public SearchAlgorithm {
 public:
  // `trials` of `epochs` each. `space` must outlive it.
  RandomSearch(int64_t trials, uint64_t seed, int64_t epochs, const SearchSpace& space)
      : trials_(trials), seed_(seed), epochs_(epochs), space_(space) {}

  int64_t planned_trials() const override;
  int64_t planned_epochs() const override { return planned_trials() * epochs_; }
  std::vector<TrialStep> Next(const std::vector<v1::SearchTrial>& trials,
                              int64_t most) const override;

 private:
  const int64_t trials_;
  const uint64_t seed_;
  const int64_t epochs_;
  const SearchSpace& space_;
};

}  // namespace fitd

#endif  // FITD_CORE_SEARCH_RANDOM_SEARCH_H_
