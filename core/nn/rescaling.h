// y = x * scale + offset.

#ifndef FITD_CORE_NN_RESCALING_H_
#define FITD_CORE_NN_RESCALING_H_

#include <string_view>

#include "core/base/violations.h"
#include "core/nn/layer.h"

namespace fitd {

class Rescaling final : public Layer {
 public:
  // Faults go to `violations` with paths below `path`.
  static void Resolve(const v1::RescalingSpec& spec, std::string_view path, Violations& violations);

  Rescaling(const v1::RescalingSpec& spec, const Shape& input)
      : Layer(input, input), scale_(spec.scale()), offset_(spec.offset()) {}

  bool backward_in_place() const override { return true; }
  void EmitForward(const LayerBuffers& buffers, OpList& ops) const override;
  void EmitBackward(const LayerBuffers& buffers, OpList& ops) const override;

 private:
  const float scale_;
  const float offset_;
};

}  // namespace fitd

#endif  // FITD_CORE_NN_RESCALING_H_
