#include "core/train/fit_member.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "core/kernels/kernels.h"
#include "core/optim/learning_rate.h"
#include "core/train/targets.h"

namespace fitd {
namespace {

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

}  // namespace

void Score::Reset() {
  loss_ = 0;
  rows_ = 0;
  metrics_.Reset();
}

std::vector<double> Score::State() const {
  std::vector<double> state = metrics_.State();
  state.insert(state.begin(), {loss_, static_cast<double>(rows_)});
  return state;
}

bool Score::SetState(std::span<const double> state) {
  if (state.size() != 2 + metrics_.state_size()) return false;
  loss_ = state[0];
  rows_ = static_cast<int64_t>(state[1]);
  metrics_.SetState(state.subspan(2));
  return true;
}

void Score::Add(double loss, const MetricBatch& batch) {
  loss_ += loss * static_cast<double>(batch.rows);
  rows_ += batch.rows;
  metrics_.Update(batch);
}

std::vector<v1::MetricValue> Score::Results(const std::string& prefix) const {
  std::vector<v1::MetricValue> results = metrics_.Results();
  results.insert(results.begin(),
                 MakeMetricValue("loss", Ratio(loss_, static_cast<double>(rows_))));
  for (v1::MetricValue& result : results) result.set_name(prefix + result.name());
  return results;
}

FitMember::FitMember(FitTask& task, const v1::PipelineState& pipeline, const FitCourse& course,
                     int number)
    : task_(task),
      training_(task.input.training),
      pipeline_(pipeline),
      course_(course),
      number_(number),
      place_(number),
      steps_(task.input.steps),
      last_epoch_(
          std::min(task.input.hold_after_epochs.value_or(training_.epochs()), training_.epochs())),
      isa_(ActiveKernels().isa),
      score_(training_, course.outputs),
      validation_score_(training_, course.outputs),
      meter_(RowsToTrain(), std::chrono::steady_clock::now),
      learning_rate_(training_.optimizer().learning_rate().constant()) {
  if (training_.has_early_stopping()) early_stopping_.emplace(training_.early_stopping());
  if (training_.has_reduce_lr_on_plateau()) plateau_.emplace(training_.reduce_lr_on_plateau());
}

bool FitMember::at_end() const { return done() || course_.epoch > training_.epochs(); }

bool FitMember::held() const { return course_.step == 0 && course_.epoch > last_epoch_; }

bool FitMember::Resume(const Checkpoint& checkpoint) {
  const v1::CheckpointState& state = checkpoint.state;
  const std::vector<double> running(state.running().begin(), state.running().end());
  if (!score_.SetState(running) || state.has_early_stopping() != early_stopping_.has_value() ||
      state.has_reduce_lr_on_plateau() != plateau_.has_value()) {
    return false;
  }
  if (state.isa() != isa_) isa_ = state.isa() + ", " + isa_;
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
  const int64_t rows =
      (state.epoch() - 1) * course_.training_rows + state.step() * course_.batch_size;
  meter_.Skip(std::min(rows, RowsToTrain()));
  return true;
}

float FitMember::NextLearningRate() {
  if (!plateau_) {
    learning_rate_ = static_cast<float>(
        LearningRateAt(training_.optimizer().learning_rate(), course_.plan->iterations()));
  }
  return learning_rate_;
}

absl::Status FitMember::AddStep(int64_t rows) {
  if (!std::isfinite(loss())) return NonFiniteError();
  score_.Add(loss(), Batch(rows));
  return absl::OkStatus();
}

void FitMember::ReportStep(int64_t rows) {
  if (meter_.Advance(rows)) ReportProgress();
}

absl::Status FitMember::AddValidation(int64_t rows) {
  if (!std::isfinite(loss())) return NonFiniteValidationError();
  validation_score_.Add(loss(), Batch(rows));
  return absl::OkStatus();
}

// An update may have broken weights without a step to show it in the loss.
absl::Status FitMember::CheckWeights() const {
  return course_.plan->weights_finite(place_) ? absl::OkStatus() : NonFiniteError();
}

bool FitMember::FinishEpoch(bool validated, std::chrono::nanoseconds duration) {
  v1::EpochCompleted event;
  event.set_epoch(course_.epoch);
  for (v1::MetricValue& value : score_.Results()) *event.add_metrics() = std::move(value);
  if (validated) {
    for (v1::MetricValue& value : validation_score_.Results("val_"))
      *event.add_metrics() = std::move(value);
  }
  SetDuration(duration, *event.mutable_duration());
  event.set_learning_rate(learning_rate_);
  event.set_steps(course_.plan->iterations());
  task_.observer.OnEpoch(event);
  metrics_.assign(event.metrics().begin(), event.metrics().end());
  if (plateau_) {
    const auto value = FindMetric(metrics_, training_.reduce_lr_on_plateau().monitor());
    learning_rate_ = plateau_->OnEpoch(value, learning_rate_);
  }
  EarlyStopping::Verdict verdict;
  if (early_stopping_) {
    verdict = early_stopping_->OnEpoch(course_.epoch,
                                       FindMetric(metrics_, training_.early_stopping().monitor()));
  }
  if (verdict.best && training_.early_stopping().restore_best_weights()) {
    best_ = Snapshot{.weights = course_.plan->Snapshot(place_),
                     .metrics = metrics_,
                     .epoch = course_.epoch,
                     .steps = course_.plan->iterations()};
  }
  score_.Reset();
  return verdict.stop;
}

void FitMember::ReportEpoch() {
  if (task_.observer.WantsSnapshot()) task_.observer.OnSnapshot(MakeResult(Newest()));
}

FitResult FitMember::Leave(bool stopped, bool held) {
  std::optional<Checkpoint> checkpoint;
  if (stopped && course_.plan->iterations() > 0) checkpoint = MakeCheckpoint();
  FitResult result = MakeResult(best_ && !steps_ ? *std::move(best_) : Newest());
  result.stopped = stopped;
  result.held = held;
  result.checkpoint = std::move(checkpoint);
  return result;
}

FitMember::Snapshot FitMember::Newest() const {
  return {.weights = course_.plan->Snapshot(place_),
          .metrics = metrics_,
          .epoch = course_.epoch - 1,
          .steps = course_.plan->iterations()};
}

FitResult FitMember::MakeResult(Snapshot kept) const {
  FitResult result;
  result.weights = std::move(kept.weights);
  result.pipeline = pipeline_;
  result.metrics = std::move(kept.metrics);
  result.epoch = kept.epoch;
  result.steps = kept.steps;
  result.isa = isa_;
  return result;
}

int64_t FitMember::RowsToTrain() const {
  const int64_t rows = course_.training_rows * last_epoch_;
  return steps_ ? std::min(*steps_ * course_.batch_size, rows) : rows;
}

MetricBatch FitMember::Batch(int64_t rows) const {
  return {.rows = rows,
          .outputs = course_.outputs,
          .predictions = course_.plan->outputs(place_),
          .targets = course_.plan->targets(),
          .target_width = course_.target_width};
}

Checkpoint FitMember::MakeCheckpoint() const {
  Checkpoint checkpoint{.state = {}, .plan = course_.plan->State(place_), .best = {}};
  v1::CheckpointState& state = checkpoint.state;
  state.set_isa(isa_);
  state.set_iterations(course_.plan->iterations());
  state.set_epoch(course_.epoch);
  state.set_step(course_.step);
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

void FitMember::ReportProgress() {
  // Before the first step of an epoch, there is the one before to tell of.
  const bool between = course_.step == 0 && course_.epoch > 1;
  v1::JobProgress progress;
  progress.set_epoch(between ? course_.epoch - 1 : course_.epoch);
  progress.set_epochs(training_.epochs());
  progress.set_step(between ? course_.steps_per_epoch : course_.step);
  progress.set_steps_per_epoch(course_.steps_per_epoch);
  const std::vector<v1::MetricValue> metrics = between ? metrics_ : score_.Results();
  progress.mutable_metrics()->Assign(metrics.begin(), metrics.end());
  if (meter_.rows_per_second() > 0) {
    progress.set_rows_per_second(meter_.rows_per_second());
    SetDuration(meter_.remaining(), *progress.mutable_remaining());
  }
  progress.set_learning_rate(learning_rate_);
  task_.observer.OnProgress(progress);
}

absl::Status FitMember::NonFiniteError() const {
  const double loss = this->loss();
  const std::string what = std::isnan(loss)       ? "loss became NaN"
                           : !std::isfinite(loss) ? "loss became infinite"
                                                  : "a weight became NaN or infinite";
  const NonFinite first =
      course_.plan->FindNonFinite(place_).value_or(NonFinite{.layer = "", .tensor = "loss"});
  std::string message =
      fmt::format("{} at step {} (epoch {})", what, course_.plan->iterations(), course_.epoch);
  if (!first.layer.empty())
    message += fmt::format(": first in {} of layer {}", first.tensor, first.layer);
  message += "; a lower learning rate or clipnorm may help";

  return Failure(message, first.layer, first.tensor);
}

// Of weights that are finite and that trained on finite losses.
absl::Status FitMember::NonFiniteValidationError() const {
  std::string message = fmt::format("val_loss became {} at step {} (epoch {})",
                                    std::isnan(loss()) ? "NaN" : "infinite",
                                    course_.plan->iterations(), course_.epoch);
  std::string layer;
  if (const std::optional<NonFinite> first = course_.plan->FindNonFinite(place_); first)
    layer = first->layer;
  if (!layer.empty()) message += fmt::format(": first in output of layer {}", layer);
  message +=
      "; the training is finite: look for numbers in the validation rows that are far from the "
      "training rows'";
  return Failure(message, layer, "val_loss");
}

absl::Status FitMember::Failure(const std::string& message, const std::string& layer,
                                const std::string& tensor) const {
  v1::JobFailure failure;
  failure.set_code(static_cast<int32_t>(absl::StatusCode::kFailedPrecondition));
  failure.set_message(message);
  failure.set_step(course_.plan->iterations());
  failure.set_layer(layer);
  failure.set_tensor(tensor);
  absl::Status status = FailedPrecondition(message);
  status.SetPayload(kJobFailureTypeUrl, absl::Cord(failure.SerializeAsString()));
  return status;
}

}  // namespace fitd
