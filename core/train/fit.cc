#include "core/train/fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "core/data/shuffle.h"
#include "core/kernels/kernels.h"
#include "core/metric/metric_set.h"
#include "core/nn/resolve_model.h"
#include "core/optim/learning_rate.h"
#include "core/plan/training_plan.h"
#include "core/train/early_stopping.h"
#include "core/train/fit_data.h"
#include "core/train/fit_warnings.h"
#include "core/train/progress_meter.h"
#include "core/train/reduce_lr_on_plateau.h"
#include "core/train/resolve_training.h"
#include "core/train/targets.h"

namespace fitd {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

void SetDuration(std::chrono::nanoseconds duration, google::protobuf::Duration& out) {
  out.set_seconds(duration / std::chrono::seconds(1));
  out.set_nanos(static_cast<int32_t>((duration % std::chrono::seconds(1)).count()));
}

std::optional<double> FindMetric(std::span<const v1::MetricValue> metrics,
                                 const std::string& name) {
  for (const v1::MetricValue& metric : metrics) {
    if (metric.name() == name && metric.has_value()) return metric.value();
  }
  return std::nullopt;
}

// One weight per class index; empty when all classes weigh 1.
std::vector<float> ClassWeights(const v1::TrainingSpec& training, const v1::TargetTransform& target,
                                int64_t outputs) {
  if (training.class_weight().empty()) return {};
  const auto& names = target.classes().label_names();
  std::vector<float> weights(static_cast<size_t>(ClassCount(outputs)), 1.0F);
  for (size_t i = 0; i < weights.size(); ++i) {
    const int index = static_cast<int>(i);
    const auto named =
        training.class_weight().find(index < names.size() ? names[index] : std::to_string(i));
    if (named != training.class_weight().end()) weights[i] = named->second;
  }
  return weights;
}

// The state of a network, and how it was reached.
struct Snapshot {
  Weights weights;
  std::vector<v1::MetricValue> metrics;
  int64_t epoch = 0;
  int64_t steps = 0;
};

// Loss and metrics over rows, batch by batch, as Keras reports them.
class Score {
 public:
  Score(const v1::TrainingSpec& training, int64_t outputs)
      : metrics_(training.metrics(), outputs) {}

  void Reset() {
    loss_ = 0;
    rows_ = 0;
    metrics_.Reset();
  }
  // All it knows: loss, rows, then every metric's sums and counts.
  std::vector<double> State() const {
    std::vector<double> state = metrics_.State();
    state.insert(state.begin(), {loss_, static_cast<double>(rows_)});
    return state;
  }
  // False when the state is another set of metrics'.
  bool SetState(std::span<const double> state) {
    if (state.size() != 2 + metrics_.state_size()) return false;
    loss_ = state[0];
    rows_ = static_cast<int64_t>(state[1]);
    metrics_.SetState(state.subspan(2));
    return true;
  }
  void Add(const TrainingPlan& plan, const MetricBatch& batch) {
    loss_ += plan.loss() * static_cast<double>(batch.rows);
    rows_ += batch.rows;
    metrics_.Update(batch);
  }
  // "loss" and the metrics, each name after `prefix`.
  std::vector<v1::MetricValue> Results(const std::string& prefix = "") const {
    std::vector<v1::MetricValue> results = metrics_.Results();
    results.insert(results.begin(),
                   MakeMetricValue("loss", Ratio(loss_, static_cast<double>(rows_))));
    for (v1::MetricValue& result : results) result.set_name(prefix + result.name());
    return results;
  }

 private:
  double loss_ = 0;
  int64_t rows_ = 0;
  MetricSet metrics_;
};

class Fit {
 public:
  Fit(const FitInput& input, const ModelShape& shape, const FitData& data, TrainingPlan& plan,
      FitObserver& observer, const std::atomic<bool>& stop)
      : training_(input.training),
        data_(data),
        outputs_(shape.outputs),
        target_width_(data.training.source->target_width()),
        batch_size_(RowsAtOnce(input.training, data.training.size(), data.validation.size())),
        steps_per_epoch_((data.training.size() + batch_size_ - 1) / batch_size_),
        class_weights_(ClassWeights(input.training, data.pipeline.state().target(), shape.outputs)),
        plan_(plan),
        observer_(observer),
        stop_(stop),
        steps_(input.steps),
        last_epoch_(std::min(input.hold_after_epochs.value_or(input.training.epochs()),
                             input.training.epochs())),
        score_(input.training, shape.outputs),
        validation_score_(input.training, shape.outputs),
        meter_(RowsToTrain(), std::chrono::steady_clock::now),
        learning_rate_(input.training.optimizer().learning_rate().constant()),
        batch_rows_{std::vector<uint32_t>(static_cast<size_t>(batch_size_)),
                    std::vector<uint32_t>(static_cast<size_t>(batch_size_))} {
    if (training_.has_early_stopping()) early_stopping_.emplace(training_.early_stopping());
    if (training_.has_reduce_lr_on_plateau()) plateau_.emplace(training_.reduce_lr_on_plateau());
  }

