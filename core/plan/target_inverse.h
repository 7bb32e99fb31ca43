// The last step of a network whose regression targets were standardised: outputs = y * stddev +
// mean.

#ifndef FITD_CORE_PLAN_TARGET_INVERSE_H_
#define FITD_CORE_PLAN_TARGET_INVERSE_H_

#include <cstdint>
#include <vector>

#include "core/base/status.h"
#include "core/nn/op_list.h"
#include "fitd/v1/pipeline.pb.h"

namespace fitd {

// Constant after construction. Lists that it emitted into must not outlive it.
class TargetInverse {
 public:
  // INVALID_ARGUMENT when the target is standardised for another number of outputs.
  static absl::StatusOr<TargetInverse> Create(const v1::TargetTransform& target, int64_t outputs);

  // Whether targets were not standardised: then nothing needs to be emitted.
  bool empty() const { return stddev_.empty(); }
  // outputs = y * stddev + mean; both [rows, outputs]; outputs may be y.
  void EmitForward(int64_t rows, const float* y, float* outputs, OpList& ops) const;
  // gradient *= stddev.
  void EmitBackward(int64_t rows, float* gradient, OpList& ops) const;

 private:
  std::vector<float> mean_;
  std::vector<float> stddev_;
};

}  // namespace fitd

#endif  // FITD_CORE_PLAN_TARGET_INVERSE_H_
