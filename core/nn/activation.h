// Activation functions: which kernels they are and what their gradients read.

#ifndef FITD_CORE_NN_ACTIVATION_H_
#define FITD_CORE_NN_ACTIVATION_H_

#include <cstdint>
#include <string_view>

#include "core/base/violations.h"
#include "core/kernels/kernels.h"
#include "core/nn/op_list.h"
#include "fitd/v1/layer.pb.h"

namespace fitd {

// Writes defaults into `spec`; faults go to `violations` with paths below `path`.
void ResolveActivation(v1::ActivationSpec& spec, std::string_view path, Violations& violations);

// Constant after construction; thread-safe.
class Activation {
 public:
  // `spec` is resolved.
  explicit Activation(const v1::ActivationSpec& spec);

  bool linear() const { return kind_ == v1::ActivationSpec::kLinear; }
  bool softmax() const { return kind_ == v1::ActivationSpec::kSoftmax; }
  // Whether the gradient needs x; the others need y alone, so that y may overwrite x.
  bool gradient_reads_input() const { return element_wise_.gradient_reads_input; }

  // y = f(x), x and y [rows, cols]; y may be x. Nothing for linear, which is for the caller to see
  // to.
  void EmitForward(int64_t rows, int64_t cols, const float* x, float* y, OpList& ops) const;
  // dx = dy * f'(x); dx may be dy. x may be null unless gradient_reads_input(). Nothing for linear.
  void EmitBackward(int64_t rows, int64_t cols, const float* x, const float* y, const float* dy,
                    float* dx, OpList& ops) const;

 private:
  // Every kind but linear and softmax.
  struct ElementWise {
    UnaryKernel forward = nullptr;
    UnaryGradientKernel gradient = nullptr;
    bool gradient_reads_input = false;
    float alpha = 0;
  };
  static ElementWise MakeElementWise(const v1::ActivationSpec& spec);

  const v1::ActivationSpec::KindCase kind_;
  const ElementWise element_wise_;
};

}  // namespace fitd

#endif  // FITD_CORE_NN_ACTIVATION_H_