  // Takes over where a checkpoint was made.
  absl::Status Resume(const Checkpoint& checkpoint) {
    const v1::CheckpointState& state = checkpoint.state;
    const std::vector<double> running(state.running().begin(), state.running().end());
    if (!plan_.Resume(checkpoint.plan).ok() || !score_.SetState(running) || state.epoch() < 1 ||
        state.step() < 0 || state.step() > steps_per_epoch_ ||
        state.has_early_stopping() != early_stopping_.has_value() ||
        state.has_reduce_lr_on_plateau() != plateau_.has_value()) {
      return DataLoss("the checkpoint is another fit's");
    }
    if (state.isa() != isa_) isa_ = state.isa() + ", " + isa_;
    epoch_ = state.epoch();
    step_ = state.step();
    learning_rate_ = state.learning_rate();
    metrics_.assign(state.metrics().begin(), state.metrics().end());
    if (early_stopping_) early_stopping_->SetState(state.early_stopping());
    if (plateau_) plateau_->SetState(state.reduce_lr_on_plateau());
    if (state.has_best()) {
      best_ = Snapshot{.weights = checkpoint.best,
                       .metrics = {state.best().metrics().begin(), state.best().metrics().end()},
                       .epoch = state.best().epoch(),
                       .steps = state.best().iterations()};
    }
    meter_.Skip(
        std::min((epoch_ - 1) * data_.training.size() + step_ * batch_size_, RowsToTrain()));
    return absl::OkStatus();
  }

  absl::StatusOr<FitResult> Run() {
    bool stopped = !Adapt();
    bool held = false;
    while (!stopped && !done() && epoch_ <= training_.epochs()) {
      held = step_ == 0 && epoch_ - 1 >= last_epoch_;
      stopped = held;
      if (held) break;
      const SteadyTime start = std::chrono::steady_clock::now();
      v1::EpochCompleted event;
      event.set_epoch(epoch_);
      FITD_ASSIGN_OR_RETURN(const bool trained, Train(event));
      stopped = !trained && !done();
      if (!trained) break;
      FITD_ASSIGN_OR_RETURN(const bool validated, Validate(event));
      stopped = !validated;
      if (stopped) break;
      SetDuration(std::chrono::steady_clock::now() - start, *event.mutable_duration());
      if (FinishEpoch(event)) break;
    }
    std::optional<Checkpoint> checkpoint;
    if (stopped && plan_.iterations() > 0) checkpoint = MakeCheckpoint();
    Snapshot kept = best_ && !steps_ ? *std::move(best_)
                                     : Snapshot{.weights = plan_.Snapshot(),
                                                .metrics = std::move(metrics_),
                                                .epoch = epoch_ - 1,
                                                .steps = plan_.iterations()};
    return FitResult{.weights = std::move(kept.weights),
                     .pipeline = data_.pipeline.state(),
                     .metrics = std::move(kept.metrics),
                     .epoch = kept.epoch,
                     .steps = kept.steps,
                     .isa = isa_,
                     .stopped = stopped,
                     .held = held,
                     .checkpoint = std::move(checkpoint)};
  }

 private:
  bool stopped() const { return stop_.load(std::memory_order_relaxed); }
  bool done() const { return steps_ && plan_.iterations() >= *steps_; }

  int64_t RowsToTrain() const {
    const int64_t rows = data_.training.size() * last_epoch_;
    return steps_ ? std::min(*steps_ * batch_size_, rows) : rows;
  }

  // Normalization layers learn their statistics. False when told to stop.
  bool Adapt() {
    if (!plan_.needs_adaptation()) return true;
    for (int64_t begin = 0; begin < data_.training.size(); begin += batch_size_) {
      if (stopped()) return false;
      const std::span<const uint32_t> rows = RowsInOrder(data_.training, begin);
      plan_.Gather(*data_.training.source, rows, RowsInOrder(data_.training, begin + batch_size_));
      plan_.AdaptRows(static_cast<int64_t>(rows.size()));
    }
    plan_.FinishAdaptation();
    return true;
  }

