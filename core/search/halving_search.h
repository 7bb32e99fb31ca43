// Successive halving, and Hyperband, which is several of them with different first rungs.

#ifndef FITD_CORE_SEARCH_HALVING_SEARCH_H_
#define FITD_CORE_SEARCH_HALVING_SEARCH_H_

#include <cstdint>
#include <vector>

#include "core/search/random_search.h"
#include "core/search/rungs.h"
#include "core/search/search_algorithm.h"

namespace fitd {

class HalvingSearch final : public SearchAlgorithm {
 public:
  // Trials that begin together.
  struct Bracket {
    int64_t trials = 0;
    std::vector<int64_t> rungs;  // In epochs; the last is all of them.
  };
  // `spec` is resolved; `space` must outlive it.
  static HalvingSearch Halving(const v1::SearchSpec& spec, const SearchSpace& space);
  static HalvingSearch Hyperband(const v1::SearchSpec& spec, const SearchSpace& space);

  int64_t planned_trials() const override { return random_.planned_trials(); }
  int64_t planned_epochs() const override;
  std::vector<TrialStep> Next(const std::vector<v1::SearchTrial>& trials,
                              int64_t most) const override;

 private:
  HalvingSearch(const v1::SearchSpec& spec, const SearchSpace& space, int64_t factor, uint64_t seed,
                std::vector<Bracket> brackets);
  // Those of the bracket that go on are told once all of the rung below are known.
  void AddPromotions(const Bracket& bracket, std::vector<int64_t> racing,
                     const std::vector<v1::SearchTrial>& trials,
                     std::vector<TrialStep>& steps) const;

  const int64_t factor_;
  const Better better_;
  std::vector<Bracket> brackets_;
  const RandomSearch random_;
};

}  // namespace fitd

#endif  // FITD_CORE_SEARCH_HALVING_SEARCH_H_
