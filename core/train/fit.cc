#include "core/train/fit.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "core/base/canonical_bytes.h"
#include "core/data/shuffle.h"
#include "core/nn/network.h"
#include "core/nn/resolve_model.h"
#include "core/plan/stackable.h"
#include "core/plan/training_plan.h"
#include "core/train/fit_data.h"
#include "core/train/fit_member.h"
#include "core/train/fit_warnings.h"
#include "core/train/resolve_training_options.h"
#include "core/train/targets.h"
#include "fitd/v1/search.pb.h"

namespace fitd {
namespace {

// What a stack works on in a step should stay near the processor: weights, gradients and two slots
// of the optimizer, activations and their gradients. Measured with tests/bench/steps_bench.cc.
constexpr int64_t kStackBytes = int64_t{5} << 19;

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

// The loop over epochs and batches, for all members of a stack at once. They come and go with the
// position that all have; one that leaves changes nothing for those that stay.
class FitLoop {
 public:
  FitLoop(TrainingPlan::Options options, const FitData& data, FitCourse& course,
          std::span<FitTask> tasks, const FitsEnded& ended)
      : options_(std::move(options)),
        training_(tasks.front().input.training),
        data_(data),
        course_(course),
        ended_(ended),
        class_weights_(ClassWeights(training_, data.pipeline.state().target(), course.outputs)),
        batch_rows_{std::vector<uint32_t>(static_cast<size_t>(course.batch_size)),
                    std::vector<uint32_t>(static_cast<size_t>(course.batch_size))},
        learning_rates_(tasks.size()) {
    members_.reserve(tasks.size());
    for (FitTask& task : tasks) {
      members_.push_back(std::make_unique<FitMember>(task, data.pipeline.state(), course,
                                                     static_cast<int>(members_.size())));
    }
  }

  // Takes over where checkpoints were made, one for each task, all at the same position.
  absl::Status Resume(std::span<const Checkpoint> checkpoints) {
    std::vector<PlanState> states;
    for (size_t i = 0; i < members_.size(); ++i) {
      const v1::CheckpointState& state = checkpoints[i].state;
      if (state.epoch() < 1 || state.step() < 0 || state.step() > course_.steps_per_epoch ||
          !members_[i]->Resume(checkpoints[i])) {
        return DataLoss("the checkpoint is another fit's");
      }
      states.push_back(checkpoints[i].plan);
    }
    if (!course_.plan->Resume(states).ok()) return DataLoss("the checkpoint is another fit's");
    course_.epoch = checkpoints[0].state.epoch();
    course_.step = checkpoints[0].state.step();
    // There may be nothing left to train, and to tell of later.
    for (const auto& member : members_) member->ReportProgress();
    return absl::OkStatus();
  }

  // Until the last member has left.
  void Run() {
    Adapt();
    while (true) {
      LeaveWhere([](FitMember& member) -> Outcome {
        if (!member.at_end() && !member.held()) return std::nullopt;
        const bool held = !member.at_end();
        return member.Leave(/*stopped=*/held, held);
      });
      if (members_.empty()) return;
      const auto start = std::chrono::steady_clock::now();
      Train();
      Validate();
      FinishEpoch(std::chrono::steady_clock::now() - start);
    }
  }

 private:
  // Of a member that leaves.
  using Outcome = std::optional<absl::StatusOr<FitResult>>;

  template <typename Leave>
  void LeaveWhere(Leave leave) {
    std::vector<FitOutcome> outcomes;
    std::erase_if(members_, [&](const auto& member) {
      Outcome outcome = leave(*member);
      if (!outcome) return false;
      outcomes.push_back({.task = member->number(), .result = *std::move(outcome)});
      return true;
    });
    if (!outcomes.empty()) ended_(std::move(outcomes));
  }
  // Of what `check` says of a member.
  template <typename Check>
  void LeaveOnError(Check check) {
    LeaveWhere([&](FitMember& member) -> Outcome {
      const absl::Status status = check(member);
      return status.ok() ? Outcome() : status;
    });
  }
  void LeaveWhenStopped() {
    LeaveWhere([](FitMember& member) -> Outcome {
      if (!member.told_to_stop()) return std::nullopt;
      return member.Leave(/*stopped=*/true, /*held=*/false);
    });
  }

