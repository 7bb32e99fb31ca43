#include "core/nn/activation_layer.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/nn/layer_testing.h"

namespace fitd {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;

TEST(ActivationLayerTest, AppliesTheFunctionToEveryValue) {
  LayerRun run("activation { leaky_relu { negative_slope: 0.5 } }", {2, 2}, 1);
  EXPECT_THAT(run.Forward({1, -2, 3, -4}), ElementsAre(1, -1, 3, -2));
  EXPECT_THAT(run.Backward({1, 1, 1, 1}), ElementsAre(1, 0.5, 1, 0.5));
  EXPECT_THAT(run.layer().output_shape(), ElementsAre(2, 2));
}

TEST(ActivationLayerTest, SoftmaxGoesAlongTheLastAxis) {
  LayerRun run("activation { softmax {} }", {2, 2}, 1);
  const float p = 1 / (1 + std::exp(1.0f));
  EXPECT_THAT(run.Forward({0, 0, 0, 1}),
              ElementsAre(0.5, 0.5, FloatNear(p, 1e-6f), FloatNear(1 - p, 1e-6f)));
  EXPECT_FALSE(run.layer().ends_in_softmax());
  EXPECT_TRUE(LayerRun("activation { softmax {} }", {4}, 1).layer().ends_in_softmax());
}

TEST(ActivationLayerTest, LinearIsNoWork) {
  EXPECT_TRUE(LayerRun("activation { linear {} }", {4}, 1).layer().passes_through(true));
  EXPECT_FALSE(LayerRun("activation { relu {} }", {4}, 1).layer().passes_through(true));
}

TEST(ActivationLayerTest, NamesEveryFault) {
  EXPECT_THAT(LayerFaults("activation {}", {1}), HasSubstr("layer.activation: has no kind"));
  EXPECT_THAT(
      LayerFaults("activation { leaky_relu { negative_slope: -1 } }", {1}),
      HasSubstr(
          "layer.activation.leaky_relu.negative_slope: is -1; allowed: a number of 0 or more"));
  EXPECT_THAT(LayerFaults("activation { elu { alpha: nan } }", {1}),
              HasSubstr("is nan; allowed: a number of 0 or more"));
}

}  // namespace
}  // namespace fitd
