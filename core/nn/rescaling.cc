#include "core/nn/rescaling.h"

#include <cmath>

#include "core/base/kinds.h"

namespace fitd {

void Rescaling::Resolve(const v1::RescalingSpec& spec, std::string_view path,
                        Violations& violations) {
  CheckField(std::isfinite(spec.scale()) && spec.scale() != 0.0f, spec.scale(),
             "a finite number other than 0", ChildPath(path, "scale"), violations);
  CheckField(std::isfinite(spec.offset()), spec.offset(), "a finite number",
             ChildPath(path, "offset"), violations);
}

void Rescaling::EmitForward(const LayerBuffers& buffers, OpList& ops) const {
  ops.Add(ActiveKernels().affine, {.rows = buffers.rows,
                                   .cols = outputs(),
                                   .vector_size = 1,
                                   .x = buffers.x,
                                   .scale = &rescale_.scale,
                                   .offset = &rescale_.offset,
                                   .y = buffers.y});
}

void Rescaling::EmitBackward(const LayerBuffers& buffers, OpList& ops) const {
  if (buffers.dx == nullptr) return;
  ops.Add(ActiveKernels().affine, {.rows = buffers.rows,
                                   .cols = outputs(),
                                   .vector_size = 1,
                                   .x = buffers.dy,
                                   .scale = &rescale_.scale,
                                   .offset = nullptr,
                                   .y = buffers.dx});
}

}  // namespace fitd
