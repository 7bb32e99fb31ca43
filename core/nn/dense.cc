#include "core/nn/dense.h"

#include <algorithm>
#include <string>

#include "core/base/kinds.h"
#include "core/nn/initializer.h"

namespace fitd {
namespace {

constexpr int64_t kMaxUnits = 1'048'576;

std::vector<WeightSpec> DenseWeights(const v1::DenseSpec& spec, int64_t inputs) {
  std::vector<WeightSpec> weights = {{.name = "kernel",
                                      .shape = {inputs, spec.units()},
                                      .initializer = spec.kernel_initializer(),
                                      .penalty = MakePenalty(spec.kernel_regularizer())}};
  if (spec.use_bias()) {
    weights.push_back({.name = "bias",
                       .shape = {spec.units()},
                       .initializer = spec.bias_initializer(),
                       .penalty = MakePenalty(spec.bias_regularizer())});
  }
  return weights;
}

}  // namespace

Shape Dense::Resolve(v1::DenseSpec& spec, const Shape& input, std::string_view path,
                     Violations& violations) {
  if (!spec.has_activation()) spec.mutable_activation()->mutable_linear();
  if (!spec.has_use_bias()) spec.set_use_bias(true);
  if (!spec.has_kernel_initializer()) spec.mutable_kernel_initializer()->mutable_glorot_uniform();
  if (!spec.has_bias_initializer()) spec.mutable_bias_initializer()->mutable_zeros();

  CheckField(spec.units() >= 1 && spec.units() <= kMaxUnits, spec.units(),
             "1 to 1,048,576; no default", ChildPath(path, "units"), violations);
  if (input.size() != 1) {
    violations.Add(std::string(path),
                   fmt::format("gets an input of shape {}; allowed: one axis; put a flatten layer "
                               "before it",
                               ShapeText(input)));
  }
  ResolveActivation(*spec.mutable_activation(), ChildPath(path, "activation"), violations);
  ResolveInitializer(*spec.mutable_kernel_initializer(), 2, ChildPath(path, "kernel_initializer"),
                     violations);
  ResolveInitializer(*spec.mutable_bias_initializer(), 1, ChildPath(path, "bias_initializer"),
                     violations);
  if (spec.has_kernel_regularizer()) {
    ResolveRegularizer(*spec.mutable_kernel_regularizer(), ChildPath(path, "kernel_regularizer"),
                       violations);
  }
  if (spec.has_bias_regularizer()) {
    ResolveRegularizer(*spec.mutable_bias_regularizer(), ChildPath(path, "bias_regularizer"),
                       violations);
  }
  if (spec.has_activity_regularizer()) {
    ResolveRegularizer(*spec.mutable_activity_regularizer(),
                       ChildPath(path, "activity_regularizer"), violations);
  }
  return {std::clamp<int64_t>(spec.units(), 1, kMaxUnits)};
}

Dense::Dense(const v1::DenseSpec& spec, const Shape& input)
    : Layer(input, {spec.units()}, DenseWeights(spec, ElementCount(input))),
      activation_(spec.activation()),
      activity_penalty_(MakePenalty(spec.activity_regularizer())) {}

bool Dense::ends_in_softmax() const { return activation_.softmax() && activity_penalty_.empty(); }

int64_t Dense::kept_size(int64_t rows, bool training) const {
  return training && activation_.gradient_reads_input() ? SaturatingMultiply(rows, outputs()) : 0;
}

int64_t Dense::scratch_size(int64_t rows, int64_t members, int parts) const {
  const auto scratch = ActiveKernels().gemm_scratch;
  const int64_t columns = SaturatingMultiply(members, outputs());
  return std::max({scratch(rows, columns, inputs(), parts), scratch(inputs(), columns, rows, parts),
                   scratch(rows, inputs(), outputs(), parts)});
}

Dense::Products Dense::ProductsOf(const LayerBuffers& buffers) const {
  const int64_t y_row = buffers.members * outputs();
  if (buffers.shares_x) return {.count = 1, .outputs = y_row, .x_row = inputs(), .y_row = y_row};
  return {.count = buffers.members,
          .outputs = outputs(),
          .x_row = buffers.members * inputs(),
          .y_row = y_row};
}

void Dense::EmitForward(const LayerBuffers& buffers, OpList& ops) const {
  float* z = buffers.kept != nullptr ? buffers.kept : buffers.y;
  const Products products = ProductsOf(buffers);
  for (int64_t i = 0; i < products.count; ++i) {
    const int64_t column = i * outputs();
    ops.Add(ActiveKernels().gemm, {.m = buffers.rows,
                                   .n = products.outputs,
                                   .k = inputs(),
                                   .a = buffers.x + i * inputs(),
                                   .a_row = products.x_row,
                                   .a_col = 1,
                                   .b = buffers.weights[0] + column,
                                   .b_row = products.y_row,
                                   .b_col = 1,
                                   .c = z + column,
                                   .c_row = products.y_row,
                                   .bias = has_bias() ? buffers.weights[1] + column : nullptr,
                                   .scratch = buffers.scratch});
  }
  activation_.EmitForward(buffers.rows * buffers.members, outputs(), z, buffers.y, ops);
}

void Dense::EmitBackward(const LayerBuffers& buffers, OpList& ops) const {
  const Kernels& kernels = ActiveKernels();
  float* dz = buffers.dy;
  if (!buffers.dy_skips_softmax) {
    activation_.EmitBackward(buffers.rows * buffers.members, outputs(), buffers.kept, buffers.y,
                             buffers.dy, dz, ops);
  }
  const Products products = ProductsOf(buffers);
  for (int64_t i = 0; i < products.count; ++i) {
    const int64_t column = i * outputs();
    // dW = x^T dz
    ops.Add(kernels.gemm, {.m = inputs(),
                           .n = products.outputs,
                           .k = buffers.rows,
                           .a = buffers.x + i * inputs(),
                           .a_row = 1,
                           .a_col = products.x_row,
                           .b = dz + column,
                           .b_row = products.y_row,
                           .b_col = 1,
                           .c = buffers.gradients[0] + column,
                           .c_row = products.y_row,
                           .bias = nullptr,
                           .scratch = buffers.scratch});
  }
  if (has_bias()) {
    ops.Add(kernels.column_sum,
            {.rows = buffers.rows, .cols = products.y_row, .x = dz, .out = buffers.gradients[1]});
  }
  if (buffers.dx == nullptr) return;
  for (int64_t i = 0; i < products.count; ++i) {
    // dx = dz W^T
    ops.Add(kernels.gemm, {.m = buffers.rows,
                           .n = inputs(),
                           .k = outputs(),
                           .a = dz + i * outputs(),
                           .a_row = products.y_row,
                           .a_col = 1,
                           .b = buffers.weights[0] + i * outputs(),
                           .b_row = 1,
                           .b_col = products.y_row,
                           .c = buffers.dx + i * inputs(),
                           .c_row = products.x_row,
                           .bias = nullptr,
                           .scratch = buffers.scratch});
  }
}

}  // namespace fitd
