// The layers of a model in order, and the names and start values of their weights.

#ifndef FITD_CORE_NN_NETWORK_H_
#define FITD_CORE_NN_NETWORK_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/nn/layer.h"
#include "core/nn/weights.h"
#include "fitd/v1/model.pb.h"

namespace fitd {

// Constant after construction; thread-safe.
class Network {
 public:
  // One weight of one layer.
  struct WeightPlace {
    std::string name;        // "dense_1/kernel"
    int layer;               // Index of the layer...
    int index;               // ...and of the weight in it.
    const WeightSpec* spec;  // Owned by the layer.
  };

  // `spec` is resolved.
  explicit Network(const v1::ModelSpec& spec);

  int size() const { return static_cast<int>(layers_.size()); }
  const Layer& layer(int index) const { return *layers_[static_cast<size_t>(index)]; }
  const std::string& layer_name(int index) const { return names_[static_cast<size_t>(index)]; }
  // Of all layers, in order.
  const std::vector<WeightPlace>& weights() const { return weights_; }
  // The layer whose statistics come from the training rows.
  std::optional<int> adapted_layer() const { return adapted_layer_; }
  // The lowest layer that learns; size() when none does.
  int first_learner() const { return first_learner_; }

  int64_t inputs() const { return layers_.front()->inputs(); }
  int64_t outputs() const { return layers_.back()->outputs(); }
  bool ends_in_softmax() const { return layers_.back()->ends_in_softmax(); }

  // Start values of one weight; `values` has room for spec->size().
  void Initialize(const WeightPlace& place, uint64_t seed, std::span<float> values) const;
  // DATA_LOSS unless the names and shapes are this network's.
  absl::Status CheckWeights(const Weights& weights) const;

 private:
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<std::string> names_;
  std::vector<WeightPlace> weights_;
  std::optional<int> adapted_layer_;
  int first_learner_ = 0;
};

}  // namespace fitd

#endif  // FITD_CORE_NN_NETWORK_H_