  // The epoch's steps that are left; adds the metrics of all of them. False when told to stop, or
  // done before the epoch's end.
  absl::StatusOr<bool> Train(v1::EpochCompleted& event) {
    const auto order = Permutation(static_cast<uint32_t>(data_.training.size()), training_.seed(),
                                   static_cast<uint32_t>(epoch_ - 1));
    std::span<const uint32_t> next = TrainingRows(order, step_);
    while (step_ < steps_per_epoch_) {
      if (stopped() || done()) {
        FITD_RETURN_IF_ERROR(CheckWeights());
        return false;
      }
      const std::span<const uint32_t> rows = next;
      next = TrainingRows(order, step_ + 1);
      const auto count = static_cast<int64_t>(rows.size());
      Load(*data_.training.source, rows, next, /*training=*/true);
      if (!plateau_) {
        learning_rate_ = static_cast<float>(
            LearningRateAt(training_.optimizer().learning_rate(), plan_.iterations()));
      }
      plan_.Step(count, learning_rate_);
      if (!std::isfinite(plan_.loss())) return NonFiniteError();
      score_.Add(plan_, Batch(count));
      ++step_;
      if (meter_.Advance(count)) ReportProgress();
      if (observer_.WantsCheckpoint(false)) observer_.OnCheckpoint(MakeCheckpoint());
    }
    FITD_RETURN_IF_ERROR(CheckWeights());
    for (v1::MetricValue& value : score_.Results()) *event.add_metrics() = std::move(value);
    return true;
  }

  // Measures the validation rows, if there are any, and adds their metrics. False when told to
  // stop.
  absl::StatusOr<bool> Validate(v1::EpochCompleted& event) {
    if (data_.validation.rows.empty()) return true;
    validation_score_.Reset();
    for (int64_t begin = 0; begin < data_.validation.size(); begin += batch_size_) {
      if (stopped()) return false;
      const std::span<const uint32_t> rows = RowsInOrder(data_.validation, begin);
      const auto count = static_cast<int64_t>(rows.size());
      Load(*data_.validation.source, rows, RowsInOrder(data_.validation, begin + batch_size_),
           /*training=*/false);
      plan_.Evaluate(count);
      if (!std::isfinite(plan_.loss())) return NonFiniteValidationError();
      validation_score_.Add(plan_, Batch(count));
    }
    for (v1::MetricValue& value : validation_score_.Results("val_"))
      *event.add_metrics() = std::move(value);
    return true;
  }

  // Tells the observer and the callbacks. True when early stopping ends the fit.
  bool FinishEpoch(v1::EpochCompleted& event) {
    event.set_learning_rate(learning_rate_);
    event.set_steps(plan_.iterations());
    observer_.OnEpoch(event);
    metrics_.assign(event.metrics().begin(), event.metrics().end());
    if (plateau_) {
      const auto value = FindMetric(metrics_, training_.reduce_lr_on_plateau().monitor());
      learning_rate_ = plateau_->OnEpoch(value, learning_rate_);
    }
    EarlyStopping::Verdict verdict;
    if (early_stopping_) {
      verdict = early_stopping_->OnEpoch(
          epoch_, FindMetric(metrics_, training_.early_stopping().monitor()));
    }
    if (verdict.best && training_.early_stopping().restore_best_weights()) {
      best_ = Snapshot{.weights = plan_.Snapshot(),
                       .metrics = metrics_,
                       .epoch = epoch_,
                       .steps = plan_.iterations()};
    }
    ++epoch_;
    step_ = 0;
    score_.Reset();
    if (verdict.stop) return true;
    if (observer_.WantsCheckpoint(true)) observer_.OnCheckpoint(MakeCheckpoint());
    return false;
  }

  Checkpoint MakeCheckpoint() const {
    Checkpoint checkpoint{.state = {}, .plan = plan_.State(), .best = {}};
    v1::CheckpointState& state = checkpoint.state;
    state.set_isa(isa_);
    state.set_iterations(plan_.iterations());
    state.set_epoch(epoch_);
    state.set_step(step_);
    state.set_learning_rate(learning_rate_);
    const std::vector<double> running = score_.State();
    state.mutable_running()->Assign(running.begin(), running.end());
    state.mutable_metrics()->Assign(metrics_.begin(), metrics_.end());
    if (early_stopping_) *state.mutable_early_stopping() = early_stopping_->state();
    if (plateau_) *state.mutable_reduce_lr_on_plateau() = plateau_->state();
    if (best_) {
      state.mutable_best()->set_epoch(best_->epoch);
      state.mutable_best()->set_iterations(best_->steps);
      state.mutable_best()->mutable_metrics()->Assign(best_->metrics.begin(), best_->metrics.end());
      checkpoint.best = best_->weights;
    }
    return checkpoint;
  }

