// Points of a space that no trial has yet.

#ifndef FITD_CORE_SEARCH_DISTINCT_PARAMETERS_H_
#define FITD_CORE_SEARCH_DISTINCT_PARAMETERS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/search/search_space.h"

namespace fitd {

class DistinctParameters {
 public:
  explicit DistinctParameters(const std::vector<v1::SearchTrial>& trials);

  // The first of so many proposals that is new; then it is known.
  std::optional<Parameters> Find(int64_t attempts,
                                 const std::function<Parameters(int64_t attempt)>& propose);
  // A random one for that trial, from 0; none where hardly any is left.
  std::optional<Parameters> Draw(const SearchSpace& space, uint64_t seed, int64_t trial);

 private:
  std::unordered_set<std::string> known_;
};

}  // namespace fitd

#endif  // FITD_CORE_SEARCH_DISTINCT_PARAMETERS_H_
