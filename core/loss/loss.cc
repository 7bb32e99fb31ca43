#include "core/loss/loss.h"

namespace fitd {
namespace {

Loss MakeSparse(bool from_logits, bool ends_in_softmax) {
  if (from_logits)
    return {.kernel = ActiveKernels().sparse_categorical_crossentropy_logits, .sparse = true};
  if (ends_in_softmax) {
    return {.kernel = ActiveKernels().softmax_sparse_categorical_crossentropy,
            .sparse = true,
            .gradient_skips_softmax = true};
  }
  return {.kernel = ActiveKernels().sparse_categorical_crossentropy, .sparse = true};
}

Loss MakeCategorical(const v1::CategoricalCrossentropySpec& spec, bool ends_in_softmax,
                     bool class_indices) {
  // Without smoothing a one-hot target picks one term of the sum: the sparse kernels need no
  // expansion.
  if (class_indices && spec.label_smoothing() == 0.0f) {
    return MakeSparse(spec.from_logits(), ends_in_softmax);
  }
  Loss loss = {.kernel = ActiveKernels().categorical_crossentropy,
               .parameter = spec.label_smoothing(),
               .expand_targets = class_indices};
  if (spec.from_logits()) {
    loss.kernel = ActiveKernels().categorical_crossentropy_logits;
  } else if (ends_in_softmax) {
    loss.kernel = ActiveKernels().softmax_categorical_crossentropy;
    loss.gradient_skips_softmax = true;
  }
  return loss;
}

}  // namespace

Loss MakeLoss(const v1::LossSpec& spec, bool ends_in_softmax, int64_t outputs,
              int64_t target_width) {
  switch (spec.kind_case()) {
    case v1::LossSpec::kMeanSquaredError:
      return {.kernel = ActiveKernels().mean_squared_error};
    case v1::LossSpec::kMeanAbsoluteError:
      return {.kernel = ActiveKernels().mean_absolute_error};
    case v1::LossSpec::kHuber:
      return {.kernel = ActiveKernels().huber, .parameter = spec.huber().delta()};
    case v1::LossSpec::kBinaryCrossentropy:
      return {.kernel = spec.binary_crossentropy().from_logits()
                            ? ActiveKernels().binary_crossentropy_logits
                            : ActiveKernels().binary_crossentropy,
              .parameter = spec.binary_crossentropy().label_smoothing()};
    case v1::LossSpec::kCategoricalCrossentropy:
      return MakeCategorical(spec.categorical_crossentropy(), ends_in_softmax,
                             outputs > 1 && target_width == 1);
    case v1::LossSpec::kSparseCategoricalCrossentropy:
      return MakeSparse(spec.sparse_categorical_crossentropy().from_logits(), ends_in_softmax);
    case v1::LossSpec::KIND_NOT_SET:
      break;
  }
  return {};
}

}  // namespace fitd