  // A batch from row `begin` on; empty at the end.
  std::span<const uint32_t> RowsInOrder(const RowSet& set, int64_t begin) const {
    begin = std::min(begin, set.size());
    return std::span(set.rows).subspan(
        static_cast<size_t>(begin), static_cast<size_t>(std::min(batch_size_, set.size() - begin)));
  }

  // Of one step; empty after the last. They stay until those of the next but one are asked for.
  std::span<const uint32_t> TrainingRows(const Permutation& order, int64_t step) {
    const int64_t begin = std::min(step * batch_size_, data_.training.size());
    if (!training_.shuffle()) return RowsInOrder(data_.training, begin);
    std::vector<uint32_t>& rows = batch_rows_[static_cast<size_t>(step % 2)];
    const int64_t count = std::min(batch_size_, data_.training.size() - begin);
    for (int64_t i = 0; i < count; ++i) {
      rows[static_cast<size_t>(i)] =
          data_.training.rows[order.At(static_cast<uint32_t>(begin + i))];
    }
    return {rows.data(), static_cast<size_t>(count)};
  }

  // Features, targets and weights into the plan. Classes weigh only in training, as in Keras.
  void Load(const RowSource& source, std::span<const uint32_t> rows, std::span<const uint32_t> next,
            bool training) {
    plan_.Gather(source, rows, next);
    source.GatherTargets(rows, plan_.targets());
    const bool sample_weights = !training_.sample_weight_column().empty();
    if (!sample_weights && class_weights_.empty()) return;
    float* weights = plan_.row_weights();
    if (sample_weights) {
      source.GatherSampleWeights(rows, weights);
    } else {
      std::fill_n(weights, rows.size(), 1.0F);
    }
    if (!training || class_weights_.empty()) return;
    for (size_t i = 0; i < rows.size(); ++i)
      weights[i] *= class_weights_[TargetClass(static_cast<int64_t>(i))];
  }

  // Of a row in the plan's buffer: its class index, or the place of the 1 in a one-hot target.
  size_t TargetClass(int64_t row) const {
    const float* target = plan_.targets() + row * target_width_;
    if (target_width_ == 1) return static_cast<size_t>(*target);
    return static_cast<size_t>(std::max_element(target, target + target_width_) - target);
  }

  MetricBatch Batch(int64_t rows) const {
    return {.rows = rows,
            .outputs = outputs_,
            .predictions = plan_.outputs(),
            .targets = plan_.targets(),
            .target_width = target_width_};
  }

  void ReportProgress() {
    v1::JobProgress progress;
    progress.set_epoch(epoch_);
    progress.set_epochs(training_.epochs());
    progress.set_step(step_);
    progress.set_steps_per_epoch(steps_per_epoch_);
    const std::vector<v1::MetricValue> metrics = score_.Results();
    progress.mutable_metrics()->Assign(metrics.begin(), metrics.end());
    progress.set_rows_per_second(meter_.rows_per_second());
    SetDuration(meter_.remaining(), *progress.mutable_remaining());
    progress.set_learning_rate(learning_rate_);
    observer_.OnProgress(progress);
  }

  // An update may have broken weights without a step to show it in the loss.
  absl::Status CheckWeights() const {
    return plan_.weights_finite() ? absl::OkStatus() : NonFiniteError();
  }

  absl::Status NonFiniteError() const {
    const double loss = plan_.loss();
    const std::string what = std::isnan(loss)       ? "loss became NaN"
                             : !std::isfinite(loss) ? "loss became infinite"
                                                    : "a weight became NaN or infinite";
    const NonFinite first =
        plan_.FindNonFinite().value_or(NonFinite{.layer = "", .tensor = "loss"});
    std::string message = fmt::format("{} at step {} (epoch {})", what, plan_.iterations(), epoch_);
    if (!first.layer.empty())
      message += fmt::format(": first in {} of layer {}", first.tensor, first.layer);
    message += "; a lower learning rate or clipnorm may help";

    return Failure(message, first.layer, first.tensor);
  }

