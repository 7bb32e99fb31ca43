// Members of a stack against plans of their own: the same bits after every step.

#include <memory>
#include <string>
#include <vector>

#include "core/base/rng.h"
#include "core/plan/stackable.h"
#include "core/plan/training_plan.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/specs.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

using ::testing::ElementsAreArray;

constexpr int kMembers = 3;
constexpr int64_t kRows = 13;
constexpr float kRates[kMembers] = {0.001f, 0.03f, 0.01f};

struct StackCase {
  std::string name;
  std::string model;
  std::string training;
  bool regression = false;  // Of a standardised target.
  // What the second and the third member have instead, if not the same.
  std::vector<std::string> models = {};
  std::vector<std::string> trainings = {};

  const std::string& ModelOf(int member) const {
    return member == 0 || models.empty() ? model : models[static_cast<size_t>(member - 1)];
  }
  const std::string& TrainingOf(int member) const {
    return member == 0 || trainings.empty() ? training : trainings[static_cast<size_t>(member - 1)];
  }
};

void PrintTo(const StackCase& stack_case, std::ostream* out) { *out << stack_case.name; }

std::string Class(const std::string& layers) {
  return "input_shape: 20 " + layers + " layers { dense { units: 4 activation { softmax {} } } }";
}

constexpr char kSparse[] = "loss { sparse_categorical_crossentropy {} } ";
constexpr char kTwoLayers[] =
    "layers { rescaling { scale: 0.5 } } layers { dense { units: 10 activation { relu {} } } } "
    "layers { dense { units: 7 activation { gelu {} } } }";

std::vector<StackCase> Cases() {
  std::vector<StackCase> cases;
  for (const char* optimizer : {"sgd {}", "sgd { momentum: 0.9 nesterov: true } clipvalue: 0.01",
                                "adam {}", "adam { amsgrad: true }", "adamw {}",
                                "rmsprop { momentum: 0.5 centered: true }", "adagrad {}"}) {
    cases.push_back({.name = optimizer,
                     .model = Class(kTwoLayers),
                     .training = std::string(kSparse) + "optimizer { " + optimizer + " }"});
  }
  const std::string adam = " optimizer { adam {} }";
  cases.push_back({.name = "OneLayer", .model = Class(""), .training = kSparse + adam});
  cases.push_back(
      {.name = "LayersWithoutWeights",
       .model = Class("layers { normalization { mean: 0.5 variance: 2 } } layers { dropout { rate: "
                      "0.2 } } layers { dense { units: 9 } } layers { activation { silu {} } } "
                      "layers { rescaling { scale: 3 } } layers { dropout { rate: 0 } } "
                      "layers { dense { units: 5 use_bias: false } }"),
       .training = kSparse + adam});
  cases.push_back({.name = "NormalizationAboveALayerThatLearns",
                   .model = Class("layers { dense { units: 9 } } layers { normalization { mean: "
                                  "0.5 variance: 2 } } layers { dense { units: 5 } }"),
                   .training = kSparse + adam});
  const auto optimizers = [&](const std::string& first, const std::string& second,
                              const std::string& third) {
    const auto training = [](const std::string& optimizer) {
      return std::string(kSparse) + "optimizer { " + optimizer + " }";
    };
    cases.push_back({.name = first,
                     .model = Class(kTwoLayers),
                     .training = training(first),
                     .trainings = {training(second), training(third)}});
  };
  optimizers("adam { beta_1: 0.8 }", "adam { beta_2: 0.9 }", "adam { epsilon: 0.001 }");
  optimizers("adamw {}", "adamw { weight_decay: 0 }", "adamw { weight_decay: 0.1 }");
  optimizers("sgd { momentum: 0.9 } clipvalue: 0.01", "sgd { momentum: 0.5 } clipvalue: 0.1",
             "sgd { momentum: 0.1 } clipvalue: 1");
  optimizers("rmsprop { rho: 0.8 momentum: 0.1 } clipnorm: 0.1",
             "rmsprop { epsilon: 0.1 momentum: 0.2 } clipnorm: 1",
             "rmsprop { momentum: 0.9 } clipnorm: 100");
  optimizers("adagrad {} global_clipnorm: 0.1", "adagrad { epsilon: 0.1 } global_clipnorm: 1",
             "adagrad {} global_clipnorm: 10");
  const auto penalised = [](const std::string& rate, const std::string& l1, const std::string& l2) {
    return Class(
        "layers { dropout { rate: 0.3 } } layers { dense { units: 10 kernel_regularizer { "
        "l1_l2 { l1: " +
        l1 + " l2: " + l2 + " } } bias_regularizer { l2 { l2: " + l2 +
        " } } activity_regularizer { l1 { l1: " + l1 +
        " } } activation { relu {} } } } layers { dropout { rate: " + rate +
        " } } layers { dense { units: 17 kernel_regularizer { l2 { l2: " + l2 +
        " } } } } layers { dropout { rate: 0.1 } }");
  };
  cases.push_back({.name = "Penalties",
                   .model = penalised("0.2", "0.01", "0.1"),
                   .training = kSparse + adam,
                   .models = {penalised("0.5", "0.1", "0.001"), penalised("0.2", "0.02", "0.3")}});
  cases.push_back({.name = "WiderThanTheRatesAreSpread",
                   .model = Class("layers { dense { units: 400 } }"),
                   .training = kSparse + adam});
  cases.push_back(
      {.name = "CategoricalFromIndices",
       .model = Class(kTwoLayers),
       .training = "loss { categorical_crossentropy { label_smoothing: 0.1 } }" + adam});
  cases.push_back(
      {.name = "Logits",
       .model = "input_shape: 20 layers { dense { units: 4 } }",
       .training = "loss { sparse_categorical_crossentropy { from_logits: true } }" + adam});
  cases.push_back({.name = "Regression",
                   .model = "input_shape: 20 layers { dense { units: 6 activation { tanh {} } } } "
                            "layers { dense { units: 1 } }",
                   .training = "loss { huber {} }" + adam,
                   .regression = true});
  return cases;
}