  // Normalization layers learn their statistics.
  void Adapt() {
    if (!course_.plan->needs_adaptation()) return;
    for (int64_t begin = 0; begin < data_.training.size(); begin += course_.batch_size) {
      LeaveWhenStopped();
      if (members_.empty()) return;
      const std::span<const uint32_t> rows = RowsInOrder(data_.training, begin);
      course_.plan->Gather(*data_.training.source, rows,
                           RowsInOrder(data_.training, begin + course_.batch_size));
      course_.plan->AdaptRows(static_cast<int64_t>(rows.size()));
    }
    course_.plan->FinishAdaptation();
  }

  // The epoch's steps that are left.
  void Train() {
    const auto order = Permutation(static_cast<uint32_t>(data_.training.size()), training_.seed(),
                                   static_cast<uint32_t>(course_.epoch - 1));
    std::span<const uint32_t> next = TrainingRows(order, course_.step);
    while (course_.step < course_.steps_per_epoch) {
      LeaveWhere([](FitMember& member) -> Outcome {
        if (!member.told_to_stop() && !member.done()) return std::nullopt;
        absl::Status finite = member.CheckWeights();
        if (!finite.ok()) return finite;
        return member.Leave(/*stopped=*/!member.done(), /*held=*/false);
      });
      if (members_.empty()) return;
      CloseRanks();
      const std::span<const uint32_t> rows = next;
      next = TrainingRows(order, course_.step + 1);
      const auto count = static_cast<int64_t>(rows.size());
      Load(*data_.training.source, rows, next, /*training=*/true);
      for (const auto& member : members_)
        learning_rates_[static_cast<size_t>(member->place())] = member->NextLearningRate();
      course_.plan->Step(count, learning_rates_);
      LeaveOnError([&](FitMember& member) { return member.AddStep(count); });
      ++course_.step;
      for (const auto& member : members_) member->ReportStep(count);
      GiveCheckpoints(/*epoch_done=*/false);
    }
    LeaveOnError([](const FitMember& member) { return member.CheckWeights(); });
  }

  // Measures the validation rows, if there are any.
  void Validate() {
    for (const auto& member : members_) member->StartValidation();
    for (int64_t begin = 0; begin < data_.validation.size(); begin += course_.batch_size) {
      LeaveWhenStopped();
      if (members_.empty()) return;
      const std::span<const uint32_t> rows = RowsInOrder(data_.validation, begin);
      const auto count = static_cast<int64_t>(rows.size());
      Load(*data_.validation.source, rows,
           RowsInOrder(data_.validation, begin + course_.batch_size), /*training=*/false);
      course_.plan->Evaluate(count);
      LeaveOnError([&](FitMember& member) { return member.AddValidation(count); });
    }
  }

  void FinishEpoch(std::chrono::nanoseconds duration) {
    std::vector<FitMember*> early;
    for (const auto& member : members_) {
      if (member->FinishEpoch(!data_.validation.rows.empty(), duration / std::ssize(members_)))
        early.push_back(member.get());
    }
    ++course_.epoch;
    course_.step = 0;
    LeaveWhere([&](FitMember& member) -> Outcome {
      if (std::find(early.begin(), early.end(), &member) == early.end()) return std::nullopt;
      return member.Leave(/*stopped=*/false, /*held=*/false);
    });
    for (const auto& member : members_) member->ReportEpoch();
    GiveCheckpoints(/*epoch_done=*/true);
  }

  // Of all when one is due, so that they can go on together.
  void GiveCheckpoints(bool epoch_done) {
    if (std::none_of(members_.begin(), members_.end(),
                     [&](const auto& member) { return member->WantsCheckpoint(epoch_done); })) {
      return;
    }
    for (const auto& member : members_) member->GiveCheckpoint();
  }

  // A plan without those that left; the old one goes on where there is no memory for it.
  void CloseRanks() {
    if (learning_rates_.size() == members_.size() || too_large_ == members_.size()) return;
    std::vector<PlanState> states;
    TrainingPlan::Options options = options_;
    options.members.clear();
    for (const auto& member : members_) {
      states.push_back(course_.plan->State(member->place()));
      options.members.push_back(options_.members[static_cast<size_t>(member->place())]);
    }
    auto plan = TrainingPlan::Create(options);
    if (!plan.ok() || !(*plan)->Resume(states).ok()) {
      too_large_ = members_.size();
      return;
    }
    course_.plan = *std::move(plan);
    options_.members = std::move(options.members);
    learning_rates_.resize(members_.size());
    for (size_t i = 0; i < members_.size(); ++i) members_[i]->set_place(static_cast<int>(i));
  }

