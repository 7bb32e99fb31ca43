// Ends a fit when a metric stops improving. keras.callbacks.EarlyStopping.

#ifndef FITD_CORE_TRAIN_EARLY_STOPPING_H_
#define FITD_CORE_TRAIN_EARLY_STOPPING_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "core/train/monitor.h"
#include "fitd/v1/checkpoint.pb.h"
#include "fitd/v1/training.pb.h"

namespace fitd {

// Single-thread.
class EarlyStopping {
 public:
  struct Verdict {
    bool best = false;  // This epoch's weights are the best so far.
    bool stop = false;  // The fit should end with this epoch.
  };

  // `spec` is resolved.
  explicit EarlyStopping(const v1::EarlyStoppingSpec& spec);

  // After each epoch (from 1), with the value of the monitored metric. An epoch in which it is
  // undefined is not counted.
  Verdict OnEpoch(int64_t epoch, std::optional<double> value);

  // All it knows of the epochs so far.
  const v1::EarlyStoppingState& state() const { return state_; }
  void SetState(v1::EarlyStoppingState state) { state_ = std::move(state); }

 private:
  const v1::EarlyStoppingSpec spec_;
  const Monitor monitor_;
  v1::EarlyStoppingState state_;
};

}  // namespace fitd

#endif  // FITD_CORE_TRAIN_EARLY_STOPPING_H_
