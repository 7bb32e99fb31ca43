#include "core/plan/predictor.h"

#include <algorithm>
#include <new>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "core/nn/network.h"
#include "core/nn/op_list.h"
#include "core/plan/penalty_sums.h"
#include "core/plan/target_inverse.h"
#include "core/tensor/arena.h"

namespace fitd {
namespace {

// Rows that go through the network at once: enough to fill the kernels, few enough to stay in the
// cache.
constexpr int64_t kMaxRows = 256;
constexpr int64_t kMaxValuesPerLayer = int64_t{1} << 20;

class NetworkPredictor final : public Predictor {
 public:
  NetworkPredictor(Network network, TargetInverse inverse);
  absl::Status SetWeights(const Weights& weights);

  int64_t inputs() const override { return network_.inputs(); }
  int64_t outputs() const override { return network_.outputs(); }
  bool Predict(const float* x, int64_t rows, float* y, const std::function<bool()>& cancelled,
               double* activity_penalty) const override;
  double weight_penalty() const override { return weight_penalty_; }

 private:
  // What one call works on.
  struct Scratch {
    Arena arena;
    float* values[2];          // Layers' outputs, by turns: [rows_at_once_, outputs] of any layer.
    std::vector<float*> kept;  // By layer.
    float* kernel_scratch;
    OpList ops;
    std::vector<PenaltySums> penalty_sums;  // By layer; of the newest rows.
  };

  std::unique_ptr<Scratch> Take() const;
  std::unique_ptr<Scratch> MakeScratch() const;
  void GiveBack(std::unique_ptr<Scratch> scratch) const;
  // Returns where the outputs will lie: y, or x when no layer changes anything. With `penalties`
  // the sums that they need are computed too.
  const float* Emit(const float* x, int64_t rows, float* y, bool penalties, Scratch& scratch) const;

  const Network network_;
  const TargetInverse inverse_;
  int64_t largest_layer_ = 1;
  int64_t rows_at_once_;
  Arena weights_;
  std::vector<std::vector<float*>> layer_weights_;  // By layer.
  double weight_penalty_ = 0;

