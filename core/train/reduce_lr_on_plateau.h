// Lowers the learning rate when a metric stops improving. keras.callbacks.ReduceLROnPlateau.

#ifndef FITD_CORE_TRAIN_REDUCE_LR_ON_PLATEAU_H_
#define FITD_CORE_TRAIN_REDUCE_LR_ON_PLATEAU_H_

#include <optional>
#include <utility>

#include "core/train/monitor.h"
#include "fitd/v1/checkpoint.pb.h"
#include "fitd/v1/training.pb.h"

namespace fitd {

// Single-thread.
class ReduceLrOnPlateau {
 public:
  // `spec` is resolved.
  explicit ReduceLrOnPlateau(const v1::ReduceLrOnPlateauSpec& spec);

  // After each epoch, with the value of the monitored metric and the learning rate in use; returns
  // the rate to go on with. An epoch in which the metric is undefined changes nothing.
  float OnEpoch(std::optional<double> value, float learning_rate);

  // All it knows of the epochs so far, but for the learning rate.
  const v1::ReduceLrOnPlateauState& state() const { return state_; }
  void SetState(v1::ReduceLrOnPlateauState state) { state_ = std::move(state); }

 private:
  const v1::ReduceLrOnPlateauSpec spec_;
  const Monitor monitor_;
  v1::ReduceLrOnPlateauState state_;
};

}  // namespace fitd

#endif  // FITD_CORE_TRAIN_REDUCE_LR_ON_PLATEAU_H_
