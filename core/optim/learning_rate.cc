#include "core/optim/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace fitd {
namespace {

double ExponentialDecay(const v1::ExponentialDecaySpec& spec, int64_t step) {
  double exponent = static_cast<double>(step) / static_cast<double>(spec.decay_steps());
  if (spec.staircase()) exponent = std::floor(exponent);
  return spec.initial_learning_rate() * std::pow(static_cast<double>(spec.decay_rate()), exponent);
}

double PiecewiseConstantDecay(const v1::PiecewiseConstantDecaySpec& spec, int64_t step) {
  const auto boundary = std::lower_bound(spec.boundaries().begin(), spec.boundaries().end(), step);
  return spec.values(static_cast<int>(boundary - spec.boundaries().begin()));
}

double CosineDecay(const v1::CosineDecaySpec& spec, int64_t step) {
  const double initial = spec.initial_learning_rate();
  double peak = initial;
  if (spec.has_warmup_target()) {
    peak = spec.warmup_target();
    if (step < spec.warmup_steps()) {
      const double done = static_cast<double>(step) / static_cast<double>(spec.warmup_steps());
      return initial + (peak - initial) * done;
    }
    step -= spec.warmup_steps();
  }
  const double done =
      std::min(1.0, static_cast<double>(step) / static_cast<double>(spec.decay_steps()));
  const double cosine = 0.5 * (1.0 + std::cos(std::numbers::pi * done));
  const double alpha = spec.alpha();
  return peak * ((1.0 - alpha) * cosine + alpha);
}

}  // namespace

double LearningRateAt(const v1::LearningRateSpec& spec, int64_t step) {
  switch (spec.kind_case()) {
    case v1::LearningRateSpec::kConstant:
      return spec.constant();
    case v1::LearningRateSpec::kExponentialDecay:
      return ExponentialDecay(spec.exponential_decay(), step);
    case v1::LearningRateSpec::kPiecewiseConstantDecay:
      return PiecewiseConstantDecay(spec.piecewise_constant_decay(), step);
    case v1::LearningRateSpec::kCosineDecay:
      return CosineDecay(spec.cosine_decay(), step);
    case v1::LearningRateSpec::KIND_NOT_SET:
      break;
  }
  return 0.0;
}

}  // namespace fitd
