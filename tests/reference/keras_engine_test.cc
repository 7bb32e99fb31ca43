// The engine against Keras: every kind's values, and whole trainings.

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/kernels/kernels.h"
#include "core/loss/loss.h"
#include "core/loss/resolve_loss.h"
#include "core/metric/metric_set.h"
#include "core/metric/resolve_metrics.h"
#include "core/nn/activation.h"
#include "core/optim/learning_rate.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/reference/engine_run.h"
#include "tests/reference/reference_values.h"

namespace fitd::reference {
namespace {

using ::testing::Le;
using testing::Matrix;

// Of |engine - Keras| / max(|Keras|, floor). One value of a formula has a few rounding errors of
// 6e-8; a training's 60 to 90 steps add theirs up.
constexpr double kValueTolerance = 1e-5;
constexpr double kValueFloor = 0.1;
constexpr double kTrainingTolerance = 1e-4;
constexpr double kLossFloor = 0.1;
constexpr double kWeightFloor = 0.01;

std::vector<double> Values(const Array& array) {
  return {array.values().begin(), array.values().end()};
}

void ExpectClose(const std::vector<double>& actual, const Array& expected) {
  EXPECT_THAT(LargestError(actual, Values(expected), kValueFloor), Le(kValueTolerance));
}

std::vector<float> ToFloats(const Array& array) {
  return {array.values().begin(), array.values().end()};
}

// Options are in single precision; a decay of 0.9 to the 100th power is 3e-6 off.
TEST(KerasEngineTest, LearningRatesAgree) {
  for (const ScheduleCase& c : LoadValues("schedules.json").schedules()) {
    SCOPED_TRACE(c.spec().ShortDebugString());
    v1::TrainingSpec training;
    training.mutable_loss()->mutable_mean_squared_error();
    training.mutable_optimizer()->mutable_sgd();
    *training.mutable_optimizer()->mutable_learning_rate() = c.spec();
    const v1::LearningRateSpec rate = Resolved(training).optimizer().learning_rate();
    for (int i = 0; i < c.steps_size(); ++i) {
      EXPECT_NEAR(LearningRateAt(rate, c.steps(i)), c.rates(i), 1e-5 * c.rates(i))
          << "step " << c.steps(i);
    }
  }
}

Weight& Find(Weights& weights, const std::string& name) {
  const auto found = std::ranges::find(weights.tensors, name, &Weight::name);
  if (found == weights.tensors.end()) throw std::out_of_range("no weight " + name);
  return *found;
}

TEST(KerasEngineTest, ActivationsAgree) {
  for (const ActivationCase& c : LoadValues("activations.json").activations()) {
    SCOPED_TRACE(c.spec().ShortDebugString());
    v1::ActivationSpec spec = c.spec();
    Violations violations;
    ResolveActivation(spec, "activation", violations);
    const Activation activation(spec);
    const int64_t rows = c.x().shape(0), cols = c.x().shape(1);
    const std::vector<float> x = ToFloats(c.x()), dy = ToFloats(c.dy());
    // Linear emits nothing: then y is x, and dx is dy.
    std::vector<float> y = x, dx = dy;
    OpList ops;
    activation.EmitForward(rows, cols, x.data(), y.data(), ops);
    activation.EmitBackward(rows, cols, x.data(), y.data(), dy.data(), dx.data(), ops);
    ops.Run();
    ExpectClose(ToDoubles(y), c.y());
    ExpectClose(ToDoubles(dx), c.dx());
  }
}

TEST(KerasEngineTest, LossesAgree) {
  for (const LossCase& c : LoadValues("losses.json").losses()) {
    SCOPED_TRACE(c.spec().ShortDebugString());
    v1::LossSpec spec = c.spec();
    Violations violations;
    ResolveLoss(spec, "loss", violations);
    const int64_t rows = c.predictions().shape(0), outputs = c.predictions().shape(1);
    const Loss loss = MakeLoss(spec, /*ends_in_softmax=*/false, outputs, c.targets().shape(1));
    const std::vector<float> predictions = ToFloats(c.predictions()),
                             targets = ToFloats(c.targets());
    const std::vector<float> weights = ToFloats(c.row_weights());
    std::vector<float> row_loss(rows), gradient(rows * outputs);
    loss.kernel({.rows = rows,
                 .outputs = outputs,
                 .predictions = predictions.data(),
                 .targets = targets.data(),
                 .weights = weights.empty() ? nullptr : weights.data(),
                 .row_loss = row_loss.data(),
                 .gradient = gradient.data(),
                 .parameter = loss.parameter},
                {.index = 0, .count = 1});
    double value = 0;
    for (float row : row_loss) value += row / rows;
    EXPECT_NEAR(value, c.value(), kValueTolerance * c.value());
    ExpectClose(ToDoubles(gradient), c.gradient());
  }
}

// A step of plain SGD with rate 1 shows the gradients; the mean squared error of targets chosen for
// it has any gradient `dy` at the outputs.
TEST(KerasEngineTest, NetworksAgree) {
  for (const NetworkCase& c : LoadValues("networks.json").networks()) {
    SCOPED_TRACE(c.name());
    v1::TrainingSpec training;
    training.mutable_loss()->mutable_mean_squared_error();
    training.mutable_optimizer()->mutable_sgd();
    const Matrix x = ToInput(c.x());
    const Matrix dy = ToInput(c.dy());
    training.set_batch_size(x.rows);

    const v1::ModelSpec model = Resolved(c.model());
    auto plan = MakePlan(model, Resolved(training), dy.cols, {});
    FillBatch(*plan, x, dy);
    if (plan->needs_adaptation()) {
      plan->AdaptRows(x.rows);
      plan->FinishAdaptation();
    }
    // Keras's names and shapes, and mean and variance adapted to the same. Given ones are weights
    // in the engine alone.
    Weights weights = plan->Snapshot();
    for (const NamedArray& expected : c.weights()) {
      Weight& weight = Find(weights, expected.name());
      EXPECT_THAT(weight.shape, ::testing::ElementsAreArray(expected.array().shape()));
      if (!weight.trainable) ExpectClose(ToDoubles(weight.values), expected.array());
      weight.values = ToFloats(expected.array());
    }
    plan->Restore(weights);
    const Matrix outputs = Predict(model, weights, x);
    ExpectClose(outputs.values, c.outputs());

    if (c.gradients().empty()) continue;
    Matrix targets = outputs;
    double squares = 0;
    for (size_t i = 0; i < targets.values.size(); ++i) {
      const double error = dy.values[i] * static_cast<double>(targets.values.size()) / 2;
      targets.values[i] -= error;
      squares += error * error;
    }
    FillBatch(*plan, x, targets);
    plan->Step(x.rows, 1);
    EXPECT_NEAR(plan->loss() - squares / targets.values.size(), c.penalty(),
                1e-5 * (1 + plan->loss()));
    Weights after = plan->Snapshot();
    for (const NamedArray& gradient : c.gradients()) {
      SCOPED_TRACE(gradient.name());
      const std::vector<float>& before = Find(weights, gradient.name()).values;
      std::vector<double> measured = ToDoubles(Find(after, gradient.name()).values);
      for (size_t i = 0; i < measured.size(); ++i) measured[i] = before[i] - measured[i];
      // Weights near 1 hide 6e-8 of a gradient.
      EXPECT_THAT(LargestError(measured, Values(gradient.array()), kValueFloor),
                  Le(kValueTolerance));
    }
  }
}

Matrix Rows(const Matrix& all, int64_t first, int64_t count) {
  const auto begin = all.values.begin() + first * all.cols;
  return Matrix(count, all.cols, {begin, begin + count * all.cols});
}

void ExpectMetrics(const std::vector<v1::MetricValue>& actual,
                   const google::protobuf::RepeatedPtrField<v1::MetricValue>& expected) {
  ASSERT_EQ(actual.size(), static_cast<size_t>(expected.size()));
  for (const v1::MetricValue& value : expected) {
    const auto found = std::ranges::find(actual, value.name(), &v1::MetricValue::name);
    ASSERT_NE(found, actual.end()) << value.name();
    EXPECT_NEAR(found->value(), value.value(),
                kTrainingTolerance * std::max(std::abs(value.value()), kLossFloor))
        << value.name();
  }
}

// Steps through the case's data as fit does without shuffling.
class TrainingRun {
 public:
  explicit TrainingRun(const TrainingCase& c)
      : model_(Resolved(c.model())),
        training_(Resolved(c.training())),
        x_(ToInput(FindData(c.data()).x())),
        y_(ToInput(FindData(c.data()).y())),
        row_weights_(ToInputs(FindData(c.data()).row_weights())),
        plan_(MakePlan(model_, training_, y_.cols, ToWeights(c.initial_weights()))) {
    row_weights_.resize(x_.rows, 1);
    for (const auto& [name, weight] : training_.class_weight()) {
      for (int64_t r = 0; r < y_.rows; ++r) {
        if (y_(r, 0) == std::stoi(name)) row_weights_[r] *= weight;
      }
    }
    MetricShapes shapes = {.outputs = c.predictions().shape(1)};
    shapes.class_targets = y_.cols != shapes.outputs;
    Violations violations;
    ResolveMetrics(*training_.mutable_metrics(), &shapes, "metrics", violations);
    EXPECT_TRUE(violations.empty()) << violations.ToStatus();
    outputs_ = shapes.outputs;
  }

