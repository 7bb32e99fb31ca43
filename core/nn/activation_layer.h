// y = activation(x), element by element; softmax along the last axis.

#ifndef FITD_CORE_NN_ACTIVATION_LAYER_H_
#define FITD_CORE_NN_ACTIVATION_LAYER_H_

#include "core/nn/activation.h"
#include "core/nn/layer.h"

namespace fitd {

class ActivationLayer final : public Layer {
 public:
  // `spec` is resolved (ResolveActivation).
  ActivationLayer(const v1::ActivationSpec& spec, const Shape& input);

  bool passes_through(bool /*training*/) const override { return activation_.linear(); }
  bool ends_in_softmax() const override;
  bool backward_in_place() const override { return true; }
  void EmitForward(const LayerBuffers& buffers, OpList& ops) const override;
  void EmitBackward(const LayerBuffers& buffers, OpList& ops) const override;

 private:
  const Activation activation_;
  const int64_t last_axis_;
};

}  // namespace fitd

#endif  // FITD_CORE_NN_ACTIVATION_LAYER_H_
