#include "core/optim/resolve_optimizer.h"

#include <cmath>
#include <string>

#include "core/base/kinds.h"

namespace fitd {
namespace {

bool IsPositive(float x) { return std::isfinite(x) && x > 0.0f; }
bool IsNotNegative(float x) { return std::isfinite(x) && x >= 0.0f; }

void CheckShareBelowOne(float x, std::string field, Violations& violations) {
  CheckField(x >= 0.0f && x < 1.0f, x, "0 to below 1", std::move(field), violations);
}
void CheckShare(float x, std::string field, Violations& violations) {
  CheckField(x >= 0.0f && x <= 1.0f, x, "0 to 1", std::move(field), violations);
}
void CheckPositive(float x, std::string field, Violations& violations) {
  CheckField(IsPositive(x), x, "a number above 0", std::move(field), violations);
}
void CheckNotNegative(float x, std::string field, Violations& violations) {
  CheckField(IsNotNegative(x), x, "a number of 0 or more", std::move(field), violations);
}

void ResolveSgd(v1::SgdSpec& spec, const std::string& path, Violations& violations) {
  CheckShare(spec.momentum(), path + ".momentum", violations);
}

// AdamSpec and AdamWSpec share these fields.
template <typename Spec>
void ResolveAdamFields(Spec& spec, const std::string& path, Violations& violations) {
  if (!spec.has_beta_1()) spec.set_beta_1(0.9f);
  if (!spec.has_beta_2()) spec.set_beta_2(0.999f);
  if (!spec.has_epsilon()) spec.set_epsilon(1e-7f);
  CheckShareBelowOne(spec.beta_1(), path + ".beta_1", violations);
  CheckShareBelowOne(spec.beta_2(), path + ".beta_2", violations);
  CheckPositive(spec.epsilon(), path + ".epsilon", violations);
}

void ResolveAdamW(v1::AdamWSpec& spec, const std::string& path, Violations& violations) {
  ResolveAdamFields(spec, path, violations);
  if (!spec.has_weight_decay()) spec.set_weight_decay(0.004f);
  CheckNotNegative(spec.weight_decay(), path + ".weight_decay", violations);
}

void ResolveRmsprop(v1::RmspropSpec& spec, const std::string& path, Violations& violations) {
  if (!spec.has_rho()) spec.set_rho(0.9f);
  if (!spec.has_epsilon()) spec.set_epsilon(1e-7f);
  CheckShareBelowOne(spec.rho(), path + ".rho", violations);
  CheckShare(spec.momentum(), path + ".momentum", violations);
  CheckPositive(spec.epsilon(), path + ".epsilon", violations);
}

void ResolveAdagrad(v1::AdagradSpec& spec, const std::string& path, Violations& violations) {
  if (!spec.has_initial_accumulator_value()) spec.set_initial_accumulator_value(0.1f);
  if (!spec.has_epsilon()) spec.set_epsilon(1e-7f);
  CheckNotNegative(spec.initial_accumulator_value(), path + ".initial_accumulator_value",
                   violations);
  CheckPositive(spec.epsilon(), path + ".epsilon", violations);
}

void CheckExponentialDecay(const v1::ExponentialDecaySpec& spec, const std::string& path,
                           Violations& violations) {
  CheckPositive(spec.initial_learning_rate(), path + ".initial_learning_rate", violations);
  CheckField(spec.decay_steps() > 0, spec.decay_steps(), "1 or more; no default",
             path + ".decay_steps", violations);
  CheckField(spec.decay_rate() > 0.0f && spec.decay_rate() <= 1.0f, spec.decay_rate(),
             "above 0, to 1", path + ".decay_rate", violations);
}

void CheckPiecewiseConstantDecay(const v1::PiecewiseConstantDecaySpec& spec,
                                 const std::string& path, Violations& violations) {
  if (spec.boundaries().empty()) {
    violations.Add(path + ".boundaries", "is empty; allowed: at least one step");
  }
  for (int i = 1; i < spec.boundaries_size(); ++i) {
    CheckField(spec.boundaries(i) > spec.boundaries(i - 1), spec.boundaries(i),
               "more than the one before", IndexedPath(path + ".boundaries", i), violations);
  }
  if (spec.values_size() != spec.boundaries_size() + 1) {
    violations.Add(path + ".values",
                   fmt::format("has {} entries for {} boundaries; allowed: {}", spec.values_size(),
                               spec.boundaries_size(), spec.boundaries_size() + 1));
  }
  for (int i = 0; i < spec.values_size(); ++i) {
    CheckPositive(spec.values(i), IndexedPath(path + ".values", i), violations);
  }
}

void CheckCosineDecay(const v1::CosineDecaySpec& spec, const std::string& path,
                      Violations& violations) {
  CheckNotNegative(spec.initial_learning_rate(), path + ".initial_learning_rate", violations);
  CheckField(spec.decay_steps() > 0, spec.decay_steps(), "1 or more; no default",
             path + ".decay_steps", violations);
  CheckShare(spec.alpha(), path + ".alpha", violations);
  if (spec.has_warmup_target())
    CheckPositive(spec.warmup_target(), path + ".warmup_target", violations);
  CheckField(spec.warmup_steps() >= 0, spec.warmup_steps(), "0 or more", path + ".warmup_steps",
             violations);
  if (spec.warmup_steps() > 0 && !spec.has_warmup_target()) {
    violations.Add(
        path + ".warmup_steps",
        fmt::format("is {} without warmup_target; allowed: 0, or give both", spec.warmup_steps()));
  }
}

void CheckLearningRate(const v1::LearningRateSpec& spec, const std::string& path,
                       Violations& violations) {
  const std::string kind_path = KindPath(spec, path);
  switch (spec.kind_case()) {
    case v1::LearningRateSpec::kConstant:
      return CheckPositive(spec.constant(), kind_path, violations);
    case v1::LearningRateSpec::kExponentialDecay:
      return CheckExponentialDecay(spec.exponential_decay(), kind_path, violations);
    case v1::LearningRateSpec::kPiecewiseConstantDecay:
      return CheckPiecewiseConstantDecay(spec.piecewise_constant_decay(), kind_path, violations);
    case v1::LearningRateSpec::kCosineDecay:
      return CheckCosineDecay(spec.cosine_decay(), kind_path, violations);
    case v1::LearningRateSpec::KIND_NOT_SET:
      return RequireKind(spec, path, violations);
  }
}

void ResolveKind(v1::OptimizerSpec& spec, std::string_view path, Violations& violations) {
  const std::string kind_path = KindPath(spec, path);
  switch (spec.kind_case()) {
    case v1::OptimizerSpec::kSgd:
      return ResolveSgd(*spec.mutable_sgd(), kind_path, violations);
    case v1::OptimizerSpec::kAdam:
      return ResolveAdamFields(*spec.mutable_adam(), kind_path, violations);
    case v1::OptimizerSpec::kAdamw:
      return ResolveAdamW(*spec.mutable_adamw(), kind_path, violations);
    case v1::OptimizerSpec::kRmsprop:
      return ResolveRmsprop(*spec.mutable_rmsprop(), kind_path, violations);
    case v1::OptimizerSpec::kAdagrad:
      return ResolveAdagrad(*spec.mutable_adagrad(), kind_path, violations);
    case v1::OptimizerSpec::KIND_NOT_SET:
      return RequireKind(spec, path, violations);
  }
}

void CheckClips(const v1::OptimizerSpec& spec, std::string_view path, Violations& violations) {
  std::vector<std::string> given;
  const auto check = [&](bool has, float limit, const char* name) {
    if (!has) return;
    given.push_back(name);
    CheckPositive(limit, ChildPath(path, name), violations);
  };
  check(spec.has_clipnorm(), spec.clipnorm(), "clipnorm");
  check(spec.has_global_clipnorm(), spec.global_clipnorm(), "global_clipnorm");
  check(spec.has_clipvalue(), spec.clipvalue(), "clipvalue");
  if (given.size() > 1) {
    violations.Add(std::string(path),
                   fmt::format("sets {}; allowed: one of them at most", fmt::join(given, " and ")));
  }
}

}  // namespace

void ResolveOptimizer(v1::OptimizerSpec& spec, std::string_view path, Violations& violations) {
  ResolveKind(spec, path, violations);
  if (!spec.has_learning_rate()) {
    spec.mutable_learning_rate()->set_constant(spec.has_sgd() ? 0.01f : 0.001f);
  }
  CheckLearningRate(spec.learning_rate(), ChildPath(path, "learning_rate"), violations);
  CheckClips(spec, path, violations);
}

}  // namespace fitd
