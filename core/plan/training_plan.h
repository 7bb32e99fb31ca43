// A network, its loss and its optimizer compiled into flat lists of kernel calls over one arena:
// parameters, optimizer state, gradients, activations, scratch. A step allocates nothing, takes no
// lock (but for the spinning barrier between its own threads) and calls no system, except that the
// first step of another number of rows than batch_size compiles its own lists.

#ifndef FITD_CORE_PLAN_TRAINING_PLAN_H_
#define FITD_CORE_PLAN_TRAINING_PLAN_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/data/pipeline.h"
#include "core/nn/weights.h"
#include "fitd/v1/model.pb.h"
#include "fitd/v1/training.pb.h"

namespace fitd {

// Where the first NaN or Inf of a step was found.
struct NonFinite {
  std::string layer;   // "dense_1"; empty for the loss itself.
  std::string tensor;  // "output", "kernel", "gradient of kernel", "loss"
};

// What the next step of a plan depends on, beside its options.
struct PlanState {
  Weights weights;
  // The optimizer's, each over all trainable weights, in a layout of the plan's own.
  std::vector<std::vector<float>> slots;
  int64_t iterations = 0;
};

// Single-thread for its caller; runs its kernels on `threads` threads of its own, the caller's
// being the first.
class TrainingPlan {
 public:
  // What each network of a stack has for itself. Resolved.
  struct Member {
    v1::ModelSpec model;
    v1::OptimizerSpec optimizer;
  };
  struct Options {
    v1::ModelSpec model = {};  // Resolved.
    // Resolved. The plan reads loss, optimizer, batch_size and seed.
    v1::TrainingSpec training = {};
    v1::TargetTransform target = {};  // For the inverse of a standardised regression target.
    int64_t target_width = 1;         // Values per row of targets().
    // Else from the initializers. Optimizer state always starts fresh.
    std::optional<Weights> initial = {};
    int threads = 1;
    // A stack: networks that start alike and see the same rows. Each computes what it would alone,
    // bit by bit. Up to kMostMembers, which are alike in what Stackable (stackable.h) leaves of
    // them. When empty, there is one, of `model` and training.optimizer().
    std::vector<Member> members = {};
  };
  // INVALID_ARGUMENT or DATA_LOSS when `initial` does not fit the architecture.
  static absl::StatusOr<std::unique_ptr<TrainingPlan>> Create(const Options& options);
  virtual ~TrainingPlan() = default;

  // The newest Gather stands for what the next Step, Evaluate or AdaptRows would find in inputs():
  // these rows' features, gathered by the plan's threads. Source, rows and `next`, the batch after
  // this one, must live until then.
  virtual void Gather(const RowSource& source, std::span<const uint32_t> rows,
                      std::span<const uint32_t> next) = 0;
  // Buffers of one batch, for the caller to fill before Step or Evaluate. They live as long as the
  // plan.
  virtual float* inputs() = 0;       // [batch_size, inputs]
  virtual float* targets() = 0;      // [batch_size, target_width]
  virtual float* row_weights() = 0;  // [batch_size]; all 1 until written.
  // [batch_size, outputs]: what the newest Step (before its update) or Evaluate gave, activation
  // and target inverse included. This and what follows is of one member; of the only one where none
  // is named.
  virtual const float* outputs(int member) const = 0;
  const float* outputs() const { return outputs(0); }

  // Weights named "mean" and "variance" of a Normalization layer that asks to be adapted: one pass
  // over the training inputs. Never with `initial` weights, which have them.
  virtual bool needs_adaptation() const = 0;
  virtual void AdaptRows(int64_t rows) = 0;  // Adds inputs()[0 .. rows) to the statistics.
  virtual void FinishAdaptation() = 0;

  // One optimizer step on the first `rows` rows (1 to batch_size): forward with dropout, loss,
  // backward, update. A learning rate for each member.
  virtual void Step(int64_t rows, std::span<const float> learning_rates) = 0;
  void Step(int64_t rows, float learning_rate) { Step(rows, std::span(&learning_rate, 1)); }
  // Forward without dropout, and the loss.
  virtual void Evaluate(int64_t rows) = 0;

  // Of the newest Step or Evaluate: sum over rows of weighted loss / rows + penalties, in Keras's
  // sense. With standardised targets all of it is in the target's unit, and a step descends what it
  // would be on the standardised ones: TargetInverse::loss_unit times less.
  virtual double loss(int member) const = 0;
  double loss() const { return loss(0); }
  // Looks for the first NaN or Inf of the newest step: layer outputs in order, the loss, gradients,
  // then weights. Slow; called only when loss() or a periodic check of the weights shows one.
  virtual std::optional<NonFinite> FindNonFinite(int member) const = 0;
  std::optional<NonFinite> FindNonFinite() const { return FindNonFinite(0); }
  virtual bool weights_finite(int member) const = 0;
  bool weights_finite() const { return weights_finite(0); }

  // Steps done.
  virtual int64_t iterations() const = 0;

  virtual Weights Snapshot(int member) const = 0;
  Weights Snapshot() const { return Snapshot(0); }
  // Puts back weights that Snapshot gave, into all members; optimizer state stays.
  virtual void Restore(const Weights& weights) = 0;

  // With what State gave, a plan made from the same options goes on as this one would; so does the
  // member of any stack.
  virtual PlanState State(int member) const = 0;
  PlanState State() const { return State(0); }
  // A state for each member, of the same number of iterations. INVALID_ARGUMENT when one is another
  // network's or optimizer's.
  virtual absl::Status Resume(std::span<const PlanState> states) = 0;
  absl::Status Resume(const PlanState& state) { return Resume(std::span(&state, 1)); }
};

}  // namespace fitd

#endif  // FITD_CORE_PLAN_TRAINING_PLAN_H_
