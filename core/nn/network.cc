#include "core/nn/network.h"

#include <algorithm>

#include "core/nn/initializer.h"
#include "core/nn/layer_factory.h"
#include "core/nn/normalization.h"
#include "fmt/format.h"

namespace fitd {

Network::Network(const v1::ModelSpec& spec) {
  Shape shape(spec.input_shape().begin(), spec.input_shape().end());
  for (int i = 0; i < spec.layers_size(); ++i) {
    const v1::LayerSpec& layer_spec = spec.layers(i);
    layers_.push_back(MakeLayer(layer_spec, i, shape));
    names_.push_back(layer_spec.name());
    shape = layers_.back()->output_shape();
    int index = 0;
    for (const WeightSpec& weight : layers_.back()->weights()) {
      weights_.push_back({.name = layer_spec.name() + "/" + weight.name,
                          .layer = i,
                          .index = index++,
                          .spec = &weight});
    }
    if (layer_spec.has_normalization() && Normalization::IsAdapted(layer_spec.normalization()))
      adapted_layer_ = i;
  }
  while (first_learner_ < size() && !layer(first_learner_).learns()) ++first_learner_;
}

void Network::Initialize(const WeightPlace& place, uint64_t seed, std::span<float> values) const {
  const std::vector<float>& given = place.spec->values;
  if (given.size() == 1) {
    std::fill(values.begin(), values.end(), given.front());
  } else if (!given.empty()) {
    std::copy(given.begin(), given.end(), values.begin());
  } else {
    const Rng rng(seed, RandomPurpose::kInitializer, static_cast<uint32_t>(place.layer),
                  static_cast<uint32_t>(place.index));
    fitd::Initialize(place.spec->initializer, place.spec->shape, rng, values);
  }
}

absl::Status Network::CheckWeights(const Weights& weights) const {
  if (weights.tensors.size() != weights_.size()) {
    return DataLoss(fmt::format("{} weight tensors for a network of {}", weights.tensors.size(),
                                weights_.size()));
  }
  for (size_t i = 0; i < weights_.size(); ++i) {
    const WeightPlace& place = weights_[i];
    const Weight& weight = weights.tensors[i];
    if (weight.name != place.name || weight.shape != place.spec->shape ||
        static_cast<int64_t>(weight.values.size()) != place.spec->size()) {
      return DataLoss(fmt::format("weight tensor {} is {} {} with {} values; expected: {} {}", i,
                                  weight.name, ShapeText(weight.shape), weight.values.size(),
                                  place.name, ShapeText(place.spec->shape)));
    }
  }
  return absl::OkStatus();
}

}  // namespace fitd
