#include "core/data/column_statistics.h"

#include <cmath>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fitd {
namespace {

v1::ColumnStatistics Figures(const Moments& moments) {
  v1::ColumnStatistics statistics;
  moments.Write(statistics);
  return statistics;
}

TEST(MomentsTest, MeasuresOneByOneAsAllAtOnce) {
  std::mt19937 random(3);
  std::vector<double> values(10'000);
  for (double& value : values) value = 1e6 + static_cast<double>(random() % 1000);
  Moments single;
  for (const double value : values) single.Add(value);
  Moments chunked;
  for (size_t i = 0; i < values.size(); i += 700) {
    chunked.Add(std::span(values).subspan(i, std::min<size_t>(700, values.size() - i)));
  }
  EXPECT_EQ(Figures(single).min(), Figures(chunked).min());
  EXPECT_EQ(Figures(single).max(), Figures(chunked).max());
  EXPECT_EQ(Figures(single).count(), Figures(chunked).count());
  EXPECT_NEAR(Figures(single).mean(), Figures(chunked).mean(), 1e-6);
  EXPECT_NEAR(Figures(single).stddev(), Figures(chunked).stddev(), 1e-9);
}

TEST(MomentsTest, KnowsTheSpreadOfKnownValues) {
  Moments moments;
  for (const double value : {2, 4, 4, 4, 5, 5, 7, 9}) moments.Add(value);
  EXPECT_EQ(Figures(moments).mean(), 5);
  EXPECT_DOUBLE_EQ(Figures(moments).stddev(), 2);
}

TEST(MomentsTest, EqualValuesHaveNoSpread) {
  Moments moments;
  for (int i = 0; i < 1000; ++i) moments.Add(0.1);
  EXPECT_EQ(Figures(moments).mean(), 0.1);
  EXPECT_EQ(Figures(moments).stddev(), 0);
}

TEST(MomentsTest, LeavesOutWhatIsNotKnown) {
  EXPECT_FALSE(Figures(Moments()).has_mean());
  Moments huge;
  huge.Add(1e308);
  huge.Add(-1e308);
  EXPECT_FALSE(Figures(huge).has_stddev());
  EXPECT_EQ(Figures(huge).max(), 1e308);
}

TEST(TopValuesTest, KeepsThirtyTwoByFallingCount) {
  std::vector<std::pair<std::string, int64_t>> counts;
  for (int i = 0; i < 100; ++i) counts.emplace_back(std::to_string(i), i / 2);
  v1::ColumnStatistics statistics;
  WriteTopValues(counts, statistics);
  ASSERT_EQ(statistics.top_values_size(), 32);
  EXPECT_EQ(statistics.top_values(0).value(), "98");
  EXPECT_EQ(statistics.top_values(1).value(), "99");
}

TEST(IntegerCountsTest, GivesUpOnManyValues) {
  IntegerCounts counts;
  for (int64_t i = 0; i <= static_cast<int64_t>(IntegerCounts::kMostDistinct); ++i) counts.Add(i);
  v1::ColumnStatistics statistics;
  counts.Write(statistics);
  EXPECT_EQ(statistics.top_values_size(), 0);
}

}  // namespace
}  // namespace fitd