  // A batch from row `begin` on; empty at the end.
  std::span<const uint32_t> RowsInOrder(const RowSet& set, int64_t begin) const {
    begin = std::min(begin, set.size());
    return std::span(set.rows).subspan(
        static_cast<size_t>(begin),
        static_cast<size_t>(std::min(course_.batch_size, set.size() - begin)));
  }

  // Of one step; empty after the last. They stay until those of the next but one are asked for.
  std::span<const uint32_t> TrainingRows(const Permutation& order, int64_t step) {
    const int64_t begin = std::min(step * course_.batch_size, data_.training.size());
    if (!training_.shuffle()) return RowsInOrder(data_.training, begin);
    std::vector<uint32_t>& rows = batch_rows_[static_cast<size_t>(step % 2)];
    const int64_t count = std::min(course_.batch_size, data_.training.size() - begin);
    for (int64_t i = 0; i < count; ++i) {
      rows[static_cast<size_t>(i)] =
          data_.training.rows[order.At(static_cast<uint32_t>(begin + i))];
    }
    return {rows.data(), static_cast<size_t>(count)};
  }

  // Features, targets and weights into the plan. Classes weigh only in training, as in Keras.
  void Load(const RowSource& source, std::span<const uint32_t> rows, std::span<const uint32_t> next,
            bool training) {
    course_.plan->Gather(source, rows, next);
    source.GatherTargets(rows, course_.plan->targets());
    const bool sample_weights = !training_.sample_weight_column().empty();
    if (!sample_weights && class_weights_.empty()) return;
    float* weights = course_.plan->row_weights();
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
    const float* target = course_.plan->targets() + row * course_.target_width;
    if (course_.target_width == 1) return static_cast<size_t>(*target);
    return static_cast<size_t>(std::max_element(target, target + course_.target_width) - target);
  }

