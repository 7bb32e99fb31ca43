#include "core/train/early_stopping.h"

namespace fitd {

EarlyStopping::EarlyStopping(const v1::EarlyStoppingSpec& spec)
    : spec_(spec), monitor_(spec.mode(), spec.min_delta()) {}

EarlyStopping::Verdict EarlyStopping::OnEpoch(int64_t epoch, std::optional<double> value) {
  if (!value || epoch <= spec_.start_from_epoch()) return {};
  ++wait_;
  if (monitor_.IsImprovement(*value, best_)) {
    best_ = value;
    // Waiting starts anew only for a value that beats the baseline as well.
    if (!spec_.has_baseline() || monitor_.IsImprovement(*value, spec_.baseline())) wait_ = 0;
    return {.best = true, .stop = false};
  }
  return {.best = false, .stop = wait_ >= spec_.patience()};
}

}  // namespace fitd
