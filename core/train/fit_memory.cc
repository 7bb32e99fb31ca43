#include "core/train/fit_memory.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "core/data/pipeline.h"
#include "core/data/table.h"
#include "core/nn/network.h"
#include "core/optim/optimizer.h"
#include "core/plan/plan_memory.h"
#include "core/tensor/shape.h"
#include "core/train/resolve_training_options.h"
#include "core/train/targets.h"

namespace fitd {
namespace {

// Whatever the model: code that no job before it has touched, stacks, the database's cache, events.
constexpr int64_t kPerFit = int64_t{9} << 19;
// Another thread's stack, and the heap of its own that the allocator gives it.
constexpr int64_t kPerThread = int64_t{128} << 10;
// A layer, its specs and its kernel calls, in the lists of full and of last batches.
constexpr int64_t kPerLayer = int64_t{8} << 10;

int64_t Sum(std::initializer_list<int64_t> terms) {
  int64_t sum = 0;
  for (const int64_t term : terms) sum = SaturatingAdd(sum, term);
  return sum;
}

int64_t ValueBytes(const v1::TableHeader& table) {
  int64_t bytes = 0;
  for (const v1::TableBlock& block : table.blocks()) {
    const int64_t values = SaturatingMultiply(table.rows(), block.width());
    bytes = SaturatingAdd(bytes, SaturatingMultiply(values, DataTypeSize(block.dtype())));
  }
  return bytes;
}

// Row numbers of both sides of the split. Drawing it takes more for a while: every row's number
// within its class and, class by class, its hash beside it.
struct RowBytes {
  int64_t kept;
  int64_t while_splitting;
};
RowBytes RowNumbers(const FitMemoryInput& input) {
  constexpr int64_t kNumber = sizeof(uint32_t);
  constexpr int64_t kHashed = sizeof(std::pair<uint64_t, uint32_t>);
  const int64_t rows = input.train.rows();
  RowBytes bytes = {.kept = SaturatingMultiply(rows, kNumber), .while_splitting = 0};
  if (HoldsOutRows(input.training)) {
    bytes.while_splitting = SaturatingMultiply(rows, kNumber + kHashed);
  }
  if (input.validation != nullptr) {
    bytes.kept = SaturatingAdd(bytes.kept, SaturatingMultiply(input.validation->rows(), kNumber));
  }
  return bytes;
}

// Before the rows are split.
int64_t MostRowsAtOnce(const FitMemoryInput& input) {
  return RowsAtOnce(input.training, input.train.rows(),
                    input.validation == nullptr ? 0 : input.validation->rows());
}

}  // namespace

int64_t FitMemory::total() const { return SaturatingAdd(allocated, mapped); }

FitMemory EstimateFitMemory(const FitMemoryInput& input) {
  const v1::TrainingSpec& training = input.training;
  const Network network(input.model);
  const Optimizer optimizer = MakeOptimizer(training.optimizer());
  const bool classes = TargetKindOf(training.loss(), input.train) == TargetKind::kClasses;
  const int64_t arena = PlanMemory::Bytes(network, optimizer,
                                          {.rows = MostRowsAtOnce(input),
                                           .target_width = classes ? 1 : LabelWidth(input.train),
                                           .threads = input.threads});
  int64_t weights = 0;
  int64_t trained = 0;
  for (const Network::WeightPlace& place : network.weights()) {
    const int64_t bytes = SaturatingMultiply(place.spec->size(), sizeof(float));
    weights = SaturatingAdd(weights, bytes);
    if (place.spec->trainable) trained = SaturatingAdd(trained, bytes);
  }
  const int64_t slots = std::count_if(optimizer.slots.begin(), optimizer.slots.end(),
                                      [](const auto& slot) { return slot.has_value(); });

  // The state that early stopping would restore; a better one is copied before that one goes. A fit
  // without it copies its weights at its end.
  const bool restores =
      training.has_early_stopping() && training.early_stopping().restore_best_weights();
  const int64_t best = restores ? weights : 0;
  // Copied now and then, to be written beside the fit.
  const int64_t checkpoint = Sum({weights, SaturatingMultiply(trained, slots), best});
  // There before the rows are split. That they are there twice while they go into the plan is less
  // than what training takes.
  const int64_t initial = input.warm_start ? weights : 0;
  const int64_t while_training = Sum({arena, best, weights, checkpoint});
  const RowBytes rows = RowNumbers(input);
  const int64_t overhead = Sum({kPerFit, SaturatingMultiply(kPerLayer, network.size()),
                                SaturatingMultiply(kPerThread, input.threads)});
  const int64_t while_splitting = SaturatingAdd(rows.while_splitting, initial);
  return {.allocated = Sum({overhead, rows.kept, std::max(while_splitting, while_training)}),
          .mapped = SaturatingAdd(ValueBytes(input.train),
                                  input.validation == nullptr ? 0 : ValueBytes(*input.validation))};
}

}  // namespace fitd
