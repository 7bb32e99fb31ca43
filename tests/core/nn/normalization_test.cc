#include "core/nn/normalization.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/nn/layer_testing.h"

namespace fitd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;

TEST(NormalizationTest, StandardisesEachFeatureOfTheLastAxis) {
  LayerRun run("normalization {}", {2, 2}, 1);
  run.SetWeight(0, {1, 10});
  run.SetWeight(1, {4, 25});
  EXPECT_THAT(run.Forward({1, 10, 3, 20}),
              ElementsAre(0, 0, FloatNear(1, 1e-6f), FloatNear(2, 1e-6f)));
  EXPECT_THAT(run.Backward({1, 1, 2, 2}),
              ElementsAre(0.5, FloatNear(0.2f, 1e-6f), 1, FloatNear(0.4f, 1e-6f)));
}

TEST(NormalizationTest, KeepsDigitsOfSmallDifferencesFromALargeMean) {
  LayerRun run("normalization {}", {1}, 1);
  run.SetWeight(0, {1e7f});
  run.SetWeight(1, {4});
  EXPECT_THAT(run.Forward({1e7f + 3}), ElementsAre(1.5f));
}

TEST(NormalizationTest, DividesByNothingSmallerThanKerasEpsilon) {
  LayerRun run("normalization {}", {1}, 1);
  run.SetWeight(0, {1});
  run.SetWeight(1, {0});
  EXPECT_THAT(run.Forward({1}), ElementsAre(0));
}

TEST(NormalizationTest, TakesGivenStatistics) {
  const LayerRun run("normalization { mean: 3 variance: [1, 2] }", {2}, 1);
  EXPECT_THAT(run.layer().weights()[0].values, ElementsAre(3));
  EXPECT_THAT(run.layer().weights()[1].values, ElementsAre(1, 2));
  EXPECT_FALSE(run.layer().weights()[0].trainable);
}

TEST(NormalizationTest, NamesEveryFault) {
  EXPECT_THAT(
      LayerFaults("normalization { mean: [1, 2] variance: [1, 2, 3] }", {3}),
      HasSubstr("layer.normalization.mean: has 2 values; allowed: 1, or 3, one per feature"));
  EXPECT_THAT(LayerFaults("normalization { mean: 1 }", {3}), HasSubstr("sets mean alone"));
  EXPECT_THAT(LayerFaults("normalization { mean: nan variance: -1 }", {3}),
              AllOf(HasSubstr("mean[0]: is nan"), HasSubstr("variance[0]: is -1")));
}

}  // namespace
}  // namespace fitd
