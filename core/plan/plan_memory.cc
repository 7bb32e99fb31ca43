#include "core/plan/plan_memory.h"

#include <algorithm>

#include "core/tensor/shape.h"

namespace fitd {

absl::StatusOr<std::unique_ptr<PlanMemory>> PlanMemory::Create(const Network& network,
                                                               const Optimizer& optimizer,
                                                               const Sizes& sizes) {
  std::unique_ptr<PlanMemory> memory(new PlanMemory);
  Arena& arena = memory->arena_;
  const auto reserve_rows = [&](int64_t columns, float** tensor) {
    arena.Reserve(SaturatingMultiply(sizes.rows, columns), tensor);
  };
  memory->layers.resize(static_cast<size_t>(network.size()));
  for (int i = 0; i < network.size(); ++i) {
    const size_t weights = network.layer(i).weights().size();
    memory->layers[static_cast<size_t>(i)].weights.resize(weights);
    memory->layers[static_cast<size_t>(i)].gradients.resize(weights);
  }
  const auto for_each_weight = [&](bool trainable, auto&& reserve) {
    for (const Network::WeightPlace& place : network.weights()) {
      if (place.spec->trainable != trainable) continue;
      reserve(place.spec->size(), memory->layers[static_cast<size_t>(place.layer)],
              static_cast<size_t>(place.index));
    }
  };

  arena.Reserve(0, &memory->trained_weights);
  for_each_weight(true, [&](int64_t size, LayerMemory& layer, size_t i) {
    arena.Reserve(size, &layer.weights[i]);
  });
  memory->trained_size = arena.size();
  arena.Reserve(0, &memory->trained_gradients);
  for_each_weight(true, [&](int64_t size, LayerMemory& layer, size_t i) {
    arena.Reserve(size, &layer.gradients[i]);
  });
  for (size_t i = 0; i < memory->slots.size(); ++i) {
    if (optimizer.slots[i].has_value()) arena.Reserve(memory->trained_size, &memory->slots[i]);
  }
  for_each_weight(false, [&](int64_t size, LayerMemory& layer, size_t i) {
    arena.Reserve(size, &layer.weights[i]);
  });

  reserve_rows(network.inputs(), &memory->inputs);
  reserve_rows(sizes.target_width, &memory->targets);
  reserve_rows(1, &memory->row_weights);
  reserve_rows(1, &memory->row_loss);
  reserve_rows(network.outputs(), &memory->one_hot);
  reserve_rows(network.outputs(), &memory->outputs);
  int64_t largest = 0;
  int64_t scratch = 0;
  for (int i = 0; i < network.size(); ++i) {
    const Layer& layer = network.layer(i);
    LayerMemory& layer_memory = memory->layers[static_cast<size_t>(i)];
    reserve_rows(layer.passes_through(true) ? 0 : layer.outputs(), &layer_memory.y);
    arena.Reserve(layer.kept_size(sizes.rows, true), &layer_memory.kept);
    largest = std::max(largest, layer.outputs());
    scratch = std::max(scratch, layer.scratch_size(sizes.rows, sizes.threads));
  }
  for (float*& gradient : memory->layer_gradients) reserve_rows(largest, &gradient);
  arena.Reserve(scratch, &memory->scratch);

  FITD_RETURN_IF_ERROR(arena.Allocate());
  for (size_t i = 0; i < memory->slots.size(); ++i) {
    if (optimizer.slots[i].has_value()) {
      std::fill_n(memory->slots[i], memory->trained_size, *optimizer.slots[i]);
    }
  }
  return memory;
}

}  // namespace fitd
