#include "core/nn/dense.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/nn/layer_testing.h"

namespace fitd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;

TEST(DenseTest, MultipliesAndAdds) {
  LayerRun run("dense { units: 2 }", {3}, 2);
  run.SetWeight(0, {1, 2, 3, 4, 5, 6});
  run.SetWeight(1, {10, 20});
  EXPECT_THAT(run.Forward({1, 0, 0, 1, 1, 1}), ElementsAre(11, 22, 19, 32));
  EXPECT_THAT(run.layer().output_shape(), ElementsAre(2));
}

TEST(DenseTest, GivesGradientsOfInputKernelAndBias) {
  LayerRun run("dense { units: 2 }", {3}, 2);
  run.SetWeight(0, {1, 2, 3, 4, 5, 6});
  run.Forward({1, 2, 3, 4, 5, 6});
  EXPECT_THAT(run.Backward({1, 0, 0, 1}), ElementsAre(1, 3, 5, 2, 4, 6));
  EXPECT_THAT(run.Gradient(0), ElementsAre(1, 4, 2, 5, 3, 6));
  EXPECT_THAT(run.Gradient(1), ElementsAre(1, 1));
}

TEST(DenseTest, AppliesItsActivation) {
  LayerRun run("dense { units: 1 use_bias: false activation { relu {} } }", {1}, 2);
  run.SetWeight(0, {2});
  EXPECT_THAT(run.Forward({3, -3}), ElementsAre(6, 0));
  EXPECT_THAT(run.Backward({1, 1}), ElementsAre(2, 0));
  EXPECT_THAT(run.Gradient(0), ElementsAre(3));
}

TEST(DenseTest, KeepsWhatTheGradientOfItsActivationReads) {
  LayerRun run("dense { units: 1 use_bias: false activation { silu {} } }", {1}, 1);
  run.SetWeight(0, {1});
  const float sigmoid = 1 / (1 + std::exp(-2.0f));
  EXPECT_THAT(run.Forward({2}), ElementsAre(FloatNear(2 * sigmoid, 1e-6f)));
  EXPECT_THAT(run.Backward({1}), ElementsAre(FloatNear(sigmoid * (1 + 2 * (1 - sigmoid)), 1e-6f)));
}

TEST(DenseTest, HasNoBiasWhenToldSo) {
  LayerRun run("dense { units: 4 use_bias: false }", {3}, 1);
  ASSERT_EQ(run.layer().weights().size(), 1u);
  EXPECT_EQ(run.layer().weights()[0].name, "kernel");
  EXPECT_THAT(run.layer().weights()[0].shape, ElementsAre(3, 4));
}

TEST(DenseTest, WritesOutDefaults) {
  v1::DenseSpec spec;
  spec.set_units(3);
  Violations violations;
  Dense::Resolve(spec, {2}, "dense", violations);
  EXPECT_TRUE(violations.empty());
  EXPECT_TRUE(spec.activation().has_linear());
  EXPECT_TRUE(spec.use_bias());
  EXPECT_TRUE(spec.kernel_initializer().has_glorot_uniform());
  EXPECT_TRUE(spec.bias_initializer().has_zeros());
  EXPECT_FALSE(spec.has_kernel_regularizer());
}

TEST(DenseTest, NamesEveryFault) {
  EXPECT_EQ(LayerFaults("dense { units: 0 }", {3}),
            "layer.dense.units: is 0; allowed: 1 to 1,048,576; no default");
  EXPECT_EQ(LayerFaults("dense { units: 1048577 }", {3}),
            "layer.dense.units: is 1048577; allowed: 1 to 1,048,576; no default");
  EXPECT_THAT(LayerFaults("dense { units: 1 }", {28, 28}),
              HasSubstr("put a flatten layer before it"));
  EXPECT_THAT(LayerFaults("dense { units: 1 activation {} kernel_regularizer { l1 { l1: -1 } } "
                          "bias_initializer { orthogonal {} } }",
                          {3}),
              AllOf(HasSubstr("layer.dense.activation: has no kind; allowed: linear, relu"),
                    HasSubstr("layer.dense.kernel_regularizer.l1.l1: is -1;"),
                    HasSubstr("layer.dense.bias_initializer.orthogonal: is for matrices")));
}

}  // namespace
}  // namespace fitd
