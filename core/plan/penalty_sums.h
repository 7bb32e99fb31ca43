// What a penalty is computed from: sums over the values that it is on.

#ifndef FITD_CORE_PLAN_PENALTY_SUMS_H_
#define FITD_CORE_PLAN_PENALTY_SUMS_H_

#include <cstdint>

#include "core/kernels/kernels.h"
#include "core/nn/regularizer.h"

namespace fitd {

// One for each member of a stack.
struct MemberSums {
  double of[kMostMembers] = {};
};

struct PenaltySums {
  MemberSums absolutes;
  MemberSums squares;
};

// The kernel's call that fills in what the penalty needs of `sums`, over x.
inline SumArgs SumsFor(const Penalty& penalty, const Block& block, const float* x,
                       PenaltySums& sums) {
  return {.block = block,
          .x = x,
          .squares = penalty.l2 != 0 ? sums.squares.of : nullptr,
          .absolutes = penalty.l1 != 0 ? sums.absolutes.of : nullptr};
}

inline double Value(const Penalty& penalty, const PenaltySums& sums, int member = 0) {
  return penalty.l1 * sums.absolutes.of[member] + penalty.l2 * sums.squares.of[member];
}

}  // namespace fitd

#endif  // FITD_CORE_PLAN_PENALTY_SUMS_H_
