#include "core/nn/activation.h"

#include <cmath>
#include <string>

#include "core/base/kinds.h"

namespace fitd {
namespace {

void ResolveLeakyRelu(v1::LeakyReluSpec& spec, const std::string& path, Violations& violations) {
  if (!spec.has_negative_slope()) spec.set_negative_slope(0.2f);
  CheckField(std::isfinite(spec.negative_slope()) && spec.negative_slope() >= 0.0f,
             spec.negative_slope(), "a number of 0 or more", path + ".negative_slope", violations);
}

void ResolveElu(v1::EluSpec& spec, const std::string& path, Violations& violations) {
  if (!spec.has_alpha()) spec.set_alpha(1.0f);
  CheckField(std::isfinite(spec.alpha()) && spec.alpha() >= 0.0f, spec.alpha(),
             "a number of 0 or more", path + ".alpha", violations);
}

}  // namespace

void ResolveActivation(v1::ActivationSpec& spec, std::string_view path, Violations& violations) {
  const std::string kind_path = KindPath(spec, path);
  switch (spec.kind_case()) {
    case v1::ActivationSpec::kLeakyRelu:
      return ResolveLeakyRelu(*spec.mutable_leaky_relu(), kind_path, violations);
    case v1::ActivationSpec::kElu:
      return ResolveElu(*spec.mutable_elu(), kind_path, violations);
    case v1::ActivationSpec::kLinear:
    case v1::ActivationSpec::kRelu:
    case v1::ActivationSpec::kSelu:
    case v1::ActivationSpec::kGelu:
    case v1::ActivationSpec::kSilu:
    case v1::ActivationSpec::kSoftplus:
    case v1::ActivationSpec::kSigmoid:
    case v1::ActivationSpec::kTanh:
    case v1::ActivationSpec::kSoftmax:
      return;
    case v1::ActivationSpec::KIND_NOT_SET:
      return RequireKind(spec, path, violations);
  }
}

Activation::ElementWise Activation::MakeElementWise(const v1::ActivationSpec& spec) {
  const Kernels& kernels = ActiveKernels();
  switch (spec.kind_case()) {
    case v1::ActivationSpec::kRelu:
      return {kernels.relu, kernels.relu_gradient};
    case v1::ActivationSpec::kLeakyRelu:
      return {kernels.leaky_relu, kernels.leaky_relu_gradient, false,
              spec.leaky_relu().negative_slope()};
    case v1::ActivationSpec::kElu:
      return {kernels.elu, kernels.elu_gradient, false, spec.elu().alpha()};
    case v1::ActivationSpec::kSelu:
      return {kernels.selu, kernels.selu_gradient};
    case v1::ActivationSpec::kGelu:
      if (spec.gelu().approximate()) return {kernels.gelu_tanh, kernels.gelu_tanh_gradient, true};
      return {kernels.gelu, kernels.gelu_gradient, true};
    case v1::ActivationSpec::kSilu:
      return {kernels.silu, kernels.silu_gradient, true};
    case v1::ActivationSpec::kSoftplus:
      return {kernels.softplus, kernels.softplus_gradient, true};
    case v1::ActivationSpec::kSigmoid:
      return {kernels.sigmoid, kernels.sigmoid_gradient};
    case v1::ActivationSpec::kTanh:
      return {kernels.tanh, kernels.tanh_gradient};
    case v1::ActivationSpec::kLinear:
    case v1::ActivationSpec::kSoftmax:
    case v1::ActivationSpec::KIND_NOT_SET:
      break;
  }
  return {};
}

Activation::Activation(const v1::ActivationSpec& spec)
    : kind_(spec.kind_case()), element_wise_(MakeElementWise(spec)) {}

void Activation::EmitForward(int64_t rows, int64_t cols, const float* x, float* y,
                             OpList& ops) const {
  if (softmax()) {
    ops.Add(ActiveKernels().softmax, {.rows = rows, .cols = cols, .x = x, .y = y});
  } else if (!linear()) {
    ops.Add(element_wise_.forward,
            {.size = rows * cols, .x = x, .y = y, .alpha = element_wise_.alpha});
  }
}

void Activation::EmitBackward(int64_t rows, int64_t cols, const float* x, const float* y,
                              const float* dy, float* dx, OpList& ops) const {
  if (softmax()) {
    ops.Add(ActiveKernels().softmax_gradient,
            {.rows = rows, .cols = cols, .y = y, .dy = dy, .dx = dx});
  } else if (!linear()) {
    ops.Add(
        element_wise_.gradient,
        {.size = rows * cols, .x = x, .y = y, .dy = dy, .dx = dx, .alpha = element_wise_.alpha});
  }
}

}  // namespace fitd
