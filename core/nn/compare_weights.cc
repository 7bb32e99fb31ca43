#include "core/nn/compare_weights.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>

namespace fitd {

std::optional<v1::WeightsDifference> CompareWeights(const Weights& stored, const Weights& trained) {
  assert(stored.tensors.size() == trained.tensors.size());
  v1::WeightsDifference difference;
  difference.set_tensors(static_cast<int64_t>(stored.tensors.size()));
  for (size_t i = 0; i < stored.tensors.size(); ++i) {
    const Weight& expected = stored.tensors[i];
    assert(expected.name == trained.tensors[i].name);
    const auto [a, b] =
        std::ranges::mismatch(expected.values, trained.tensors[i].values, {},
                              std::bit_cast<uint32_t, float>, std::bit_cast<uint32_t, float>);
    if (a == expected.values.end()) continue;
    if (difference.differing_tensors() == 0) {
      difference.set_tensor(expected.name);
      difference.set_index(a - expected.values.begin());
      difference.set_stored(*a);
      difference.set_trained(*b);
    }
    difference.set_differing_tensors(difference.differing_tensors() + 1);
  }
  if (difference.differing_tensors() == 0) return std::nullopt;
  return difference;
}

}  // namespace fitd
