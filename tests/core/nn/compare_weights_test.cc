#include "core/nn/compare_weights.h"

#include "gtest/gtest.h"

namespace fitd {
namespace {

Weights Sample() {
  return {{{.name = "dense/kernel", .shape = {3, 2}, .values = {1, 2, 3, 4, 5, 6}},
           {.name = "dense/bias", .shape = {2}, .values = {0, 7}},
           {.name = "dense_1/bias", .shape = {1}, .values = {8}}}};
}

TEST(CompareWeightsTest, SameBitsDoNotDiffer) {
  EXPECT_EQ(CompareWeights(Sample(), Sample()), std::nullopt);
}

TEST(CompareWeightsTest, NamesTheFirstDifferenceAndCountsTheTensors) {
  Weights trained = Sample();
  trained.tensors[0].values[4] = 5.5f;
  trained.tensors[0].values[5] = 6.5f;
  trained.tensors[2].values[0] = 9;
  const std::optional<v1::WeightsDifference> difference = CompareWeights(Sample(), trained);
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->tensor(), "dense/kernel");
  EXPECT_EQ(difference->index(), 4);
  EXPECT_EQ(difference->stored(), 5);
  EXPECT_EQ(difference->trained(), 5.5f);
  EXPECT_EQ(difference->differing_tensors(), 2);
  EXPECT_EQ(difference->tensors(), 3);
}

TEST(CompareWeightsTest, TheSignOfZeroIsABit) {
  Weights trained = Sample();
  trained.tensors[1].values[0] = -0.0f;
  const std::optional<v1::WeightsDifference> difference = CompareWeights(Sample(), trained);
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->tensor(), "dense/bias");
}

}  // namespace
}  // namespace fitd
