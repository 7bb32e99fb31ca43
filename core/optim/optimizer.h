// Which kernel an optimizer is, and what state it keeps.

#ifndef FITD_CORE_OPTIM_OPTIMIZER_H_
#define FITD_CORE_OPTIM_OPTIMIZER_H_

#include <array>
#include <optional>

#include "core/kernels/kernels.h"
#include "fitd/v1/optimizer.pb.h"

namespace fitd {

// One kernel call updates all trainable weights: they lie side by side, and each slot is as long as
// they are.
struct Optimizer {
  OptimizerKernel kernel = nullptr;
  float a = 0, b = 0, c = 0, d = 0;           // OptimizerArgs' parameters of that kernel.
  std::array<std::optional<float>, 3> slots;  // Start value of each slot in use.
};

// `spec` is resolved. Clips and the learning rate are not the kernel's affair.
Optimizer MakeOptimizer(const v1::OptimizerSpec& spec);

}  // namespace fitd

#endif  // FITD_CORE_OPTIM_OPTIMIZER_H_
