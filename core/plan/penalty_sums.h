// What a penalty is computed from: sums over the values that it is on.

#ifndef FITD_CORE_PLAN_PENALTY_SUMS_H_
#define FITD_CORE_PLAN_PENALTY_SUMS_H_

#include <cstdint>

#include "core/kernels/kernels.h"
#include "core/nn/regularizer.h"

namespace fitd {

// One for each member of a stack.
struct PenaltySums {
  double absolutes[kMostMembers] = {};
  double squares[kMostMembers] = {};
};

// The kernel's call that fills in `sums` over x.
inline SumArgs SumsOf(const Block& block, const float* x, PenaltySums& sums) {
  return {.block = block, .x = x, .squares = sums.squares, .absolutes = sums.absolutes};
}

inline double Value(const Penalty& penalty, const PenaltySums& sums, int member = 0) {
  double value = 0;
  if (penalty.l1 != 0) value += penalty.l1 * sums.absolutes[member];
  if (penalty.l2 != 0) value += penalty.l2 * sums.squares[member];
  return value;
}

}  // namespace fitd

#endif  // FITD_CORE_PLAN_PENALTY_SUMS_H_
