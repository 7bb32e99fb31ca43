#include "core/nn/dropout.h"

#include "core/base/kinds.h"

namespace fitd {

void Dropout::Resolve(const v1::DropoutSpec& spec, std::string_view path, Violations& violations) {
  CheckField(spec.rate() >= 0.0f && spec.rate() < 1.0f, spec.rate(), "0 to below 1",
             ChildPath(path, "rate"), violations);
}

void Dropout::EmitForward(const LayerBuffers& buffers, OpList& ops) const {
  ops.Add(ActiveKernels().dropout, {.block = {buffers.rows, buffers.members, outputs()},
                                    .x = buffers.x,
                                    .y = buffers.y,
                                    .rates = buffers.dropout_rates,
                                    .stream = stream_,
                                    .step = buffers.step});
}

void Dropout::EmitBackward(const LayerBuffers& buffers, OpList& ops) const {
  if (buffers.dx == nullptr) return;
  // The same mask again: it depends on the step and the position alone.
  ops.Add(ActiveKernels().dropout, {.block = {buffers.rows, buffers.members, outputs()},
                                    .x = buffers.dy,
                                    .y = buffers.dx,
                                    .rates = buffers.dropout_rates,
                                    .stream = stream_,
                                    .step = buffers.step});
}

}  // namespace fitd
