// Which trial is next: one class for each kind of SearchAlgorithmSpec.

#ifndef FITD_CORE_SEARCH_SEARCH_ALGORITHM_H_
#define FITD_CORE_SEARCH_SEARCH_ALGORITHM_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "core/search/search_space.h"

namespace fitd {

// Knows neither jobs nor clocks: what comes next follows from the trials alone, so that it is the
// same whatever runs them. Thread-safe: constant after construction.
class SearchAlgorithm {
 public:
  virtual ~SearchAlgorithm() = default;

  // Trials that there will be, at most.
  virtual int64_t planned_trials() const = 0;
  // The trial after those that were made, which are in the order in which this told them; nothing
  // when there is no further one.
  virtual std::optional<Parameters> Next(const std::vector<Parameters>& made) const = 0;
};

}  // namespace fitd

#endif  // FITD_CORE_SEARCH_SEARCH_ALGORITHM_H_
