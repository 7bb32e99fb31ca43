#include "core/optim/resolve_optimizer.h"

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace fitd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

v1::OptimizerSpec Parse(const std::string& text) {
  v1::OptimizerSpec spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec));
  return spec;
}

v1::OptimizerSpec Resolved(const std::string& text) {
  v1::OptimizerSpec spec = Parse(text);
  Violations violations;
  ResolveOptimizer(spec, "optimizer", violations);
  EXPECT_TRUE(violations.empty()) << violations.ToStatus();
  return spec;
}

std::string Faults(const std::string& text) {
  v1::OptimizerSpec spec = Parse(text);
  Violations violations;
  ResolveOptimizer(spec, "optimizer", violations);
  return std::string(violations.ToStatus().message());
}

TEST(ResolveOptimizerTest, WritesOutKerasDefaults) {
  const v1::AdamSpec adam = Resolved("adam {}").adam();
  EXPECT_EQ(adam.beta_1(), 0.9f);
  EXPECT_EQ(adam.beta_2(), 0.999f);
  EXPECT_EQ(adam.epsilon(), 1e-7f);
  EXPECT_EQ(Resolved("adamw {}").adamw().weight_decay(), 0.004f);
  EXPECT_EQ(Resolved("rmsprop {}").rmsprop().rho(), 0.9f);
  EXPECT_EQ(Resolved("adagrad {}").adagrad().initial_accumulator_value(), 0.1f);
}

TEST(ResolveOptimizerTest, ChoosesALearningRate) {
  EXPECT_EQ(Resolved("sgd {}").learning_rate().constant(), 0.01f);
  EXPECT_EQ(Resolved("adam {}").learning_rate().constant(), 0.001f);
  EXPECT_EQ(Resolved("adam {} learning_rate { constant: 3 }").learning_rate().constant(), 3.0f);
}

TEST(ResolveOptimizerTest, ListsTheKindsWhenNoneIsSet) {
  EXPECT_EQ(Faults(""), "optimizer: has no kind; allowed: sgd, adam, adamw, rmsprop, adagrad");
  EXPECT_THAT(
      Faults("sgd {} learning_rate {}"),
      HasSubstr("optimizer.learning_rate: has no kind; allowed: constant, exponential_decay"));
}

TEST(ResolveOptimizerTest, ChecksRanges) {
  EXPECT_EQ(Faults("sgd { momentum: 1.5 }"), "optimizer.sgd.momentum: is 1.5; allowed: 0 to 1");
  EXPECT_THAT(
      Faults("adam { beta_1: 1 beta_2: -1 epsilon: 0 }"),
      AllOf(HasSubstr("adam.beta_1: is 1; allowed: 0 to below 1"), HasSubstr("adam.beta_2: is -1"),
            HasSubstr("adam.epsilon: is 0; allowed: a number above 0")));
  EXPECT_THAT(Faults("adamw { weight_decay: inf }"), HasSubstr("adamw.weight_decay: is inf"));
  EXPECT_THAT(Faults("rmsprop { rho: 2 momentum: nan }"),
              AllOf(HasSubstr("rmsprop.rho: is 2"), HasSubstr("rmsprop.momentum: is nan")));
  EXPECT_THAT(Faults("adagrad { initial_accumulator_value: -1 }"),
              HasSubstr("initial_accumulator_value: is -1"));
  EXPECT_THAT(Faults("sgd {} learning_rate { constant: 0 }"),
              HasSubstr("learning_rate.constant: is 0"));
}

TEST(ResolveOptimizerTest, ChecksSchedules) {
  EXPECT_THAT(Faults("sgd {} learning_rate { exponential_decay {} }"),
              AllOf(HasSubstr("exponential_decay.initial_learning_rate: is 0"),
                    HasSubstr("exponential_decay.decay_steps: is 0; allowed: 1 or more"),
                    HasSubstr("exponential_decay.decay_rate: is 0")));
  EXPECT_THAT(Faults("sgd {} learning_rate { piecewise_constant_decay { boundaries: [5, 5] values: "
                     "[1, -1] } }"),
              AllOf(HasSubstr("boundaries[1]: is 5; allowed: more than the one before"),
                    HasSubstr("values: has 2 entries for 2 boundaries; allowed: 3"),
                    HasSubstr("values[1]: is -1")));
  EXPECT_THAT(
      Faults("sgd {} learning_rate { cosine_decay { decay_steps: -1 alpha: 2 warmup_steps: 5 } }"),
      AllOf(HasSubstr("decay_steps: is -1"), HasSubstr("alpha: is 2"),
            HasSubstr("warmup_steps: is 5 without warmup_target")));
}

TEST(ResolveOptimizerTest, TakesOneClipAtMost) {
  EXPECT_EQ(Faults("sgd {} clipnorm: 1"), "");
  EXPECT_EQ(Faults("sgd {} clipnorm: 1 clipvalue: 2"),
            "optimizer: sets clipnorm and clipvalue; allowed: one of them at most");
  EXPECT_EQ(Faults("sgd {} global_clipnorm: 0"),
            "optimizer.global_clipnorm: is 0; allowed: a number above 0");
}

}  // namespace
}  // namespace fitd