  // An epoch of steps, or of evaluations; gives "loss" and the metrics.
  std::vector<v1::MetricValue> Epoch(bool train) {
    MetricSet metrics(training_.metrics(), outputs_);
    double loss = 0;
    for (int64_t first = 0; first < x_.rows; first += training_.batch_size()) {
      const int64_t rows = std::min(training_.batch_size(), x_.rows - first);
      // evaluate knows row weights, but not class weights.
      FillBatch(*plan_, Rows(x_, first, rows), Rows(y_, first, rows),
                train || training_.class_weight().empty()
                    ? std::span(row_weights_).subspan(first, rows)
                    : std::span<double>());
      if (train) {
        plan_->Step(rows,
                    LearningRateAt(training_.optimizer().learning_rate(), plan_->iterations()));
        step_losses_.push_back(plan_->loss());
      } else {
        plan_->Evaluate(rows);
      }
      loss += plan_->loss() * static_cast<double>(rows) / static_cast<double>(x_.rows);
      metrics.Update({.rows = rows,
                      .outputs = outputs_,
                      .predictions = plan_->outputs(),
                      .targets = plan_->targets(),
                      .target_width = y_.cols});
    }
    std::vector<v1::MetricValue> results = metrics.Results();
    results.push_back(MakeMetricValue("loss", loss));
    return results;
  }

