// The last step of a network whose regression targets were standardised: outputs = y * stddev +
// mean. Loss and metrics are in the target's own unit; a step is that of training on targets of
// mean 0 and deviation 1.

#ifndef FITD_CORE_PLAN_TARGET_INVERSE_H_
#define FITD_CORE_PLAN_TARGET_INVERSE_H_

#include <cstdint>
#include <vector>

#include "core/base/status.h"
#include "core/nn/op_list.h"
#include "fitd/v1/loss.pb.h"
#include "fitd/v1/pipeline.pb.h"

namespace fitd {

// Constant after construction. Lists that it emitted into must not outlive it.
class TargetInverse {
 public:
  // INVALID_ARGUMENT when the target is standardised for another number of outputs. `loss`: what is
  // trained, if anything is.
  static absl::StatusOr<TargetInverse> Create(const v1::TargetTransform& target, int64_t outputs,
                                              const v1::LossSpec& loss = {});

  // Whether targets were not standardised: then nothing needs to be emitted.
  bool empty() const { return stddev_.empty(); }
  // outputs = y * stddev + mean; both [rows, outputs]; outputs may be y.
  void EmitForward(int64_t rows, const float* y, float* outputs, OpList& ops) const;
  // How large the loss is in the target's unit where it is 1 on standardised targets. One for all
  // outputs, by the largest deviation: which output matters how much is the loss's choice.
  double loss_unit() const { return loss_unit_; }
  // gradient *= stddev / loss_unit.
  void EmitBackward(int64_t rows, float* gradient, OpList& ops) const;

 private:
  std::vector<float> mean_;
  std::vector<float> stddev_;
  double loss_unit_ = 1;
  std::vector<float> gradient_scale_;
};

}  // namespace fitd

#endif  // FITD_CORE_PLAN_TARGET_INVERSE_H_
