#include <algorithm>
#include <cmath>
#include <numbers>

#include "tests/testing/reference_network.h"

namespace fitd::testing {
namespace {

double CosineDecay(const v1::CosineDecaySpec& spec, double s) {
  double start = spec.initial_learning_rate();
  if (spec.has_warmup_target()) {
    const double share = s / spec.warmup_steps();
    if (s < spec.warmup_steps()) return start + share * (spec.warmup_target() - start);
    start = spec.warmup_target();
    s -= spec.warmup_steps();
  }
  const double share = std::min(s / spec.decay_steps(), 1.0);
  const double cosine = (1 + std::cos(std::numbers::pi * share)) / 2;
  return start * ((1 - spec.alpha()) * cosine + spec.alpha());
}

struct AdamOptions {
  double beta_1, beta_2, epsilon;
  bool amsgrad;
};

template <typename Spec>
AdamOptions OptionsOf(const Spec& spec) {
  return {spec.has_beta_1() ? spec.beta_1() : 0.9, spec.has_beta_2() ? spec.beta_2() : 0.999,
          spec.has_epsilon() ? spec.epsilon() : 1e-7, spec.amsgrad()};
}

double SumOfSquares(const std::vector<double>& values) {
  double sum = 0;
  for (double value : values) sum += value * value;
  return sum;
}

void Scale(std::vector<double>& values, double factor) {
  for (double& value : values) value *= factor;
}

}  // namespace

double LearningRate(const v1::OptimizerSpec& spec, int64_t s) {
  const v1::LearningRateSpec& rate = spec.learning_rate();
  switch (rate.kind_case()) {
    case v1::LearningRateSpec::kConstant:
      return rate.constant();
    case v1::LearningRateSpec::kExponentialDecay: {
      const v1::ExponentialDecaySpec& decay = rate.exponential_decay();
      double power = static_cast<double>(s) / decay.decay_steps();
      if (decay.staircase()) power = std::floor(power);
      return decay.initial_learning_rate() * std::pow(decay.decay_rate(), power);
    }
    case v1::LearningRateSpec::kPiecewiseConstantDecay: {
      const v1::PiecewiseConstantDecaySpec& decay = rate.piecewise_constant_decay();
      int piece = 0;
      while (piece < decay.boundaries_size() && s > decay.boundaries(piece)) ++piece;
      return decay.values(piece);
    }
    case v1::LearningRateSpec::kCosineDecay:
      return CosineDecay(rate.cosine_decay(), s);
    case v1::LearningRateSpec::KIND_NOT_SET:
      return spec.has_sgd() ? 0.01 : 0.001;
  }
  return 0;
}

void ReferenceOptimizer::Step(std::vector<ReferenceWeight>& weights, double learning_rate) {
  slots_.resize(weights.size());
  Clip(weights);
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i].trainable) Update(weights[i], slots_[i], learning_rate);
  }
  ++iterations_;
}

void ReferenceOptimizer::Clip(std::vector<ReferenceWeight>& weights) const {
  double all = 0;
  for (ReferenceWeight& weight : weights) {
    if (!weight.trainable) continue;
    const double norm = std::sqrt(SumOfSquares(weight.gradient));
    all += norm * norm;
    if (spec_.has_clipnorm())
      Scale(weight.gradient, spec_.clipnorm() / std::max<double>(norm, spec_.clipnorm()));
    if (spec_.has_clipvalue()) {
      const double limit = spec_.clipvalue();
      for (double& value : weight.gradient) value = std::clamp(value, -limit, limit);
    }
  }
  if (!spec_.has_global_clipnorm()) return;
  const double limit = spec_.global_clipnorm();
  for (ReferenceWeight& weight : weights)
    Scale(weight.gradient, limit / std::max(std::sqrt(all), limit));
}

void ReferenceOptimizer::Update(ReferenceWeight& weight, Slots& slots, double lr) const {
  std::vector<double>& w = weight.values;
  const std::vector<double>& g = weight.gradient;
  const bool first = slots.a.empty();
  slots.a.resize(w.size());
  slots.b.resize(w.size());
  slots.c.resize(w.size());

  auto adam = [&](const AdamOptions& options) {
    const double t = static_cast<double>(iterations_) + 1;
    const double rate =
        lr * std::sqrt(1 - std::pow(options.beta_2, t)) / (1 - std::pow(options.beta_1, t));
    for (size_t i = 0; i < w.size(); ++i) {
      double& m = slots.a[i];
      double& v = slots.b[i];
      m = options.beta_1 * m + (1 - options.beta_1) * g[i];
      v = options.beta_2 * v + (1 - options.beta_2) * g[i] * g[i];
      slots.c[i] = options.amsgrad ? std::max(slots.c[i], v) : v;
      w[i] -= rate * m / (std::sqrt(slots.c[i]) + options.epsilon);
    }
  };

  switch (spec_.kind_case()) {
    case v1::OptimizerSpec::kSgd: {
      const double momentum = spec_.sgd().momentum();
      for (size_t i = 0; i < w.size(); ++i) {
        double& v = slots.a[i];
        v = momentum * v - lr * g[i];
        w[i] += spec_.sgd().nesterov() ? momentum * v - lr * g[i] : v;
      }
      break;
    }
    case v1::OptimizerSpec::kAdam:
      adam(OptionsOf(spec_.adam()));
      break;
    case v1::OptimizerSpec::kAdamw: {
      const double decay = spec_.adamw().has_weight_decay() ? spec_.adamw().weight_decay() : 0.004;
      Scale(w, 1 - lr * decay);
      adam(OptionsOf(spec_.adamw()));
      break;
    }
    case v1::OptimizerSpec::kRmsprop: {
      const v1::RmspropSpec& spec = spec_.rmsprop();
      const double rho = spec.has_rho() ? spec.rho() : 0.9;
      const double epsilon = spec.has_epsilon() ? spec.epsilon() : 1e-7;
      for (size_t i = 0; i < w.size(); ++i) {
        double& v = slots.a[i];
        double& momentum = slots.b[i];
        double& average = slots.c[i];
        v = rho * v + (1 - rho) * g[i] * g[i];
        average = rho * average + (1 - rho) * g[i];
        const double variance = spec.centered() ? v - average * average : v;
        momentum = spec.momentum() * momentum + lr * g[i] / std::sqrt(variance + epsilon);
        w[i] -= momentum;
      }
      break;
    }
    case v1::OptimizerSpec::kAdagrad: {
      const v1::AdagradSpec& spec = spec_.adagrad();
      const double epsilon = spec.has_epsilon() ? spec.epsilon() : 1e-7;
      if (first) {
        std::ranges::fill(
            slots.a, spec.has_initial_accumulator_value() ? spec.initial_accumulator_value() : 0.1);
      }
      for (size_t i = 0; i < w.size(); ++i) {
        slots.a[i] += g[i] * g[i];
        w[i] -= lr * g[i] / std::sqrt(slots.a[i] + epsilon);
      }
      break;
    }
    case v1::OptimizerSpec::KIND_NOT_SET:
      break;
  }
}

}  // namespace fitd::testing
