// Which kernel a loss is.

#ifndef FITD_CORE_LOSS_LOSS_H_
#define FITD_CORE_LOSS_LOSS_H_

#include <cstdint>

#include "core/kernels/kernels.h"
#include "fitd/v1/loss.pb.h"

namespace fitd {

struct Loss {
  LossKernel kernel = nullptr;
  float parameter = 0;          // LossArgs' parameter.
  bool sparse = false;          // Targets are class indices, one per row.
  bool expand_targets = false;  // The caller's class indices must be made one-hot for the kernel.
  bool gradient_skips_softmax =
      false;  // The gradient is with respect to what the final softmax reads.
};

// `spec` is resolved. `ends_in_softmax`: a softmax along the whole output row is the network's last
// operation. `target_width` 1 with several outputs means class indices.
Loss MakeLoss(const v1::LossSpec& spec, bool ends_in_softmax, int64_t outputs,
              int64_t target_width);

}  // namespace fitd

#endif  // FITD_CORE_LOSS_LOSS_H_
