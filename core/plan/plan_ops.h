// What a plan calls beside the kernels, split by parts as they are.

#ifndef FITD_CORE_PLAN_PLAN_OPS_H_
#define FITD_CORE_PLAN_PLAN_OPS_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/data/pipeline.h"
#include "core/kernels/kernels.h"
#include "core/plan/penalty_sums.h"

namespace fitd {

// Rows to gather instead of inputs; source is null when there are none.
struct GatherBatch {
  const RowSource* source = nullptr;
  std::span<const uint32_t> rows;
  std::span<const uint32_t> next;
};

// x = rescaled rows of the batch, or of inputs; x may be inputs.
struct LoadRowsArgs {
  const GatherBatch* batch;
  int64_t rows, cols;
  const float* inputs;
  Rescale rescale;
  float* x;
};
void LoadRows(const LoadRowsArgs& args, Part part);

// targets[r, c] = c == labels[r] ? 1 : 0.
struct OneHotArgs {
  int64_t rows, classes;
  const float* labels;
  float* targets;
};
void OneHot(const OneHotArgs& args, Part part);

// y[r, m, c] = x[r, c] for all members m.
struct RepeatArgs {
  int64_t rows, members, cols;
  const float* x;
  float* y;
};
void Repeat(const RepeatArgs& args, Part part);

// to[m, r, c] = from[r, m, c]
struct UnstackArgs {
  int64_t rows, cols;
  int members;
  float* from;
  float* to;
  int64_t to_member;  // Values from one member to the next.
};
void Unstack(const UnstackArgs& args, Part part);

// total[m] = sum over i of sums[i][m].
struct AddUpArgs {
  int members;
  size_t count;
  const MemberSums* sums;
  MemberSums* total;
};
void AddUp(const AddUpArgs& args, Part part);

}  // namespace fitd

#endif  // FITD_CORE_PLAN_PLAN_OPS_H_
