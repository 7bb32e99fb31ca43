// Points drawn independently, no two alike. Bergstra and Bengio 2012.

#ifndef FITD_CORE_SEARCH_RANDOM_SEARCH_H_
#define FITD_CORE_SEARCH_RANDOM_SEARCH_H_

#include "core/search/search_algorithm.h"

namespace fitd {

// Where the space holds no more points than are asked for, all of them in order; where it is of
// real numbers, until no further point is found.
class RandomSearch final : public SearchAlgorithm {
 public:
  // `space` must outlive it.
  RandomSearch(const v1::RandomSpec& spec, const SearchSpace& space) : spec_(spec), space_(space) {}

  int64_t planned_trials() const override;
  std::optional<Parameters> Next(const std::vector<Parameters>& made) const override;

 private:
  const v1::RandomSpec spec_;
  const SearchSpace& space_;
};

}  // namespace fitd

#endif  // FITD_CORE_SEARCH_RANDOM_SEARCH_H_
