#include "core/plan/column_moments.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fitd {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

std::pair<std::vector<float>, std::vector<float>> Get(const ColumnMoments& moments,
                                                      size_t columns) {
  std::vector<float> mean(columns), variance(columns);
  moments.Get(mean, variance);
  return {mean, variance};
}

TEST(ColumnMomentsTest, GivesMeanAndPopulationVariance) {
  ColumnMoments moments(2);
  const std::vector<float> x = {1, 5, 3, 5};
  moments.AddRows(x.data(), 2);
  EXPECT_THAT(Get(moments, 2), Pair(ElementsAre(2, 5), ElementsAre(1, 0)));
}

TEST(ColumnMomentsTest, DoesNotDependOnHowRowsAreGrouped) {
  const std::vector<float> x = {0.1f, 0.7f, -3.3f, 1e6f, 2.2f};
  ColumnMoments together(1), apart(1);
  together.AddRows(x.data(), 5);
  apart.AddRows(x.data(), 2);
  apart.AddRows(x.data() + 2, 3);
  EXPECT_EQ(Get(together, 1), Get(apart, 1));
}

TEST(ColumnMomentsTest, KeepsDigitsFarFromZero) {
  ColumnMoments moments(1);
  const std::vector<float> x = {1e7f, 1e7f + 1, 1e7f + 2};
  moments.AddRows(x.data(), 3);
  EXPECT_FLOAT_EQ(Get(moments, 1).second[0], 2.0f / 3);
}

TEST(ColumnMomentsTest, IsZeroWithoutRows) {
  EXPECT_THAT(Get(ColumnMoments(1), 1), Pair(ElementsAre(0), ElementsAre(0)));
}

}  // namespace
}  // namespace fitd
