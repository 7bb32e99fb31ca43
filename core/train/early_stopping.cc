#include "core/train/early_stopping.h"

namespace fitd {

EarlyStopping::EarlyStopping(const v1::EarlyStoppingSpec& spec)
    : spec_(spec), monitor_(spec.mode(), spec.min_delta()) {}

EarlyStopping::Verdict EarlyStopping::OnEpoch(int64_t epoch, std::optional<double> value) {
  if (!value || epoch <= spec_.start_from_epoch()) return {};
  state_.set_wait(state_.wait() + 1);
  if (monitor_.IsImprovement(*value, BestOf(state_))) {
    state_.set_best(*value);
    // Waiting starts anew only for a value that beats the baseline as well.
    if (!spec_.has_baseline() || monitor_.IsImprovement(*value, spec_.baseline()))
      state_.set_wait(0);
    return {.best = true, .stop = false};
  }
  return {.best = false, .stop = state_.wait() >= spec_.patience()};
}

}  // namespace fitd
