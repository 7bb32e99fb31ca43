// What a penalty is computed from: sums over the values that it is on.

#ifndef FITD_CORE_PLAN_PENALTY_SUMS_H_
#define FITD_CORE_PLAN_PENALTY_SUMS_H_

#include <cstdint>

#include "core/kernels/kernels.h"
#include "core/nn/regularizer.h"

namespace fitd {

struct PenaltySums {
  double absolutes = 0;
  double squares = 0;
};

// The kernel's call that fills in what the penalty needs of `sums`, over x[0 .. size).
inline SumArgs SumsFor(const Penalty& penalty, int64_t size, const float* x, PenaltySums& sums) {
  return {.size = size,
          .x = x,
          .squares = penalty.l2 != 0 ? &sums.squares : nullptr,
          .absolutes = penalty.l1 != 0 ? &sums.absolutes : nullptr};
}

inline double Value(const Penalty& penalty, const PenaltySums& sums) {
  return penalty.l1 * sums.absolutes + penalty.l2 * sums.squares;
}

}  // namespace fitd

#endif  // FITD_CORE_PLAN_PENALTY_SUMS_H_
