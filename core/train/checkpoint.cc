#include "core/train/checkpoint.h"

#include <string_view>
#include <utility>
#include <vector>

#include "core/nn/tensor_file.h"
#include "fmt/format.h"

namespace fitd {
namespace {

// docs/formats.md, "Checkpoint file".
constexpr TensorFileKind kKind = {.magic = "FITDCKP1", .name = "checkpoint"};
constexpr std::string_view kWeights = "weights/";
constexpr std::string_view kOptimizer = "optimizer/";
constexpr std::string_view kBest = "best/";

void AddViews(const Weights& weights, std::string_view prefix, std::vector<TensorView>& views) {
  for (const Weight& weight : weights.tensors) views.push_back(ViewOf(weight, std::string(prefix)));
}

}  // namespace

absl::Status Checkpoint::Save(const std::string& path) const {
  v1::WeightsHeader header;
  *header.mutable_checkpoint() = state;
  std::vector<TensorView> views;
  AddViews(plan.weights, kWeights, views);
  for (size_t i = 0; i < plan.slots.size(); ++i) {
    views.push_back({.name = fmt::format("{}{}", kOptimizer, i),
                     .shape = {static_cast<int64_t>(plan.slots[i].size())},
                     .values = plan.slots[i]});
  }
  AddViews(best, kBest, views);
  return SaveTensorFile(path, kKind, std::move(header), views);
}

absl::StatusOr<Checkpoint> Checkpoint::Load(const std::string& path) {
  FITD_ASSIGN_OR_RETURN(TensorFile file, LoadTensorFile(path, kKind));
  Checkpoint checkpoint;
  checkpoint.state = file.header.checkpoint();
  checkpoint.plan.iterations = checkpoint.state.iterations();
  for (Weight& tensor : file.tensors) {
    const auto take = [&](std::string_view prefix) {
      if (!tensor.name.starts_with(prefix)) return false;
      tensor.name.erase(0, prefix.size());
      return true;
    };
    if (take(kWeights)) {
      checkpoint.plan.weights.tensors.push_back(std::move(tensor));
    } else if (take(kOptimizer)) {
      checkpoint.plan.slots.push_back(std::move(tensor.values));
    } else if (take(kBest)) {
      checkpoint.best.tensors.push_back(std::move(tensor));
    } else {
      return DataLoss(fmt::format("a checkpoint holds an unknown tensor {}", tensor.name));
    }
  }
  return checkpoint;
}

}  // namespace fitd
