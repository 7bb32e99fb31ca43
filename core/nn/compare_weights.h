// Whether two sets of weights are the same, bit by bit.

#ifndef FITD_CORE_NN_COMPARE_WEIGHTS_H_
#define FITD_CORE_NN_COMPARE_WEIGHTS_H_

#include <optional>

#include "core/nn/weights.h"
#include "fitd/v1/job.pb.h"

namespace fitd {

// Where they differ; nothing when they are the same. Both are of the same model. 0 and -0 differ.
std::optional<v1::WeightsDifference> CompareWeights(const Weights& stored, const Weights& trained);

}  // namespace fitd

#endif  // FITD_CORE_NN_COMPARE_WEIGHTS_H_
