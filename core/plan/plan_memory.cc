#include "core/plan/plan_memory.h"

#include <algorithm>

#include "core/tensor/shape.h"

namespace fitd {

void PlanMemory::Reserve(const Network& network, const Optimizer& optimizer, const Sizes& sizes) {
  const auto reserve_rows = [&](int64_t columns, float** tensor) {
    arena_.Reserve(SaturatingMultiply(sizes.rows, columns), tensor);
  };
  const int64_t member_rows = SaturatingMultiply(sizes.rows, sizes.members);
  const auto reserve_member_rows = [&](int64_t columns, float** tensor) {
    arena_.Reserve(SaturatingMultiply(member_rows, columns), tensor);
  };
  layers.resize(static_cast<size_t>(network.size()));
  for (int i = 0; i < network.size(); ++i) {
    const size_t weights = network.layer(i).weights().size();
    layers[static_cast<size_t>(i)].weights.resize(weights);
    layers[static_cast<size_t>(i)].gradients.resize(weights);
  }
  const auto for_each_weight = [&](bool trainable, auto&& reserve) {
    for (const Network::WeightPlace& place : network.weights()) {
      if (place.spec->trainable != trainable) continue;
      reserve(SaturatingMultiply(place.spec->size(), trainable ? sizes.members : 1),
              layers[static_cast<size_t>(place.layer)], static_cast<size_t>(place.index));
    }
  };

  arena_.Reserve(0, &trained_weights);
  for_each_weight(true, [&](int64_t size, LayerMemory& layer, size_t i) {
    arena_.Reserve(size, &layer.weights[i]);
  });
  trained_size = arena_.size();
  arena_.Reserve(0, &trained_gradients);
  for_each_weight(true, [&](int64_t size, LayerMemory& layer, size_t i) {
    arena_.Reserve(size, &layer.gradients[i]);
  });
  for (size_t i = 0; i < slots.size(); ++i) {
    if (optimizer.slots[i].has_value()) arena_.Reserve(trained_size, &slots[i]);
  }
  for_each_weight(false, [&](int64_t size, LayerMemory& layer, size_t i) {
    arena_.Reserve(size, &layer.weights[i]);
  });

  reserve_rows(network.inputs(), &inputs);
  reserve_rows(sizes.target_width, &targets);
  reserve_rows(1, &row_weights);
  reserve_member_rows(1, &row_loss);
  reserve_rows(network.outputs(), &one_hot);
  reserve_member_rows(network.outputs(), &outputs);
  if (sizes.members > 1) {
    reserve_member_rows(std::max(sizes.target_width, network.outputs()), &member_targets);
    reserve_member_rows(1, &member_weights);
    reserve_member_rows(network.outputs(), &member_outputs);
  }
  int64_t largest = 0;
  int64_t kernel_scratch = 0;
  for (int i = 0; i < network.size(); ++i) {
    const Layer& layer = network.layer(i);
    LayerMemory& layer_memory = layers[static_cast<size_t>(i)];
    const int64_t layer_rows = i < network.first_learner() ? sizes.rows : member_rows;
    arena_.Reserve(layer.passes_through(true) ? 0 : SaturatingMultiply(layer_rows, layer.outputs()),
                   &layer_memory.y);
    arena_.Reserve(layer.kept_size(layer_rows, true), &layer_memory.kept);
    largest = std::max(largest, layer.outputs());
    kernel_scratch =
        std::max(kernel_scratch, layer.scratch_size(sizes.rows, sizes.members, sizes.threads));
  }
  for (float*& gradient : layer_gradients) reserve_member_rows(largest, &gradient);
  arena_.Reserve(kernel_scratch, &scratch);
}

int64_t PlanMemory::Bytes(const Network& network, const Optimizer& optimizer, const Sizes& sizes) {
  PlanMemory memory;
  memory.Reserve(network, optimizer, sizes);
  return memory.bytes();
}

absl::StatusOr<std::unique_ptr<PlanMemory>> PlanMemory::Create(const Network& network,
                                                               const Optimizer& optimizer,
                                                               const Sizes& sizes) {
  std::unique_ptr<PlanMemory> memory(new PlanMemory);
  memory->Reserve(network, optimizer, sizes);
  FITD_RETURN_IF_ERROR(memory->arena_.Allocate());
  for (size_t i = 0; i < memory->slots.size(); ++i) {
    if (optimizer.slots[i].has_value()) {
      std::fill_n(memory->slots[i], memory->trained_size, *optimizer.slots[i]);
    }
  }
  return memory;
}

}  // namespace fitd
