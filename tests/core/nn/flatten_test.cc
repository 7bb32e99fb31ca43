#include "core/nn/flatten.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/nn/layer_testing.h"

namespace fitd {
namespace {

using ::testing::ElementsAre;

TEST(FlattenTest, JoinsTheAxesWithoutWork) {
  const LayerRun run("flatten {}", {2, 3, 4}, 1);
  EXPECT_THAT(run.layer().output_shape(), ElementsAre(24));
  EXPECT_TRUE(run.layer().passes_through(true));
  EXPECT_TRUE(run.layer().passes_through(false));
}

}  // namespace
}  // namespace fitd
