// One fit of those that share a plan: what it has measured, its callbacks, and whom it tells.

#ifndef FITD_CORE_TRAIN_FIT_MEMBER_H_
#define FITD_CORE_TRAIN_FIT_MEMBER_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/metric/metric_set.h"
#include "core/nn/weights.h"
#include "core/plan/training_plan.h"
#include "core/train/early_stopping.h"
#include "core/train/fit.h"
#include "core/train/fit_data.h"
#include "core/train/progress_meter.h"
#include "core/train/reduce_lr_on_plateau.h"
#include "fitd/v1/job.pb.h"
#include "fitd/v1/training.pb.h"

namespace fitd {

// Loss and metrics over rows, batch by batch, as Keras reports them.
class Score {
 public:
  Score(const v1::TrainingSpec& training, int64_t outputs)
      : metrics_(training.metrics(), outputs) {}

  void Reset();
  // All it knows: loss, rows, then every metric's sums and counts.
  std::vector<double> State() const;
  // False when the state is another set of metrics'.
  bool SetState(std::span<const double> state);
  void Add(double loss, const MetricBatch& batch);
  // "loss" and the metrics, each name after `prefix`.
  std::vector<v1::MetricValue> Results(const std::string& prefix = "") const;

 private:
  double loss_ = 0;
  int64_t rows_ = 0;
  MetricSet metrics_;
};

// What the fits of a stack have in common.
struct FitCourse {
  std::unique_ptr<TrainingPlan> plan;
  int64_t training_rows;
  int64_t outputs;
  int64_t target_width;
  int64_t batch_size;
  int64_t steps_per_epoch;
  // Position: the epoch under way, from 1, and the steps done in it.
  int64_t epoch = 1;
  int64_t step = 0;
};

class FitMember {
 public:
  // `task`, the `number`-th of its stack, and `course` must outlive it. At first it is the plan's
  // `number`-th member.
  FitMember(FitTask& task, const v1::PipelineState& pipeline, const FitCourse& course, int number);

  size_t number() const { return static_cast<size_t>(number_); }
  int place() const { return place_; }
  void set_place(int place) { place_ = place; }
  // Whether somebody stopped it, or it has done its steps.
  bool told_to_stop() const { return task_.stop.load(std::memory_order_relaxed); }
  bool done() const { return steps_ && course_.plan->iterations() >= *steps_; }
  // Whether it has come to the last epoch that it may train, and whether there are more.
  bool at_end() const;
  bool held() const;

  // Takes over what a checkpoint holds beside plan and position. False when it is another fit's.
  bool Resume(const Checkpoint& checkpoint);
  // Tells the observer where the fit is.
  void ReportProgress();

  // For the step that comes.
  float NextLearningRate();
  // After each batch of an epoch, before the position moves on. An error when loss or weights are
  // not finite.
  absl::Status AddStep(int64_t rows);
  // After it did.
  void ReportStep(int64_t rows);
  absl::Status AddValidation(int64_t rows);
  // Of the epoch's steps.
  absl::Status CheckWeights() const;

  void StartValidation() { validation_score_.Reset(); }
  // After the last batch: tells the observer and the callbacks; `duration` is its share. True when
  // early stopping ends the fit.
  bool FinishEpoch(bool validated, std::chrono::nanoseconds duration);
  // After the position moved on to the next epoch.
  void ReportEpoch();
  // After either.
  bool WantsCheckpoint(bool epoch_done) const { return task_.observer.WantsCheckpoint(epoch_done); }
  void GiveCheckpoint() const { task_.observer.OnCheckpoint(MakeCheckpoint()); }

  // Its outcome, the last that is asked of it.
  FitResult Leave(bool stopped, bool held);

 private:
  // The state of a network, and how it was reached.
  struct Snapshot {
    Weights weights;
    std::vector<v1::MetricValue> metrics;
    int64_t epoch = 0;
    int64_t steps = 0;
  };

  int64_t RowsToTrain() const;
  double loss() const { return course_.plan->loss(place_); }
  MetricBatch Batch(int64_t rows) const;
  Checkpoint MakeCheckpoint() const;
  Snapshot Newest() const;  // Between epochs, or steps.
  FitResult MakeResult(Snapshot kept) const;
  absl::Status NonFiniteError() const;
  absl::Status NonFiniteValidationError() const;
  absl::Status Failure(const std::string& message, const std::string& layer,
                       const std::string& tensor) const;

  FitTask& task_;
  const v1::TrainingSpec& training_;
  const v1::PipelineState& pipeline_;
  const FitCourse& course_;
  const int number_;
  int place_;
  const std::optional<int64_t> steps_;  // See FitInput.
  const int64_t last_epoch_;            // Of those that may be trained now.

  std::string isa_;  // With those of earlier lives, where they differ.
  Score score_;      // Over the steps of the epoch under way.
  Score validation_score_;
  ProgressMeter meter_;
  std::optional<EarlyStopping> early_stopping_;
  std::optional<ReduceLrOnPlateau> plateau_;
  float learning_rate_;  // Of the newest step, or what the plateau left for the next.
  std::vector<v1::MetricValue> metrics_;  // Of the newest complete epoch.
  std::optional<Snapshot> best_;          // What early stopping would restore.
};

}  // namespace fitd

#endif  // FITD_CORE_TRAIN_FIT_MEMBER_H_
