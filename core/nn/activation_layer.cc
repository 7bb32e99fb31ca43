#include "core/nn/activation_layer.h"

namespace fitd {

ActivationLayer::ActivationLayer(const v1::ActivationSpec& spec, const Shape& input)
    : Layer(input, input), activation_(spec), last_axis_(input.back()) {}

bool ActivationLayer::ends_in_softmax() const {
  return activation_.softmax() && last_axis_ == outputs();
}

void ActivationLayer::EmitForward(const LayerBuffers& buffers, OpList& ops) const {
  activation_.EmitForward(buffers.rows * (outputs() / last_axis_), last_axis_, buffers.x, buffers.y,
                          ops);
}

void ActivationLayer::EmitBackward(const LayerBuffers& buffers, OpList& ops) const {
  if (buffers.dx == nullptr || buffers.dy_skips_softmax) return;
  activation_.EmitBackward(buffers.rows * (outputs() / last_axis_), last_axis_, buffers.x,
                           buffers.y, buffers.dy, buffers.dx, ops);
}

}  // namespace fitd
