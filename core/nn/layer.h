// A layer: the shape it gives, the weights it has, and the kernel calls it is made of.

#ifndef FITD_CORE_NN_LAYER_H_
#define FITD_CORE_NN_LAYER_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/kernels/kernels.h"
#include "core/nn/op_list.h"
#include "core/nn/regularizer.h"
#include "core/tensor/shape.h"
#include "fitd/v1/layer.pb.h"

namespace fitd {

// What a layer wants to know of one of its weights, and others of it.
struct WeightSpec {
  std::string name;  // "kernel"
  Shape shape;
  bool trainable = true;
  v1::InitializerSpec initializer = {};  // Resolved.
  std::vector<float> values =
      {};  // How it starts: one for all, or one each; when empty, by the initializer.
  Penalty penalty = {};

  int64_t size() const { return ElementCount(shape); }
  Block block(int64_t members = 1) const {
    return {.rows = size() / shape.back(), .members = members, .units = shape.back()};
  }
};

// The memory that a layer's kernels work on. Weights and gradients are in the order of
// Layer::weights(). A stack's values lie side by side, as kernels.h says.
struct LayerBuffers {
  int64_t rows = 0;
  int64_t members = 1;       // Only a layer that learns, or is not row-wise, is given several.
  bool shares_x = false;     // x is that of all members: [rows, inputs].
  bool training = false;     // Dropout drops.
  const float* x = nullptr;  // [rows, inputs]
  float* y = nullptr;        // [rows, outputs]
  float* kept = nullptr;     // kept_size(): written by the forward pass, read by the backward pass.
  float* dy = nullptr;       // [rows, outputs]; the backward pass may overwrite it.
  float* dx = nullptr;       // [rows, inputs], or null when nobody needs it.
  bool dy_skips_softmax = false;  // dy is the gradient of what the layer's softmax reads.
  std::span<float* const> weights;
  std::span<float* const> gradients;  // Null for weights that are not trainable.
  float* scratch = nullptr;           // scratch_size(), shared by all layers.
  const StepState* step = nullptr;    // Only read while training.
  PerMember dropout_rates;
};

// Constant after construction; thread-safe.
class Layer {
 public:
  virtual ~Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  const Shape& output_shape() const { return output_shape_; }
  int64_t inputs() const { return inputs_; }    // Values per row.
  int64_t outputs() const { return outputs_; }  // Values per row.
  std::span<const WeightSpec> weights() const { return weights_; }
  // Whether it has weights that training changes.
  bool learns() const {
    return std::any_of(weights_.begin(), weights_.end(),
                       [](const WeightSpec& weight) { return weight.trainable; });
  }

  // Whether y is x, value by value: then the layer emits nothing and needs no y, dx or kept.
  virtual bool passes_through(bool /*training*/) const { return false; }
  // What it is when all it does is to rescale every value alike.
  virtual std::optional<Rescale> rescale() const { return std::nullopt; }
  // Whether a softmax along the whole row is the last thing it does.
  virtual bool ends_in_softmax() const { return false; }
  // Whether its dx, where it is given one, is its dy.
  virtual bool backward_in_place() const { return false; }
  // Whether a row's output depends on that row alone, not on its place in the batch.
  virtual bool row_wise() const { return true; }
  virtual float dropout_rate() const { return 0; }
  // On its output, of one batch, divided by the number of rows (as Keras 3 does).
  virtual Penalty activity_penalty() const { return {}; }
  // Values of `kept` and `scratch` for this many rows.
  virtual int64_t kept_size(int64_t /*rows*/, bool /*training*/) const { return 0; }
  virtual int64_t scratch_size(int64_t /*rows*/, int64_t /*members*/, int /*parts*/) const {
    return 0;
  }

  virtual void EmitForward(const LayerBuffers& buffers, OpList& ops) const = 0;
  // Gradients are written, not added to.
  virtual void EmitBackward(const LayerBuffers& buffers, OpList& ops) const = 0;

 protected:
  Layer(const Shape& input, Shape output, std::vector<WeightSpec> weights = {})
      : output_shape_(std::move(output)),
        inputs_(ElementCount(input)),
        outputs_(ElementCount(output_shape_)),
        weights_(std::move(weights)) {}

 private:
  const Shape output_shape_;
  const int64_t inputs_;
  const int64_t outputs_;
  const std::vector<WeightSpec> weights_;
};

}  // namespace fitd

#endif  // FITD_CORE_NN_LAYER_H_
