// From a SearchSpec to its algorithm.

#ifndef FITD_CORE_SEARCH_SEARCH_FACTORY_H_
#define FITD_CORE_SEARCH_SEARCH_FACTORY_H_

#include <memory>

#include "core/search/search_algorithm.h"

namespace fitd {

// `spec` is resolved (ResolveSearch); `space` must outlive the algorithm.
std::unique_ptr<SearchAlgorithm> MakeSearchAlgorithm(const v1::SearchSpec& spec,
                                                     const SearchSpace& space);

}  // namespace fitd

#endif  // FITD_CORE_SEARCH_SEARCH_FACTORY_H_
