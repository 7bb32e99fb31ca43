#include "core/train/reduce_lr_on_plateau.h"

#include <algorithm>

namespace fitd {

ReduceLrOnPlateau::ReduceLrOnPlateau(const v1::ReduceLrOnPlateauSpec& spec)
    : spec_(spec), monitor_(spec.mode(), spec.min_delta()) {}

float ReduceLrOnPlateau::OnEpoch(std::optional<double> value, float learning_rate) {
  if (!value) return learning_rate;
  if (state_.cooldown() > 0) {
    state_.set_cooldown(state_.cooldown() - 1);
    state_.set_wait(0);
  }
  if (monitor_.IsImprovement(*value, BestOf(state_))) {
    state_.set_best(*value);
    state_.set_wait(0);
    return learning_rate;
  }
  if (state_.cooldown() > 0) return learning_rate;
  state_.set_wait(state_.wait() + 1);
  if (state_.wait() < spec_.patience() || learning_rate <= spec_.min_lr()) return learning_rate;
  state_.set_cooldown(spec_.cooldown());
  state_.set_wait(0);
  const double reduced = static_cast<double>(learning_rate) * static_cast<double>(spec_.factor());
  return std::max(static_cast<float>(reduced), spec_.min_lr());
}

}  // namespace fitd
