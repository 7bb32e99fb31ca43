// Which trial is next: one class for each kind of SearchAlgorithmSpec.

#ifndef FITD_CORE_SEARCH_SEARCH_ALGORITHM_H_
#define FITD_CORE_SEARCH_SEARCH_ALGORITHM_H_

#include <cstdint>
#include <vector>

#include "core/search/search_space.h"

namespace fitd {

// Something to train.
struct TrialStep {
  int64_t trial = 0;      // From 1; one more than there are for a new one.
  Parameters parameters;  // Of a new one.
  int64_t epochs = 0;     // SearchTrial.granted_epochs: until then; 0: to its end.
};

// Knows neither jobs nor clocks: what comes next follows from the trials alone, so that it is the
// same whatever runs them. Thread-safe: constant after construction.
class SearchAlgorithm {
 public:
  virtual ~SearchAlgorithm() = default;

  // Trials that there will be at most, and all their epochs together if none ends early: with
  // asynchronous halving about so many.
  virtual int64_t planned_trials() const = 0;
  virtual int64_t planned_epochs() const = 0;
  // Up to `most` steps after those that were told, which show in `trials`: all that were made, by
  // number. None when results are missing or there is nothing left to do.
  virtual std::vector<TrialStep> Next(const std::vector<v1::SearchTrial>& trials,
                                      int64_t most) const = 0;
};

}  // namespace fitd

#endif  // FITD_CORE_SEARCH_SEARCH_ALGORITHM_H_
