// y = x * mask / (1 - rate) while training, else y = x; the mask drops each value with probability
// `rate`.

#ifndef FITD_CORE_NN_DROPOUT_H_
#define FITD_CORE_NN_DROPOUT_H_

#include <string_view>

#include "core/base/violations.h"
#include "core/nn/layer.h"

namespace fitd {

class Dropout final : public Layer {
 public:
  // Faults go to `violations` with paths below `path`.
  static void Resolve(const v1::DropoutSpec& spec, std::string_view path, Violations& violations);

  // `index` is the layer's place in the network: it tells masks of one network apart.
  Dropout(const v1::DropoutSpec& spec, int index, const Shape& input)
      : Layer(input, input), rate_(spec.rate()), stream_(static_cast<uint32_t>(index)) {}

  bool passes_through(bool training) const override { return !training || rate_ == 0.0f; }
  bool row_wise() const override { return false; }
  float dropout_rate() const override { return rate_; }
  void EmitForward(const LayerBuffers& buffers, OpList& ops) const override;
  void EmitBackward(const LayerBuffers& buffers, OpList& ops) const override;

 private:
  const float rate_;
  const uint32_t stream_;
};

}  // namespace fitd

#endif  // FITD_CORE_NN_DROPOUT_H_
