// Lowers the learning rate when a metric stops improving. keras.callbacks.ReduceLROnPlateau.

#ifndef FITD_CORE_TRAIN_REDUCE_LR_ON_PLATEAU_H_
#define FITD_CORE_TRAIN_REDUCE_LR_ON_PLATEAU_H_

#include <cstdint>
#include <optional>

#include "core/train/monitor.h"
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

 private:
  const v1::ReduceLrOnPlateauSpec spec_;
  const Monitor monitor_;
  std::optional<double> best_;
  int64_t wait_ = 0;
  int64_t cooldown_ = 0;  // Epochs that are still to pass before waiting begins.
};

}  // namespace fitd

#endif  // FITD_CORE_TRAIN_REDUCE_LR_ON_PLATEAU_H_
