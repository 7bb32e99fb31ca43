#include "core/nn/layer_factory.h"

#include <string>

#include "core/base/kinds.h"
#include "core/nn/activation_layer.h"
#include "core/nn/dense.h"
#include "core/nn/dropout.h"
#include "core/nn/flatten.h"
#include "core/nn/normalization.h"
#include "core/nn/rescaling.h"

namespace fitd {

Shape ResolveLayer(v1::LayerSpec& spec, const Shape& input, std::string_view path,
                   Violations& violations) {
  const std::string kind_path = KindPath(spec, path);
  switch (spec.kind_case()) {
    case v1::LayerSpec::kDense:
      return Dense::Resolve(*spec.mutable_dense(), input, kind_path, violations);
    case v1::LayerSpec::kActivation:
      ResolveActivation(*spec.mutable_activation(), kind_path, violations);
      return input;
    case v1::LayerSpec::kDropout:
      Dropout::Resolve(spec.dropout(), kind_path, violations);
      return input;
    case v1::LayerSpec::kFlatten:
      return {ElementCount(input)};
    case v1::LayerSpec::kRescaling:
      Rescaling::Resolve(spec.rescaling(), kind_path, violations);
      return input;
    case v1::LayerSpec::kNormalization:
      Normalization::Resolve(spec.normalization(), input, kind_path, violations);
      return input;
    case v1::LayerSpec::KIND_NOT_SET:
      RequireKind(spec, path, violations);
      return input;
  }
  return input;
}

std::unique_ptr<Layer> MakeLayer(const v1::LayerSpec& spec, int index, const Shape& input) {
  switch (spec.kind_case()) {
    case v1::LayerSpec::kDense:
      return std::make_unique<Dense>(spec.dense(), input);
    case v1::LayerSpec::kActivation:
      return std::make_unique<ActivationLayer>(spec.activation(), input);
    case v1::LayerSpec::kDropout:
      return std::make_unique<Dropout>(spec.dropout(), index, input);
    case v1::LayerSpec::kFlatten:
      return std::make_unique<Flatten>(input);
    case v1::LayerSpec::kRescaling:
      return std::make_unique<Rescaling>(spec.rescaling(), input);
    case v1::LayerSpec::kNormalization:
      return std::make_unique<Normalization>(spec.normalization(), input);
    case v1::LayerSpec::KIND_NOT_SET:
      break;
  }
  return nullptr;
}

}  // namespace fitd
