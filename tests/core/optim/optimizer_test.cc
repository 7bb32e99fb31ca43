#include "core/optim/optimizer.h"

#include "core/optim/resolve_optimizer.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace fitd {
namespace {

using ::testing::ElementsAre;

const Kernels& kernels = ActiveKernels();

Optimizer Make(const char* text) {
  v1::OptimizerSpec spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec));
  Violations violations;
  ResolveOptimizer(spec, "optimizer", violations);
  EXPECT_TRUE(violations.empty()) << violations.ToStatus();
  return MakeOptimizer(spec);
}

TEST(OptimizerTest, SgdKeepsAVelocityOnlyWithMomentum) {
  EXPECT_THAT(Make("sgd {}").slots, ElementsAre(std::nullopt, std::nullopt, std::nullopt));
  EXPECT_THAT(Make("sgd { momentum: 0.9 }").slots, ElementsAre(0.0f, std::nullopt, std::nullopt));
  EXPECT_EQ(Make("sgd { momentum: 0.9 nesterov: true }").kernel, kernels.sgd_nesterov);
  EXPECT_EQ(Make("sgd { nesterov: true }").kernel, kernels.sgd);
}

TEST(OptimizerTest, AdamKeepsTwoMomentsAndAmsgradAMaximum) {
  EXPECT_THAT(Make("adam {}").slots, ElementsAre(0.0f, 0.0f, std::nullopt));
  EXPECT_THAT(Make("adam { amsgrad: true }").slots, ElementsAre(0.0f, 0.0f, 0.0f));
}

TEST(OptimizerTest, OnlyAdamWDecaysWeights) {
  EXPECT_EQ(Make("adam {}").d, 0.0f);
  EXPECT_EQ(Make("adamw {}").d, 0.004f);
}

TEST(OptimizerTest, RmspropKeepsWhatItsOptionsNeed) {
  EXPECT_THAT(Make("rmsprop {}").slots, ElementsAre(0.0f, std::nullopt, std::nullopt));
  EXPECT_THAT(Make("rmsprop { momentum: 0.5 centered: true }").slots,
              ElementsAre(0.0f, 0.0f, 0.0f));
}

TEST(OptimizerTest, AdagradStartsItsAccumulator) {
  EXPECT_THAT(Make("adagrad {}").slots, ElementsAre(0.1f, std::nullopt, std::nullopt));
}

}  // namespace
}  // namespace fitd
