// [rows, d1, d2, ...] seen as [rows, d1 * d2 * ...]. Nothing moves.

#ifndef FITD_CORE_NN_FLATTEN_H_
#define FITD_CORE_NN_FLATTEN_H_

#include "core/nn/layer.h"

namespace fitd {

class Flatten final : public Layer {
 public:
  explicit Flatten(const Shape& input) : Layer(input, {ElementCount(input)}) {}

  bool passes_through(bool /*training*/) const override { return true; }
  void EmitForward(const LayerBuffers& /*buffers*/, OpList& /*ops*/) const override {}
  void EmitBackward(const LayerBuffers& /*buffers*/, OpList& /*ops*/) const override {}
};

}  // namespace fitd

#endif  // FITD_CORE_NN_FLATTEN_H_
