// The plain reference network against Keras's formulas in double precision, and against its
// trainings.

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/reference/reference_values.h"
#include "tests/testing/reference_network.h"

namespace fitd::reference {
namespace {

using ::testing::Le;
using testing::Matrix;

// Specs hold options in single precision (0.01 is 2e-8 off), values have nine digits.
constexpr double kTolerance = 2e-7;
constexpr double kFloor = 1e-6;

void ExpectClose(const std::vector<double>& actual, const Array& expected) {
  EXPECT_THAT(LargestError(actual, {expected.values().begin(), expected.values().end()}, kFloor),
              Le(kTolerance));
}

TEST(KerasReferenceNetworkTest, ActivationsAgree) {
  for (const ActivationCase& c : LoadValues("activations.json").activations()) {
    SCOPED_TRACE(c.spec().ShortDebugString());
    const Matrix x = ToInput(c.x());
    ExpectClose(testing::Activate(c.spec(), x).values, c.y());
    ExpectClose(testing::ActivationGradient(c.spec(), x, ToInput(c.dy())).values, c.dx());
  }
}

TEST(KerasReferenceNetworkTest, LossesAgree) {
  for (const LossCase& c : LoadValues("losses.json").losses()) {
    SCOPED_TRACE(c.spec().ShortDebugString());
    const testing::LossResult loss = testing::ComputeLoss(
        c.spec(), ToInput(c.predictions()), ToInput(c.targets()), ToInputs(c.row_weights()));
    EXPECT_NEAR(loss.value, c.value(), kTolerance * c.value());
    ExpectClose(loss.gradient.values, c.gradient());
  }
}

TEST(KerasReferenceNetworkTest, RegularizersAgree) {
  for (const RegularizerCase& c : LoadValues("regularizers.json").regularizers()) {
    SCOPED_TRACE(c.spec().ShortDebugString());
    const std::vector<double> w = ToInputs(c.weights());
    EXPECT_NEAR(testing::Penalty(c.spec(), w), c.penalty(), kTolerance * c.penalty());
    ExpectClose(testing::PenaltyGradient(c.spec(), w), c.gradient());
  }
}

// A decay of 0.9 in single precision is 3e-6 off in its 100th power.
TEST(KerasReferenceNetworkTest, LearningRatesAgree) {
  for (const ScheduleCase& c : LoadValues("schedules.json").schedules()) {
    SCOPED_TRACE(c.spec().ShortDebugString());
    v1::OptimizerSpec optimizer;
    optimizer.mutable_sgd();
    *optimizer.mutable_learning_rate() = c.spec();
    for (int i = 0; i < c.steps_size(); ++i) {
      EXPECT_NEAR(testing::LearningRate(optimizer, c.steps(i)), c.rates(i), 1e-5 * c.rates(i))
          << c.steps(i);
    }
  }
}

TEST(KerasReferenceNetworkTest, NetworksAgree) {
  for (const NetworkCase& c : LoadValues("networks.json").networks()) {
    SCOPED_TRACE(c.name());
    testing::ReferenceNetwork network(c.model());
    const Matrix x = ToInput(c.x());
    network.Adapt(x);
    // Keras has no weights for a mean and a variance that are given.
    for (const NamedArray& expected : c.weights()) {
      testing::ReferenceWeight& weight = network.weight(expected.name());
      if (weight.trainable) weight.values = ToInputs(expected.array());
      EXPECT_THAT(LargestError(weight.values, ToInputs(expected.array()), kFloor), Le(kTolerance))
          << weight.name;
    }
    ExpectClose(network.Forward(x, {}).values, c.outputs());
    EXPECT_NEAR(network.penalty(), c.penalty(), kTolerance * c.penalty());
    ExpectClose(network.Backward(ToInput(c.dy())).values, c.dx());
    for (const NamedArray& gradient : c.gradients()) {
      ExpectClose(network.weight(gradient.name()).gradient, gradient.array());
    }
  }
}

Matrix Rows(const Matrix& all, int64_t first, int64_t count) {
  const auto begin = all.values.begin() + first * all.cols;
  return Matrix(count, all.cols, {begin, begin + count * all.cols});
}

// Weights are compared relative to max(|w|, 0.01): most lie between 0.01 and 1.
void ExpectTrainingAgrees(const TrainingCase& c, double tolerance) {
  SCOPED_TRACE(c.name());
  const DataCase& data = FindData(c.data());
  const Matrix x = ToInput(data.x());
  const Matrix y = ToInput(data.y());
  std::vector<double> row_weights(x.rows, 1);
  if (data.has_row_weights()) row_weights = ToInputs(data.row_weights());
  for (const auto& [name, weight] : c.training().class_weight()) {
    for (int64_t r = 0; r < y.rows; ++r) {
      if (y(r, 0) == std::stoi(name)) row_weights[r] *= weight;
    }
  }

  testing::ReferenceTraining training(c.model(), c.training());
  for (const NamedArray& weight : c.initial_weights()) {
    training.network().weight(weight.name()).values = ToInputs(weight.array());
  }
  std::vector<double> losses;
  while (losses.size() < static_cast<size_t>(c.step_losses_size())) {
    for (int64_t first = 0; first < x.rows; first += c.training().batch_size()) {
      const int64_t count = std::min(c.training().batch_size(), x.rows - first);
      losses.push_back(training.Step(Rows(x, first, count), Rows(y, first, count),
                                     std::span(row_weights).subspan(first, count)));
    }
  }
  EXPECT_THAT(LargestError(losses, {c.step_losses().begin(), c.step_losses().end()}, kFloor),
              Le(tolerance));
  for (const NamedArray& weight : c.final_weights()) {
    EXPECT_THAT(
        LargestError(training.network().weight(weight.name()).values,
                     {weight.array().values().begin(), weight.array().values().end()}, 0.01),
        Le(tolerance))
        << weight.name();
  }
}

// Momentum 0.9 in single precision is 2.6e-8 off, which makes the sum it stands for 3e-7 off.
TEST(KerasReferenceNetworkTest, OptimizersAgreeOver65Steps) {
  for (const TrainingCase& c : LoadValues("optimizers.json").trainings())
    ExpectTrainingAgrees(c, 5e-6);
}

TEST(KerasReferenceNetworkTest, TrainingsAgreeWithinSinglePrecision) {
  for (const TrainingCase& c : LoadValues("trainings.json").trainings())
    ExpectTrainingAgrees(c, 1e-4);
}

}  // namespace
}  // namespace fitd::reference
