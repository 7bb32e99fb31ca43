#include "core/plan/target_inverse.h"

#include <algorithm>

#include "fmt/format.h"

namespace fitd {
namespace {

double LossUnit(const v1::LossSpec& loss, double stddev) {
  switch (loss.kind_case()) {
    case v1::LossSpec::kMeanSquaredError:
      return stddev * stddev;
    case v1::LossSpec::kMeanAbsoluteError:
      return stddev;
    case v1::LossSpec::kHuber:  // The slope at an error of one deviation stays of the order of 1.
      return stddev * std::min<double>(stddev, loss.huber().delta());
    case v1::LossSpec::kBinaryCrossentropy:
    case v1::LossSpec::kCategoricalCrossentropy:
    case v1::LossSpec::kSparseCategoricalCrossentropy:  // Their targets are never standardised.
    case v1::LossSpec::KIND_NOT_SET:
      return 1;
  }
  return 1;
}

}  // namespace

absl::StatusOr<TargetInverse> TargetInverse::Create(const v1::TargetTransform& target,
                                                    int64_t outputs, const v1::LossSpec& loss) {
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
  if (inverse.empty()) return inverse;
  const auto& stddev = regression.stddev();
  inverse.loss_unit_ = LossUnit(loss, *std::max_element(stddev.begin(), stddev.end()));
  for (const double s : stddev)
    inverse.gradient_scale_.push_back(static_cast<float>(s / inverse.loss_unit_));
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
                                   .scale = gradient_scale_.data(),
                                   .offset = nullptr,
                                   .y = gradient});
}

}  // namespace fitd
