#include "core/search/search_factory.h"

#include "core/search/grid_search.h"
#include "core/search/random_search.h"

namespace fitd {

std::unique_ptr<SearchAlgorithm> MakeSearchAlgorithm(const v1::SearchAlgorithmSpec& spec,
                                                     const SearchSpace& space) {
  switch (spec.kind_case()) {
    case v1::SearchAlgorithmSpec::kGrid:
      return std::make_unique<GridSearch>(space);
    case v1::SearchAlgorithmSpec::kRandom:
      return std::make_unique<RandomSearch>(spec.random(), space);
    case v1::SearchAlgorithmSpec::KIND_NOT_SET:
      break;
  }
  return nullptr;
}

}  // namespace fitd
