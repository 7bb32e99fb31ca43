// The kinds of layers.

#ifndef FITD_CORE_NN_LAYER_FACTORY_H_
#define FITD_CORE_NN_LAYER_FACTORY_H_

#include <memory>
#include <string_view>

#include "core/base/violations.h"
#include "core/nn/layer.h"
#include "fitd/v1/layer.pb.h"

namespace fitd {

// Writes the kind's defaults into `spec` and returns the shape of its output; faults go to
// `violations` with paths below `path`, and the shape is then a guess that lets later layers be
// checked.
Shape ResolveLayer(v1::LayerSpec& spec, const Shape& input, std::string_view path,
                   Violations& violations);

// `spec` is resolved; `index` is the layer's place in the network.
std::unique_ptr<Layer> MakeLayer(const v1::LayerSpec& spec, int index, const Shape& input);

}  // namespace fitd

#endif  // FITD_CORE_NN_LAYER_FACTORY_H_
