// Runs one layer alone.

#ifndef FITD_TESTS_CORE_NN_LAYER_TESTING_H_
#define FITD_TESTS_CORE_NN_LAYER_TESTING_H_

#include <memory>
#include <string>
#include <vector>

#include "core/base/violations.h"
#include "core/nn/layer.h"
#include "core/nn/layer_factory.h"
#include "core/nn/op_list.h"
#include "core/tensor/arena.h"
#include "gtest/gtest.h"
#include "tests/testing/specs.h"

namespace fitd {

// A layer made from a spec as text: "dense { units: 3 }".
class LayerRun {
 public:
  LayerRun(const std::string& spec_text, const Shape& input, int64_t rows, bool training = true) {
    v1::LayerSpec spec = ParseText<v1::LayerSpec>(spec_text);
    Violations violations;
    ResolveLayer(spec, input, "layer", violations);
    EXPECT_TRUE(violations.empty()) << violations.ToStatus();
    layer_ = MakeLayer(spec, 0, input);
    weights_.resize(layer_->weights().size());
    gradients_.resize(weights_.size());
    buffers_.rows = rows;
    buffers_.training = training;
    arena_.Reserve(rows * layer_->inputs(), &x_);
    arena_.Reserve(rows * layer_->outputs(), &buffers_.y);
    arena_.Reserve(rows * layer_->outputs(), &buffers_.dy);
    arena_.Reserve(rows * layer_->inputs(), &buffers_.dx);
    const bool keeps = layer_->kept_size(rows, training) > 0;
    if (keeps) arena_.Reserve(layer_->kept_size(rows, training), &buffers_.kept);
    arena_.Reserve(layer_->scratch_size(rows, 1, 1), &buffers_.scratch);
    for (size_t i = 0; i < weights_.size(); ++i) {
      arena_.Reserve(layer_->weights()[i].size(), &weights_[i]);
      arena_.Reserve(layer_->weights()[i].size(), &gradients_[i]);
    }
    EXPECT_TRUE(arena_.Allocate().ok());
    buffers_.x = x_;
    buffers_.weights = weights_;
    buffers_.gradients = gradients_;
    buffers_.step = &step_;
    buffers_.dropout_rates.of[0] = layer_->dropout_rate();
    if (layer_->backward_in_place()) buffers_.dx = buffers_.dy;
  }

  const Layer& layer() const { return *layer_; }
  StepState& step() { return step_; }
  void SetWeight(size_t index, const std::vector<float>& values) {
    std::copy(values.begin(), values.end(), weights_[index]);
  }
  std::vector<float> Forward(const std::vector<float>& x) {
    std::copy(x.begin(), x.end(), x_);
    OpList ops;
    layer_->EmitForward(buffers_, ops);
    ops.Run();
    return {buffers_.y, buffers_.y + buffers_.rows * layer_->outputs()};
  }
  // The gradient of x; those of the weights are then in Gradient().
  std::vector<float> Backward(const std::vector<float>& dy) {
    std::copy(dy.begin(), dy.end(), buffers_.dy);
    OpList ops;
    layer_->EmitBackward(buffers_, ops);
    ops.Run();
    return {buffers_.dx, buffers_.dx + buffers_.rows * layer_->inputs()};
  }
  std::vector<float> Gradient(size_t index) const {
    return {gradients_[index], gradients_[index] + layer_->weights()[index].size()};
  }

 private:
  std::unique_ptr<Layer> layer_;
  Arena arena_;
  float* x_ = nullptr;
  std::vector<float*> weights_;
  std::vector<float*> gradients_;
  StepState step_ = {};
  LayerBuffers buffers_;
};

// The faults of a layer, one a line.
inline std::string LayerFaults(const std::string& spec_text, const Shape& input) {
  v1::LayerSpec spec = ParseText<v1::LayerSpec>(spec_text);
  Violations violations;
  ResolveLayer(spec, input, "layer", violations);
  return std::string(violations.ToStatus().message());
}

}  // namespace fitd

#endif  // FITD_TESTS_CORE_NN_LAYER_TESTING_H_
