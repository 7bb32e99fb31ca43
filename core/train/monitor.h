// How callbacks compare a metric's values over epochs. keras.callbacks.MonitorCallback.

#ifndef FITD_CORE_TRAIN_MONITOR_H_
#define FITD_CORE_TRAIN_MONITOR_H_

#include <optional>

#include "fitd/v1/training.pb.h"

namespace fitd {

// Of a callback's state.
template <typename State>
std::optional<double> BestOf(const State& state) {
  return state.has_best() ? std::optional(state.best()) : std::nullopt;
}

// Thread-safe: constant after construction.
class Monitor {
 public:
  // `mode` is MIN or MAX.
  Monitor(v1::MonitorMode mode, double min_delta) : mode_(mode), min_delta_(min_delta) {}

  // Whether `value` is better than `reference` by more than min_delta. Anything is better than
  // nothing.
  bool IsImprovement(double value, std::optional<double> reference) const {
    if (!reference) return true;
    if (mode_ == v1::MONITOR_MODE_MAX) return value - min_delta_ > *reference;
    return value + min_delta_ < *reference;
  }

 private:
  const v1::MonitorMode mode_;
  const double min_delta_;
};

}  // namespace fitd

#endif  // FITD_CORE_TRAIN_MONITOR_H_