class StackTest : public testing::TestWithParam<StackCase> {
 protected:
  using Members = std::vector<int>;
  const Members all_ = {0, 1, 2};

  static v1::TrainingSpec TrainingOf(int member) {
    return ResolvedTraining(GetParam().TrainingOf(member) + " batch_size: 13 seed: 5");
  }
  static TrainingPlan::Member Member(int member) {
    return {.model = ResolvedModel(GetParam().ModelOf(member)),
            .optimizer = TrainingOf(member).optimizer()};
  }
  // Of these members of the case.
  std::unique_ptr<TrainingPlan> MakePlan(const Members& members, int threads = 1) const {
    TrainingPlan::Options options = {.model = ResolvedModel(GetParam().ModelOf(members[0])),
                                     .training = TrainingOf(members[0]),
                                     .threads = threads};
    for (size_t i = 0; i < members.size() && members.size() > 1; ++i)
      options.members.push_back(Member(members[i]));
    if (GetParam().regression) {
      options.target.mutable_regression()->add_mean(2);
      options.target.mutable_regression()->add_stddev(3);
    }
    auto plan = TrainingPlan::Create(options);
    EXPECT_THAT(plan, IsOk());
    return *std::move(plan);
  }

  // The rows of one step.
  static void Load(TrainingPlan& plan, uint64_t step) {
    const Rng rng(1, RandomPurpose::kShuffle);
    for (uint64_t i = 0; i < kRows * 20; ++i)
      plan.inputs()[i] = static_cast<float>(rng.Normal(step * 1000 + i));
    for (uint64_t r = 0; r < kRows; ++r) {
      plan.targets()[r] = static_cast<float>((r + step) % 4);
      plan.row_weights()[r] = 1 + 0.5F * static_cast<float>(r % 3);
    }
  }
  static int64_t RowsOf(uint64_t step) { return step % 4 == 3 ? 5 : kRows; }

  int64_t outputs() const { return GetParam().regression ? 1 : 4; }

  // That two plans' members are where each other is, as far as the newest `rows` show.
  void ExpectSame(const TrainingPlan& stack, int member, const TrainingPlan& alone,
                  int64_t rows) const {
    EXPECT_EQ(stack.loss(member), alone.loss());
    EXPECT_THAT(std::vector<float>(stack.outputs(member), stack.outputs(member) + rows * outputs()),
                ElementsAreArray(alone.outputs(), static_cast<size_t>(rows * outputs())));
    EXPECT_EQ(stack.Snapshot(member).Sha256(), alone.Snapshot().Sha256());
  }
};