  const std::vector<double>& step_losses() const { return step_losses_; }
  Weights weights() const { return plan_->Snapshot(); }
  Matrix Predictions(int64_t rows) const { return Predict(model_, weights(), Rows(x_, 0, rows)); }

 private:
  v1::ModelSpec model_;
  v1::TrainingSpec training_;
  Matrix x_;
  Matrix y_;
  std::vector<double> row_weights_;
  std::unique_ptr<TrainingPlan> plan_;
  int64_t outputs_ = 0;
  std::vector<double> step_losses_;
};

void ExpectTrainingAgrees(const TrainingCase& c) {
  SCOPED_TRACE(c.name());
  TrainingRun run(c);
  for (const EpochCase& epoch : c.epochs())
    ExpectMetrics(run.Epoch(/*train=*/true), epoch.metrics());

  EXPECT_THAT(
      LargestError(run.step_losses(), {c.step_losses().begin(), c.step_losses().end()}, kLossFloor),
      Le(kTrainingTolerance));
  const Weights weights = run.weights();
  ASSERT_EQ(weights.tensors.size(), static_cast<size_t>(c.final_weights_size()));
  for (int i = 0; i < c.final_weights_size(); ++i) {
    EXPECT_EQ(weights.tensors[i].name, c.final_weights(i).name());
    EXPECT_THAT(LargestError(ToDoubles(weights.tensors[i].values),
                             Values(c.final_weights(i).array()), kWeightFloor),
                Le(kTrainingTolerance))
        << c.final_weights(i).name();
  }
  ExpectMetrics(run.Epoch(/*train=*/false), c.evaluation());
  EXPECT_THAT(LargestError(run.Predictions(c.predictions().shape(0)).values,
                           Values(c.predictions()), kValueFloor),
              Le(kTrainingTolerance));
}

TEST(KerasEngineTest, OptimizersAgreeOver65Steps) {
  for (const TrainingCase& c : LoadValues("optimizers.json").trainings()) ExpectTrainingAgrees(c);
}

TEST(KerasEngineTest, TrainingsAgree) {
  for (const TrainingCase& c : LoadValues("trainings.json").trainings()) ExpectTrainingAgrees(c);
}

}  // namespace
}  // namespace fitd::reference
