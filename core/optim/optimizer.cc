#include "core/optim/optimizer.h"

namespace fitd {
namespace {

std::optional<float> ZeroIf(bool used) { return used ? std::optional(0.0f) : std::nullopt; }

Optimizer MakeSgd(const v1::SgdSpec& spec) {
  return {.kernel = spec.nesterov() && spec.momentum() != 0.0f ? ActiveKernels().sgd_nesterov
                                                               : ActiveKernels().sgd,
          .a = spec.momentum(),
          .slots = {ZeroIf(spec.momentum() != 0.0f)}};
}

template <typename Spec>
Optimizer MakeAdam(const Spec& spec, float weight_decay) {
  return {.kernel = ActiveKernels().adam,
          .a = spec.beta_1(),
          .b = spec.beta_2(),
          .c = spec.epsilon(),
          .d = weight_decay,
          .slots = {0.0f, 0.0f, ZeroIf(spec.amsgrad())}};
}

Optimizer MakeRmsprop(const v1::RmspropSpec& spec) {
  return {.kernel = ActiveKernels().rmsprop,
          .a = spec.rho(),
          .b = spec.momentum(),
          .c = spec.epsilon(),
          .slots = {0.0f, ZeroIf(spec.momentum() != 0.0f), ZeroIf(spec.centered())}};
}

Optimizer MakeAdagrad(const v1::AdagradSpec& spec) {
  return {.kernel = ActiveKernels().adagrad,
          .c = spec.epsilon(),
          .slots = {spec.initial_accumulator_value()}};
}

}  // namespace

Optimizer MakeOptimizer(const v1::OptimizerSpec& spec) {
  switch (spec.kind_case()) {
    case v1::OptimizerSpec::kSgd:
      return MakeSgd(spec.sgd());
    case v1::OptimizerSpec::kAdam:
      return MakeAdam(spec.adam(), 0.0f);
    case v1::OptimizerSpec::kAdamw:
      return MakeAdam(spec.adamw(), spec.adamw().weight_decay());
    case v1::OptimizerSpec::kRmsprop:
      return MakeRmsprop(spec.rmsprop());
    case v1::OptimizerSpec::kAdagrad:
      return MakeAdagrad(spec.adagrad());
    case v1::OptimizerSpec::KIND_NOT_SET:
      break;
  }
  return {};
}

}  // namespace fitd