TEST_P(StackTest, TrainsEachMemberAsIfAlone) {
  for (const int threads : {1, 2}) {
    const auto stack = MakePlan(all_, threads);
    std::vector<std::unique_ptr<TrainingPlan>> alone;
    for (int m = 0; m < kMembers; ++m) alone.push_back(MakePlan({m}));
    for (uint64_t step = 0; step < 8; ++step) {
      const int64_t rows = RowsOf(step);
      Load(*stack, step);
      stack->Step(rows, kRates);
      for (int m = 0; m < kMembers; ++m) {
        TrainingPlan& plan = *alone[static_cast<size_t>(m)];
        Load(plan, step);
        plan.Step(rows, kRates[m]);
        ExpectSame(*stack, m, plan, rows);
      }
    }
    Load(*stack, 99);
    stack->Evaluate(7);
    for (int m = 0; m < kMembers; ++m) {
      TrainingPlan& plan = *alone[static_cast<size_t>(m)];
      Load(plan, 99);
      plan.Evaluate(7);
      ExpectSame(*stack, m, plan, 7);
      EXPECT_EQ(stack->State(m).slots, plan.State().slots);
    }
    EXPECT_NE(stack->Snapshot(0).Sha256(), stack->Snapshot(1).Sha256());
  }
}

// From a stack into a smaller one, and into plans of their own and back.
TEST_P(StackTest, MembersMove) {
  const auto stack = MakePlan(all_);
  for (uint64_t step = 0; step < 3; ++step) {
    Load(*stack, step);
    stack->Step(kRows, kRates);
  }
  const auto alone = MakePlan({2});
  FITD_ASSERT_OK(alone->Resume(stack->State(2)));
  const auto smaller = MakePlan({1, 2});
  FITD_ASSERT_OK(smaller->Resume(std::vector<PlanState>{stack->State(1), alone->State()}));
  for (uint64_t step = 3; step < 6; ++step) {
    for (TrainingPlan* plan : {stack.get(), smaller.get(), alone.get()}) Load(*plan, step);
    stack->Step(kRows, kRates);
    smaller->Step(kRows, std::span(kRates).subspan(1));
    alone->Step(kRows, kRates[2]);
    ExpectSame(*stack, 2, *alone, kRows);
    ExpectSame(*smaller, 1, *alone, kRows);
    EXPECT_EQ(smaller->Snapshot(0).Sha256(), stack->Snapshot(1).Sha256());
  }
  EXPECT_EQ(smaller->iterations(), 6);
}

TEST_P(StackTest, AMemberThatDivergesLeavesTheOthersAlone) {
  const auto stack = MakePlan({0, 1});
  const auto alone = MakePlan({1});
  for (uint64_t step = 0; step < 3; ++step) {
    Load(*stack, step);
    Load(*alone, step);
    stack->Step(kRows, std::vector<float>{1e38f, 0.01f});
    alone->Step(kRows, 0.01f);
  }
  ExpectSame(*stack, 1, *alone, kRows);
  EXPECT_EQ(stack->FindNonFinite(1), std::nullopt);
  EXPECT_TRUE(stack->weights_finite(1));
  EXPECT_FALSE(stack->weights_finite(0) && std::isfinite(stack->loss(0)));
  EXPECT_TRUE(stack->FindNonFinite(0).has_value());
}

INSTANTIATE_TEST_SUITE_P(All, StackTest, testing::ValuesIn(Cases()),
                         [](const auto& info) { return "Case" + std::to_string(info.index); });

TEST_P(StackTest, ItsMembersAreAlikeInWhatIsStackable) {
  const auto first = Stackable(Member(0));
  ASSERT_TRUE(first.has_value());
  for (const int m : {1, 2}) {
    const auto other = Stackable(Member(m));
    ASSERT_TRUE(other.has_value());
    EXPECT_EQ(other->model.ShortDebugString(), first->model.ShortDebugString());
    EXPECT_EQ(other->optimizer.ShortDebugString(), first->optimizer.ShortDebugString());
  }
}

}  // namespace
}  // namespace fitd
