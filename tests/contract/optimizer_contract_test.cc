// Every kind of optimizer and of learning-rate schedule.

#include <cmath>

#include "core/optim/learning_rate.h"
#include "gtest/gtest.h"
#include "tests/contract/engine_testing.h"

namespace fitd {
namespace {

float GoodLearningRate(v1::OptimizerSpec::KindCase kind) {
  switch (kind) {
    case v1::OptimizerSpec::kSgd:
      return 1.0f;
    case v1::OptimizerSpec::kAdagrad:
      return 0.5f;
    case v1::OptimizerSpec::kAdam:
    case v1::OptimizerSpec::kAdamw:
    case v1::OptimizerSpec::kRmsprop:
    case v1::OptimizerSpec::KIND_NOT_SET:
      break;
  }
  return 0.03f;
}

class OptimizerContractTest : public testing::TestWithParam<std::string> {
 protected:
  Problem Xor() const {
    Problem problem = {.model = ResolvedModel(
                           "input_shape: 2 layers { dense { units: 8 activation { tanh {} } } } "
                           "layers { dense { units: 1 activation { sigmoid {} } } }"),
                       .training = {},
                       .inputs = {0, 0, 0, 1, 1, 0, 1, 1},
                       .targets = {0, 1, 1, 0}};
    problem.training.mutable_loss()->mutable_binary_crossentropy();
    *problem.training.mutable_optimizer() = WithKind<v1::OptimizerSpec>(GetParam());
    problem.training.set_batch_size(4);
    problem.training.set_seed(1);
    problem.training = ResolvedTraining(problem.training);
    return problem;
  }
};

TEST_P(OptimizerContractTest, LearnsXor) {
  const Problem problem = Xor();
  const float learning_rate = GoodLearningRate(problem.training.optimizer().kind_case());
  const std::unique_ptr<TrainingPlan> plan = MakePlan(problem);
  for (int step = 0; step < 1000; ++step) plan->Step(4, learning_rate);
  plan->Evaluate(4);
  for (int row = 0; row < 4; ++row)
    EXPECT_NEAR(plan->outputs()[row], problem.targets[static_cast<size_t>(row)], 0.1);
}

TEST_P(OptimizerContractTest, GivesTheSameBitsTwice) {
  const auto train = [&] {
    const std::unique_ptr<TrainingPlan> plan = MakePlan(Xor());
    for (int step = 0; step < 20; ++step) plan->Step(4, 0.01f);
    return plan->Snapshot().Sha256();
  };
  EXPECT_EQ(train(), train());
}

TEST_P(OptimizerContractTest, DoesNothingAtLearningRateZero) {
  const std::unique_ptr<TrainingPlan> plan = MakePlan(Xor());
  const std::string before = plan->Snapshot().Sha256();
  plan->Step(4, 0.0f);
  EXPECT_EQ(plan->Snapshot().Sha256(), before);
}

INSTANTIATE_TEST_SUITE_P(Kinds, OptimizerContractTest, AllKinds<v1::OptimizerSpec>(), KindTestName);

// A value for each field that has no default.
v1::LearningRateSpec SomeLearningRate(const std::string& kind) {
  v1::LearningRateSpec spec;
  if (kind == "constant") {
    spec.set_constant(0.1f);
    return spec;
  }
  spec = WithKind<v1::LearningRateSpec>(kind);
  switch (spec.kind_case()) {
    case v1::LearningRateSpec::kExponentialDecay:
      return ParseText<v1::LearningRateSpec>(
          "exponential_decay { initial_learning_rate: 0.1 decay_steps: 10 decay_rate: 0.5 }");
    case v1::LearningRateSpec::kPiecewiseConstantDecay:
      return ParseText<v1::LearningRateSpec>(
          "piecewise_constant_decay { boundaries: 5 values: [0.1, 0.05] }");
    case v1::LearningRateSpec::kCosineDecay:
      return ParseText<v1::LearningRateSpec>(
          "cosine_decay { initial_learning_rate: 0.1 decay_steps: 100 }");
    case v1::LearningRateSpec::kConstant:
    case v1::LearningRateSpec::KIND_NOT_SET:
      break;
  }
  return spec;
}

class LearningRateContractTest : public testing::TestWithParam<std::string> {};

TEST_P(LearningRateContractTest, StartsWhereItSaysAndNeverRises) {
  v1::OptimizerSpec optimizer = WithKind<v1::OptimizerSpec>("sgd");
  *optimizer.mutable_learning_rate() = SomeLearningRate(GetParam());
  Violations violations;
  ResolveOptimizer(optimizer, "optimizer", violations);
  ASSERT_TRUE(violations.empty()) << violations.ToStatus();
  EXPECT_FLOAT_EQ(static_cast<float>(LearningRateAt(optimizer.learning_rate(), 0)), 0.1f);
  for (int64_t step = 1; step < 150; ++step) {
    EXPECT_LE(LearningRateAt(optimizer.learning_rate(), step),
              LearningRateAt(optimizer.learning_rate(), step - 1));
    EXPECT_GE(LearningRateAt(optimizer.learning_rate(), step), 0.0);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, LearningRateContractTest, AllKinds<v1::LearningRateSpec>(),
                         KindTestName);

}  // namespace
}  // namespace fitd
