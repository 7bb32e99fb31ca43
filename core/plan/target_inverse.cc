#include "core/plan/target_inverse.h"

#include "fmt/format.h"

namespace fitd {

absl::StatusOr<TargetInverse> TargetInverse::Create(const v1::TargetTransform& target,
                                                    int64_t outputs) {
  const v1::RegressionTarget& regression = target.regression();
  TargetInverse inverse;
  inverse.mean_.assign(regression.mean().begin(), regression.mean().end());
  inverse.stddev_.assign(regression.stddev().begin(), regression.stddev().end());
  const bool fits = inverse.empty() || static_cast<int64_t>(inverse.stddev_.size()) == outputs;
  if (!fits || inverse.mean_.size() != inverse.stddev_.size()) {
    return InvalidArgument(
        fmt::format("{} means and {} standard deviations of targets for {} outputs",
                    inverse.mean_.size(), inverse.stddev_.size(), outputs));
  }
  return inverse;
}

void TargetInverse::EmitForward(int64_t rows, const float* y, float* outputs, OpList& ops) const {
  const int64_t columns = static_cast<int64_t>(stddev_.size());
  ops.Add(ActiveKernels().affine, {.rows = rows,
                                   .cols = columns,
                                   .vector_size = columns,
                                   .x = y,
                                   .scale = stddev_.data(),
                                   .offset = mean_.data(),
                                   .y = outputs});
}

void TargetInverse::EmitBackward(int64_t rows, float* gradient, OpList& ops) const {
  const int64_t columns = static_cast<int64_t>(stddev_.size());
  ops.Add(ActiveKernels().affine, {.rows = rows,
                                   .cols = columns,
                                   .vector_size = columns,
                                   .x = gradient,
                                   .scale = stddev_.data(),
                                   .offset = nullptr,
                                   .y = gradient});
}

}  // namespace fitd
