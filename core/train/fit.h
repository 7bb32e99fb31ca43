// The training loop: compile a plan, run epochs over batches, tell an observer, stop when told.

#ifndef FITD_CORE_TRAIN_FIT_H_
#define FITD_CORE_TRAIN_FIT_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/data/table.h"
#include "core/nn/weights.h"
#include "core/train/checkpoint.h"
#include "fitd/v1/job.pb.h"
#include "fitd/v1/model.pb.h"
#include "fitd/v1/training.pb.h"

namespace fitd {

struct FitInput {
  v1::ModelSpec model;        // Resolved.
  v1::TrainingSpec training;  // Resolved.
  std::shared_ptr<const Table> train;
  // Null: the split's rows, or none.
  std::shared_ptr<const Table> validation;
  // Warm start: weights, with the pipeline of the same version.
  std::optional<Weights> initial_weights;
  std::optional<v1::PipelineState> initial_pipeline;
  // Goes on from here instead, with the same model, training and data.
  std::optional<Checkpoint> resume;
  // Ends after so many steps, with the newest weights, whatever epochs and early stopping say.
  std::optional<int64_t> steps;
  // Stops by itself when so many epochs are complete and there are more.
  std::optional<int64_t> hold_after_epochs;
  int threads = 1;  // Never changes the result.
};

// The outcome. After a stop: the best state if early stopping restores it, else the newest.
struct FitResult {
  Weights weights;
  v1::PipelineState pipeline;
  // Of the newest epoch that was complete when the weights were so; none before the first.
  std::vector<v1::MetricValue> metrics;
  int64_t epoch = 0;     // That epoch, from 1.
  int64_t steps = 0;     // Optimizer steps that led to these weights.
  std::string isa;       // Instruction set of the kernels; several when a resumed fit moved.
  bool stopped = false;  // `stop` or `hold_after_epochs` ended it before its time.
  bool held = false;     // It was the latter.
  // After a stop: from here the same fit goes on as if nothing had been. None before the first
  // step.
  std::optional<Checkpoint> checkpoint;
};

// What happens during a fit. Called on the fit's own thread; must be quick and must not call back.
class FitObserver {
 public:
  virtual ~FitObserver() = default;
  // Once, before the first step.
  virtual void OnStart(int64_t training_rows, int64_t validation_rows) = 0;
  virtual void OnEpoch(const v1::EpochCompleted& epoch) = 0;
  // About every 100 ms.
  virtual void OnProgress(const v1::JobProgress& progress) = 0;
  virtual void OnWarning(const v1::JobWarning& warning) = 0;
  // After each step and each epoch: whether OnCheckpoint should follow, which it does as well when
  // another fit of the stack wants one. It costs a copy of the weights and of the optimizer's
  // state.
  virtual bool WantsCheckpoint(bool epoch_done) = 0;
  virtual void OnCheckpoint(Checkpoint checkpoint) = 0;
  // After each epoch: whether OnSnapshot should follow. It costs a copy of the weights.
  virtual bool WantsSnapshot() = 0;
  // The weights after the newest epoch, whichever was the best; `snapshot` is what the fit would
  // end with if it had no more epochs and no early stopping.
  virtual void OnSnapshot(FitResult snapshot) = 0;
};

// One fit of a stack: what trains together because all is the same, the data and the position of
// `resume` included, but for the epochs, the callbacks and the numbers that members of a plan may
// have each for itself (stackable.h). Each fit ends as it would
// alone, bit by bit, and when it would; none has `steps`.
struct FitTask {
  FitInput input;
  FitObserver& observer;
  const std::atomic<bool>& stop;
};

struct FitOutcome {
  size_t task = 0;  // Its place in the stack.
  absl::StatusOr<FitResult> result;
};

// What fits on the same data and from the same position must have in common to be in one stack:
// equal when it is. Nothing when no stack can have the fit. Both specs are resolved.
std::optional<std::string> StackKey(const v1::ModelSpec& model, const v1::TrainingSpec& training);
// Whether both can be in one stack.
bool StackTogether(const FitInput& a, const FitInput& b);

// How many fits train faster in a stack than one by one: from the fewest to the most, which is 1
// where no stack does.
inline constexpr int kFewestInStack = 4;
int MostInStack(const v1::ModelSpec& model, const v1::TrainingSpec& training);

// Runs all to their ends, each as RunFit would. `ended` is told of those that end at once as soon
// as they do, on the thread that calls, and of each once.
using FitsEnded = std::function<void(std::vector<FitOutcome>)>;
void RunStack(std::span<FitTask> tasks, const FitsEnded& ended);

// Runs a fit to its end, or until `stop` is true: within one mini-batch (one relaxed load per
// step), or within one pass over a column before the first. A resumed fit repeats OnStart and the
// warnings, but no epoch. DATA_LOSS when `resume` does not fit the rest of the input. NaN or Inf in
// the loss or a weight ends it with FAILED_PRECONDITION and a v1::JobFailure payload
// (kJobFailureTypeUrl) that names step, layer and tensor.
absl::StatusOr<FitResult> RunFit(FitInput input, FitObserver& observer,
                                 const std::atomic<bool>& stop);

inline constexpr char kJobFailureTypeUrl[] = "type.googleapis.com/fitd.v1.JobFailure";

}  // namespace fitd

#endif  // FITD_CORE_TRAIN_FIT_H_