  // Of weights that are finite and that trained on finite losses.
  absl::Status NonFiniteValidationError() const {
    std::string message =
        fmt::format("val_loss became {} at step {} (epoch {})",
                    std::isnan(plan_.loss()) ? "NaN" : "infinite", plan_.iterations(), epoch_);
    std::string layer;
    if (const std::optional<NonFinite> first = plan_.FindNonFinite(); first) layer = first->layer;
    if (!layer.empty()) message += fmt::format(": first in output of layer {}", layer);
    message +=
        "; the training is finite: look for numbers in the validation rows that are far from the "
        "training rows'";
    return Failure(message, layer, "val_loss");
  }

  absl::Status Failure(const std::string& message, const std::string& layer,
                       const std::string& tensor) const {
    v1::JobFailure failure;
    failure.set_code(static_cast<int32_t>(absl::StatusCode::kFailedPrecondition));
    failure.set_message(message);
    failure.set_step(plan_.iterations());
    failure.set_layer(layer);
    failure.set_tensor(tensor);
    absl::Status status = FailedPrecondition(message);
    status.SetPayload(kJobFailureTypeUrl, absl::Cord(failure.SerializeAsString()));
    return status;
  }

  const v1::TrainingSpec& training_;
  const FitData& data_;
  const int64_t outputs_;
  const int64_t target_width_;
  const int64_t batch_size_;
  const int64_t steps_per_epoch_;
  const std::vector<float> class_weights_;
  TrainingPlan& plan_;
  FitObserver& observer_;
  const std::atomic<bool>& stop_;
  const std::optional<int64_t> steps_;  // See FitInput.
  const int64_t last_epoch_;            // Of those that may be trained now.

  std::string isa_ = ActiveKernels().isa;  // With those of earlier lives, where they differ.
  // Position: the epoch under way, from 1, and the steps done in it.
  int64_t epoch_ = 1;
  int64_t step_ = 0;
  Score score_;  // Over those steps.
  Score validation_score_;
  ProgressMeter meter_;
  std::optional<EarlyStopping> early_stopping_;
  std::optional<ReduceLrOnPlateau> plateau_;
  float learning_rate_;  // Of the newest step, or what the plateau left for the next.
  std::array<std::vector<uint32_t>, 2> batch_rows_;  // Scratch of TrainingRows.
  std::vector<v1::MetricValue> metrics_;             // Of the newest complete epoch.
  std::optional<Snapshot> best_;                     // What early stopping would restore.
};

}  // namespace

absl::StatusOr<FitResult> RunFit(FitInput input, FitObserver& observer,
                                 const std::atomic<bool>& stop) {
  v1::ModelSpec model = input.model;
  Violations violations;
  const ModelShape shape =
      ResolveModel(model, std::numeric_limits<int64_t>::max(), "spec", violations);
  FITD_RETURN_IF_ERROR(violations.ToStatus());
  // A resumed fit has something to keep, and gets as far as that.
  const std::atomic<bool> go_on = false;
  const auto prepared = PrepareFitData(input, shape, input.resume ? go_on : stop);
  if (absl::IsCancelled(prepared.status())) {
    FitResult nothing;
    nothing.stopped = true;
    return nothing;
  }
  FITD_RETURN_IF_ERROR(prepared.status());
  const FitData& data = *prepared;
  v1::TrainingSpec training = input.training;
  training.set_batch_size(RowsAtOnce(training, data.training.size(), data.validation.size()));
  FITD_ASSIGN_OR_RETURN(const std::unique_ptr<TrainingPlan> plan,
                        TrainingPlan::Create({.model = std::move(model),
                                              .training = std::move(training),
                                              .target = data.pipeline.state().target(),
                                              .target_width = data.training.source->target_width(),
                                              .initial = input.initial_weights,
                                              .threads = input.threads}));
  observer.OnStart(data.training.size(), data.validation.size());
  for (std::string& text : FitWarnings(input, data)) {
    v1::JobWarning warning;
    warning.set_message(std::move(text));
    observer.OnWarning(warning);
  }
  Fit fit(input, shape, data, *plan, observer, stop);
  if (input.resume) FITD_RETURN_IF_ERROR(fit.Resume(*input.resume));
  // The plan has what they held, and they may be large.
  input.resume.reset();
  input.initial_weights.reset();
  return fit.Run();
}

}  // namespace fitd
