#include "core/nn/rescaling.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/nn/layer_testing.h"

namespace fitd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(RescalingTest, ScalesAndShifts) {
  LayerRun run("rescaling { scale: 0.5 offset: -1 }", {2}, 2);
  EXPECT_THAT(run.Forward({0, 2, 4, 6}), ElementsAre(-1, 0, 1, 2));
  EXPECT_THAT(run.Backward({1, 2, 3, 4}), ElementsAre(0.5, 1, 1.5, 2));
}

TEST(RescalingTest, RefusesMissingAndEndlessNumbers) {
  EXPECT_EQ(LayerFaults("rescaling {}", {1}),
            "layer.rescaling.scale: is 0; allowed: a finite number other than 0");
  EXPECT_THAT(LayerFaults("rescaling { scale: inf offset: nan }", {1}),
              AllOf(HasSubstr("scale: is inf"), HasSubstr("offset: is nan")));
}

}  // namespace
}  // namespace fitd