  mutable Mutex mutex_;
  mutable std::vector<std::unique_ptr<Scratch>> free_ ABSL_GUARDED_BY(mutex_);
};

NetworkPredictor::NetworkPredictor(Network network, TargetInverse inverse)
    : network_(std::move(network)), inverse_(std::move(inverse)) {
  for (int i = 0; i < network_.size(); ++i) {
    largest_layer_ = std::max(largest_layer_, network_.layer(i).outputs());
    layer_weights_.emplace_back(network_.layer(i).weights().size());
  }
  rows_at_once_ = std::clamp<int64_t>(kMaxValuesPerLayer / largest_layer_, 1, kMaxRows);
}

absl::Status NetworkPredictor::SetWeights(const Weights& weights) {
  FITD_RETURN_IF_ERROR(network_.CheckWeights(weights));
  const auto place_of = [&](const Network::WeightPlace& place) -> float*& {
    return layer_weights_[static_cast<size_t>(place.layer)][static_cast<size_t>(place.index)];
  };
  for (const Network::WeightPlace& place : network_.weights())
    weights_.Reserve(place.spec->size(), &place_of(place));
  FITD_RETURN_IF_ERROR(weights_.Allocate());
  for (size_t i = 0; i < weights.tensors.size(); ++i) {
    std::copy(weights.tensors[i].values.begin(), weights.tensors[i].values.end(),
              place_of(network_.weights()[i]));
  }
  for (const Network::WeightPlace& place : network_.weights()) {
    PenaltySums sums;
    ActiveKernels().sums(SumsFor(place.spec->penalty, place.spec->block(), place_of(place), sums),
                         {.index = 0, .count = 1});
    weight_penalty_ += Value(place.spec->penalty, sums);
  }
  return absl::OkStatus();
}

std::unique_ptr<NetworkPredictor::Scratch> NetworkPredictor::Take() const {
  MutexLock lock(mutex_);
  if (free_.empty()) return nullptr;
  std::unique_ptr<Scratch> scratch = std::move(free_.back());
  free_.pop_back();
  return scratch;
}

std::unique_ptr<NetworkPredictor::Scratch> NetworkPredictor::MakeScratch() const {
  auto scratch = std::make_unique<Scratch>();
  scratch->kept.resize(static_cast<size_t>(network_.size()));
  scratch->penalty_sums.resize(static_cast<size_t>(network_.size()));
  for (float*& values : scratch->values)
    scratch->arena.Reserve(rows_at_once_ * largest_layer_, &values);
  int64_t kernel_scratch = 0;
  for (int i = 0; i < network_.size(); ++i) {
    scratch->arena.Reserve(network_.layer(i).kept_size(rows_at_once_, false),
                           &scratch->kept[static_cast<size_t>(i)]);
    kernel_scratch = std::max(kernel_scratch, network_.layer(i).scratch_size(rows_at_once_, 1, 1));
  }
  scratch->arena.Reserve(kernel_scratch, &scratch->kernel_scratch);
  if (!scratch->arena.Allocate().ok()) throw std::bad_alloc();  // As any allocation here would.
  return scratch;
}

void NetworkPredictor::GiveBack(std::unique_ptr<Scratch> scratch) const {
  MutexLock lock(mutex_);
  free_.push_back(std::move(scratch));
}

const float* NetworkPredictor::Emit(const float* x, int64_t rows, float* y, bool penalties,
                                    Scratch& scratch) const {
  int last = network_.size() - 1;
  while (last >= 0 && network_.layer(last).passes_through(false)) --last;
  int turn = 0;
  for (int i = 0; i <= last; ++i) {
    const Layer& layer = network_.layer(i);
    if (layer.passes_through(false)) continue;
    LayerBuffers buffers;
    buffers.rows = rows;
    buffers.x = x;
    buffers.y = i == last ? y : scratch.values[turn ^= 1];
    buffers.kept =
        layer.kept_size(rows, false) > 0 ? scratch.kept[static_cast<size_t>(i)] : nullptr;
    buffers.weights = layer_weights_[static_cast<size_t>(i)];
    buffers.scratch = scratch.kernel_scratch;
    layer.EmitForward(buffers, scratch.ops);
    x = buffers.y;
    if (const Penalty penalty = layer.activity_penalty(); penalties && !penalty.empty()) {
      scratch.ops.Add(ActiveKernels().sums, SumsFor(penalty, {rows, 1, layer.outputs()}, x,
                                                    scratch.penalty_sums[static_cast<size_t>(i)]));
    }
  }
  if (inverse_.empty()) return x;
  inverse_.EmitForward(rows, x, y, scratch.ops);
  return y;
}

bool NetworkPredictor::Predict(const float* x, int64_t rows, float* y,
                               const std::function<bool()>& cancelled,
                               double* activity_penalty) const {
  const KernelArithmetic arithmetic;
  std::unique_ptr<Scratch> scratch = Take();
  if (scratch == nullptr) scratch = MakeScratch();
  int64_t done = 0;
  for (; done < rows && !cancelled(); done += rows_at_once_) {
    const int64_t count = std::min(rows_at_once_, rows - done);
    scratch->ops.Clear();
    float* chunk = y + done * outputs();
    const float* result =
        Emit(x + done * inputs(), count, chunk, activity_penalty != nullptr, *scratch);
    scratch->ops.Run();
    for (int i = 0; activity_penalty != nullptr && i < network_.size(); ++i) {
      *activity_penalty += Value(network_.layer(i).activity_penalty(),
                                 scratch->penalty_sums[static_cast<size_t>(i)]);
    }
    if (result != chunk) std::copy_n(result, count * outputs(), chunk);
  }
  GiveBack(std::move(scratch));
  return done >= rows;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Predictor>> Predictor::Create(const v1::ModelSpec& spec,
                                                             const Weights& weights,
                                                             const v1::TargetTransform& target) {
  Network network(spec);
  FITD_ASSIGN_OR_RETURN(TargetInverse inverse, TargetInverse::Create(target, network.outputs()));
  auto predictor = std::make_unique<NetworkPredictor>(std::move(network), std::move(inverse));
  FITD_RETURN_IF_ERROR(predictor->SetWeights(weights));
  return predictor;
}

}  // namespace fitd
