// The learning rate as a function of the optimizer step.

#ifndef FITD_CORE_OPTIM_LEARNING_RATE_H_
#define FITD_CORE_OPTIM_LEARNING_RATE_H_

#include <cstdint>

#include "fitd/v1/optimizer.pb.h"

namespace fitd {

// Of the step after `step` finished ones (from 0), by the formulas of optimizer.proto, in double
// precision. `spec` is resolved. Thread-safe.
double LearningRateAt(const v1::LearningRateSpec& spec, int64_t step);

}  // namespace fitd

#endif  // FITD_CORE_OPTIM_LEARNING_RATE_H_
