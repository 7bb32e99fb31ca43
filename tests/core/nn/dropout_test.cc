#include "core/nn/dropout.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/nn/layer_testing.h"

namespace fitd {
namespace {

using ::testing::HasSubstr;

TEST(DropoutTest, GradientUsesTheSameMask) {
  LayerRun run("dropout { rate: 0.5 }", {64}, 1);
  const std::vector<float> ones(64, 1.0f);
  EXPECT_EQ(run.Forward(ones), run.Backward(ones));
}

TEST(DropoutTest, DrawsAnotherMaskAtEachStep) {
  LayerRun run("dropout { rate: 0.5 }", {64}, 1);
  const std::vector<float> ones(64, 1.0f);
  const std::vector<float> first = run.Forward(ones);
  EXPECT_EQ(run.Forward(ones), first);
  run.step().iteration = 1;
  EXPECT_NE(run.Forward(ones), first);
}

TEST(DropoutTest, PassesThroughOutsideTrainingAndAtRateZero) {
  const LayerRun half("dropout { rate: 0.5 }", {4}, 1);
  EXPECT_TRUE(half.layer().passes_through(false));
  EXPECT_FALSE(half.layer().passes_through(true));
  EXPECT_TRUE(LayerRun("dropout { rate: 0 }", {4}, 1).layer().passes_through(true));
}

TEST(DropoutTest, RefusesRatesOutsideTheRange) {
  EXPECT_THAT(LayerFaults("dropout { rate: 1 }", {1}),
              HasSubstr("layer.dropout.rate: is 1; allowed: 0 to below 1"));
  EXPECT_THAT(LayerFaults("dropout { rate: -0.1 }", {1}), HasSubstr("is -0.1"));
  EXPECT_THAT(LayerFaults("dropout { rate: nan }", {1}), HasSubstr("is nan"));
}

}  // namespace
}  // namespace fitd
