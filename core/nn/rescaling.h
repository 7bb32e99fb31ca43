// y = x * scale + offset.

#ifndef FITD_CORE_NN_RESCALING_H_
#define FITD_CORE_NN_RESCALING_H_

#include <optional>
#include <string_view>

#include "core/base/violations.h"
#include "core/nn/layer.h"

namespace fitd {

class Rescaling final : public Layer {
 public:
  // Faults go to `violations` with paths below `path`.
  static void Resolve(const v1::RescalingSpec& spec, std::string_view path, Violations& violations);

  Rescaling(const v1::RescalingSpec& spec, const Shape& input)
      : Layer(input, input), rescale_{spec.scale(), spec.offset()} {}

  std::optional<Rescale> rescale() const override { return rescale_; }
  bool backward_in_place() const override { return true; }
  void EmitForward(const LayerBuffers& buffers, OpList& ops) const override;
  void EmitBackward(const LayerBuffers& buffers, OpList& ops) const override;

 private:
  const Rescale rescale_;
};

}  // namespace fitd

#endif  // FITD_CORE_NN_RESCALING_H_