  TrainingPlan::Options options_;
  const v1::TrainingSpec& training_;  // What members differ in aside.
  const FitData& data_;
  FitCourse& course_;
  const FitsEnded& ended_;
  const std::vector<float> class_weights_;
  std::array<std::vector<uint32_t>, 2> batch_rows_;  // Scratch of TrainingRows.
  std::vector<std::unique_ptr<FitMember>> members_;
  std::vector<float> learning_rates_;  // By place.
  size_t too_large_ = 0;               // Members for whose plan there was no memory.
};

// All end so.
void EndAll(size_t tasks, const absl::StatusOr<FitResult>& result, const FitsEnded& ended) {
  std::vector<FitOutcome> outcomes;
  for (size_t i = 0; i < tasks; ++i) outcomes.push_back({.task = i, .result = result});
  ended(std::move(outcomes));
}

absl::Status RunTasks(std::span<FitTask> tasks, const FitsEnded& ended) {
  FitInput& input = tasks.front().input;
  v1::ModelSpec model = input.model;
  Violations violations;
  const ModelShape shape =
      ResolveModel(model, std::numeric_limits<int64_t>::max(), "spec", violations);
  FITD_RETURN_IF_ERROR(violations.ToStatus());
  // A resumed fit has something to keep, and gets as far as that.
  const auto stopped = [&] {
    return !input.resume && std::all_of(tasks.begin(), tasks.end(), [](const FitTask& task) {
      return task.stop.load(std::memory_order_relaxed);
    });
  };
  const auto prepared = PrepareFitData(input, shape, stopped);
  if (absl::IsCancelled(prepared.status())) {
    FitResult nothing;
    nothing.stopped = true;
    EndAll(tasks.size(), nothing, ended);
    return absl::OkStatus();
  }
  FITD_RETURN_IF_ERROR(prepared.status());
  const FitData& data = *prepared;
  TrainingPlan::Options options = {.model = std::move(model),
                                   .training = input.training,
                                   .target = data.pipeline.state().target(),
                                   .target_width = data.training.source->target_width(),
                                   .initial = input.initial_weights,
                                   .threads = input.threads};
  for (size_t i = 0; i < tasks.size() && tasks.size() > 1; ++i) {
    const FitInput& member = tasks[i].input;
    options.members.push_back({.model = member.model, .optimizer = member.training.optimizer()});
  }
  const int64_t batch_size =
      RowsAtOnce(input.training, data.training.size(), data.validation.size());
  options.training.set_batch_size(static_cast<int32_t>(batch_size));
  FITD_ASSIGN_OR_RETURN(auto plan, TrainingPlan::Create(options));
  FitCourse course = {.plan = std::move(plan),
                      .training_rows = data.training.size(),
                      .outputs = shape.outputs,
                      .target_width = options.target_width,
                      .batch_size = batch_size,
                      .steps_per_epoch = (data.training.size() + batch_size - 1) / batch_size};
  for (const FitTask& task : tasks) {
    task.observer.OnStart(data.training.size(), data.validation.size());
    for (std::string& text : FitWarnings(task.input, data)) {
      v1::JobWarning warning;
      warning.set_message(std::move(text));
      task.observer.OnWarning(warning);
    }
  }
  options.initial.reset();
  FitLoop loop(std::move(options), data, course, tasks, ended);
  if (input.resume) {
    std::vector<Checkpoint> checkpoints;
    for (FitTask& task : tasks) checkpoints.push_back(*std::move(task.input.resume));
    FITD_RETURN_IF_ERROR(loop.Resume(checkpoints));
  }
  // The plan has what they held, and they may be large.
  for (FitTask& task : tasks) {
    task.input.resume.reset();
    task.input.initial_weights.reset();
  }
  loop.Run();
  return absl::OkStatus();
}

}  // namespace

std::optional<std::string> StackKey(const v1::ModelSpec& model, const v1::TrainingSpec& training) {
  auto member = Stackable({.model = model, .optimizer = training.optimizer()});
  if (!member) return std::nullopt;
  v1::TrialSpec shared;
  *shared.mutable_model() = std::move(member->model);
  *shared.mutable_training() = training;
  *shared.mutable_training()->mutable_optimizer() = std::move(member->optimizer);
  shared.mutable_training()->clear_epochs();
  shared.mutable_training()->clear_early_stopping();
  shared.mutable_training()->clear_reduce_lr_on_plateau();
  return CanonicalBytes(shared);
}

bool StackTogether(const FitInput& a, const FitInput& b) {
  const auto position = [](const FitInput& input) -> std::optional<std::array<int64_t, 3>> {
    if (!input.resume) return std::nullopt;
    const v1::CheckpointState& state = input.resume->state;
    return std::array<int64_t, 3>{state.iterations(), state.epoch(), state.step()};
  };
  const auto alone = [](const FitInput& input) {
    return input.steps.has_value() || input.initial_weights.has_value();
  };
  if (a.train != b.train || a.validation != b.validation || alone(a) || alone(b) ||
      position(a) != position(b)) {
    return false;
  }
  const auto key = StackKey(a.model, a.training);
  return key && key == StackKey(b.model, b.training);
}

int MostInStack(const v1::ModelSpec& model, const v1::TrainingSpec& training) {
  const Network network(model);
  if (network.first_learner() == network.size()) return 1;
  int64_t values = 0;
  for (const Network::WeightPlace& place : network.weights()) values += 4 * place.spec->size();
  for (int i = network.first_learner(); i < network.size(); ++i)
    values += 2 * training.batch_size() * network.layer(i).outputs();
  const int64_t most = kStackBytes / (values * static_cast<int64_t>(sizeof(float)));
  return most < kFewestInStack ? 1 : static_cast<int>(std::min<int64_t>(most, kMostMembers));
}

void RunStack(std::span<FitTask> tasks, const FitsEnded& ended) {
  const absl::Status status = RunTasks(tasks, ended);
  if (!status.ok()) EndAll(tasks.size(), status, ended);
}

absl::StatusOr<FitResult> RunFit(FitInput input, FitObserver& observer,
                                 const std::atomic<bool>& stop) {
  absl::StatusOr<FitResult> result = Internal("the fit gave no result");
  FitTask task = {.input = std::move(input), .observer = observer, .stop = stop};
  RunStack(std::span(&task, 1),
           [&](std::vector<FitOutcome> outcomes) { result = std::move(outcomes[0].result); });
  return result;
}

}  // namespace fitd
