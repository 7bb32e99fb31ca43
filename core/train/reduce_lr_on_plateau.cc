#include "core/train/reduce_lr_on_plateau.h"

#include <algorithm>

namespace fitd {

ReduceLrOnPlateau::ReduceLrOnPlateau(const v1::ReduceLrOnPlateauSpec& spec)
    : spec_(spec), monitor_(spec.mode(), spec.min_delta()) {}

float ReduceLrOnPlateau::OnEpoch(std::optional<double> value, float learning_rate) {
  if (!value) return learning_rate;
  if (cooldown_ > 0) {
    --cooldown_;
    wait_ = 0;
  }
  if (monitor_.IsImprovement(*value, best_)) {
    best_ = value;
    wait_ = 0;
    return learning_rate;
  }
  if (cooldown_ > 0) return learning_rate;
  ++wait_;
  if (wait_ < spec_.patience() || learning_rate <= spec_.min_lr()) return learning_rate;
  cooldown_ = spec_.cooldown();
  wait_ = 0;
  const double reduced = static_cast<double>(learning_rate) * static_cast<double>(spec_.factor());
  return std::max(static_cast<float>(reduced), spec_.min_lr());
}

}  // namespace fitd
