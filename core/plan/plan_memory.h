// Every tensor of a training plan, in one arena.

#ifndef FITD_CORE_PLAN_PLAN_MEMORY_H_
#define FITD_CORE_PLAN_PLAN_MEMORY_H_

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/status.h"
#include "core/nn/network.h"
#include "core/optim/optimizer.h"
#include "core/tensor/arena.h"
#include "core/tensor/shape.h"

namespace fitd {

// 64-byte aligned and zero at first, but for the optimizer's slots, which have their start values.
class PlanMemory {
 public:
  struct Sizes {
    int64_t rows;  // Of the largest batch.
    int64_t target_width;
    int threads;
    int64_t members = 1;
  };
  // RESOURCE_EXHAUSTED when there is not that much memory.
  static absl::StatusOr<std::unique_ptr<PlanMemory>> Create(const Network& network,
                                                            const Optimizer& optimizer,
                                                            const Sizes& sizes);
  // What Create would allocate, kSaturated at most; allocates nothing of that size.
  static int64_t Bytes(const Network& network, const Optimizer& optimizer, const Sizes& sizes);

  int64_t bytes() const { return SaturatingMultiply(arena_.size(), sizeof(float)); }

  // Of a stack from the first layer on that learns; those below are the same for all members.
  struct LayerMemory {
    float* y;     // [rows, members, outputs]
    float* kept;  // What the layer asks for.
    std::vector<float*> weights;
    std::vector<float*> gradients;  // Null for weights that are not trainable.
  };
  std::vector<LayerMemory> layers;

  // All trainable weights side by side, their gradients, and the optimizer's slots in the same
  // layout.
  int64_t trained_size = 0;
  float* trained_weights;
  float* trained_gradients;
  std::array<float*, 3> slots = {};  // Null where the optimizer has none.

  float* inputs;                          // [rows, inputs]
  float* targets;                         // [rows, target_width]
  float* one_hot;                         // [rows, outputs]: targets made from class indices.
  float* row_weights;                     // [rows]
  float* row_loss;                        // [rows, members]
  float* outputs;                         // [rows, members, outputs]: after the target's inverse.
  float* scratch;                         // Kernels'.
  std::array<float*, 2> layer_gradients;  // [rows, members, outputs] of any layer, by turns.
  // Of several members: what the loss takes, and their outputs one after another.
  float* member_targets;  // [rows, members, target_width or outputs]
  float* member_weights;  // [rows, members]
  float* member_outputs;  // [members, rows, outputs]

 private:
  PlanMemory() = default;
  void Reserve(const Network& network, const Optimizer& optimizer, const Sizes& sizes);
  Arena arena_;
};

}  // namespace fitd

#endif  // FITD_CORE_PLAN_PLAN_MEMORY_H_
