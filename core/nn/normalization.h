// y = (x - mean) / max(sqrt(variance), 1e-7), per feature of the last axis. Weights "mean" and
// "variance": [features], not trainable.

#ifndef FITD_CORE_NN_NORMALIZATION_H_
#define FITD_CORE_NN_NORMALIZATION_H_

#include <string_view>

#include "core/base/violations.h"
#include "core/nn/layer.h"

namespace fitd {

class Normalization final : public Layer {
 public:
  // Faults go to `violations` with paths below `path`.
  static void Resolve(const v1::NormalizationSpec& spec, const Shape& input, std::string_view path,
                      Violations& violations);
  // Whether mean and variance come from the training rows.
  static bool IsAdapted(const v1::NormalizationSpec& spec) { return spec.mean().empty(); }

  Normalization(const v1::NormalizationSpec& spec, const Shape& input);

  bool backward_in_place() const override { return true; }
  int64_t kept_size(int64_t rows, bool training) const override;
  void EmitForward(const LayerBuffers& buffers, OpList& ops) const override;
  void EmitBackward(const LayerBuffers& buffers, OpList& ops) const override;

 private:
  const int64_t features_;
};

}  // namespace fitd

#endif  // FITD_CORE_NN_NORMALIZATION_H_
