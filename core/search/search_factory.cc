#include "core/search/search_factory.h"

#include "core/search/asynchronous_halving_search.h"
#include "core/search/grid_search.h"
#include "core/search/halving_search.h"
#include "core/search/random_search.h"
#include "core/search/tpe_search.h"

namespace fitd {

std::unique_ptr<SearchAlgorithm> MakeSearchAlgorithm(const v1::SearchSpec& spec,
                                                     const SearchSpace& space) {
  const v1::SearchAlgorithmSpec& algorithm = spec.algorithm();
  const int64_t epochs = spec.training().epochs();
  switch (algorithm.kind_case()) {
    case v1::SearchAlgorithmSpec::kGrid:
      return std::make_unique<GridSearch>(epochs, space);
    case v1::SearchAlgorithmSpec::kRandom:
      return std::make_unique<RandomSearch>(algorithm.random().trials(), algorithm.random().seed(),
                                            epochs, space);
    case v1::SearchAlgorithmSpec::kHalving:
      return std::make_unique<HalvingSearch>(HalvingSearch::Halving(spec, space));
    case v1::SearchAlgorithmSpec::kHyperband:
      return std::make_unique<HalvingSearch>(HalvingSearch::Hyperband(spec, space));
    case v1::SearchAlgorithmSpec::kAsynchronousHalving:
      return std::make_unique<AsynchronousHalvingSearch>(spec, space);
    case v1::SearchAlgorithmSpec::kTpe:
      return std::make_unique<TpeSearch>(spec, space);
    case v1::SearchAlgorithmSpec::KIND_NOT_SET:
      break;
  }
  return nullptr;
}

}  // namespace fitd
