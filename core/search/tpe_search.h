// The tree-structured Parzen estimator. Bergstra, Bardenet, Bengio and Kegl 2011, section 4.

#ifndef FITD_CORE_SEARCH_TPE_SEARCH_H_
#define FITD_CORE_SEARCH_TPE_SEARCH_H_

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "core/search/random_search.h"
#include "core/search/rungs.h"
#include "core/search/search_algorithm.h"

namespace fitd {

// Sees as much of the trials before it as `parallelism` says, whichever were ready first, so that
// the search is the same on any number of workers.
class TpeSearch final : public SearchAlgorithm {
 public:
  // `spec` is resolved; `space` must outlive it.
  TpeSearch(const v1::SearchSpec& spec, const SearchSpace& space);

  int64_t planned_trials() const override { return random_.planned_trials(); }
  int64_t planned_epochs() const override { return random_.planned_epochs(); }
  std::vector<TrialStep> Next(const std::vector<v1::SearchTrial>& trials,
                              int64_t most) const override;

 private:
  // Where the axes of some trials lie, by axis.
  using Shares = std::map<uint32_t, std::vector<double>>;
  struct Seen {
    Shares good;
    Shares others;
  };
  // Of the first trials; nothing while a result is missing.
  std::optional<Seen> See(const std::vector<v1::SearchTrial>& trials, size_t first) const;
  Parameters Propose(const Seen& seen, int64_t trial, int64_t attempt) const;

  const v1::TpeSpec spec_;
  const Better better_;
  const SearchSpace& space_;
  const RandomSearch random_;
};

}  // namespace fitd

#endif  // FITD_CORE_SEARCH_TPE_SEARCH_H_
