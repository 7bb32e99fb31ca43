// y = activation(x W + b).  x: [rows, in], W ("kernel"): [in, units], b ("bias"): [units].

#ifndef FITD_CORE_NN_DENSE_H_
#define FITD_CORE_NN_DENSE_H_

#include <string_view>

#include "core/base/violations.h"
#include "core/nn/activation.h"
#include "core/nn/layer.h"

namespace fitd {

class Dense final : public Layer {
 public:
  // Writes defaults into `spec` and returns the output's shape; faults go to `violations` with
  // paths below `path`.
  static Shape Resolve(v1::DenseSpec& spec, const Shape& input, std::string_view path,
                       Violations& violations);

  // `spec` is resolved.
  Dense(const v1::DenseSpec& spec, const Shape& input);

  bool ends_in_softmax() const override;
  Penalty activity_penalty() const override { return activity_penalty_; }
  int64_t kept_size(int64_t rows, bool training) const override;
  int64_t scratch_size(int64_t rows, int64_t members, int parts) const override;
  void EmitForward(const LayerBuffers& buffers, OpList& ops) const override;
  void EmitBackward(const LayerBuffers& buffers, OpList& ops) const override;

 private:
  // How a stack multiplies: one product each, or one for all where they share x.
  struct Products {
    int64_t count;
    int64_t outputs;       // Of one product.
    int64_t x_row, y_row;  // Values from one row to the next: of x and dx; of y and the weights.
  };
  Products ProductsOf(const LayerBuffers& buffers) const;
  bool has_bias() const { return weights().size() > 1; }

  const Activation activation_;
  const Penalty activity_penalty_;
};

}  // namespace fitd

#endif  // FITD_CORE_NN_DENSE_H_
