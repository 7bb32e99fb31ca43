#include "core/search/parzen_estimator.h"

#include <vector>

#include "gtest/gtest.h"

namespace fitd {
namespace {

// What a share of the draws from `estimator` should be: its density's integral up to `end`.
template <typename Estimator>
double Below(const Estimator& estimator, double end) {
  constexpr int kSteps = 20'000;
  double sum = 0;
  for (int i = 0; i < kSteps; ++i) sum += estimator.Density(end * (i + 0.5) / kSteps);
  return sum * end / kSteps;
}

template <typename Estimator>
void ExpectDrawsFollowTheDensity(const Estimator& estimator) {
  constexpr int kDraws = 20'000;
  const Rng rng(1, RandomPurpose::kSearch);
  EXPECT_NEAR(Below(estimator, 1), 1, 1e-3);
  for (const double end : {0.1, 0.3, 0.5, 0.75}) {
    int below = 0;
    for (uint64_t i = 0; i < kDraws; ++i) {
      const double x = estimator.Draw(rng, i);
      ASSERT_GE(x, 0);
      ASSERT_LT(x, 1);
      below += static_cast<int>(x < end);
    }
    EXPECT_NEAR(static_cast<double>(below) / kDraws, Below(estimator, end), 0.02) << end;
  }
}

TEST(ParzenEstimatorTest, DrawsFollowTheDensity) {
  ExpectDrawsFollowTheDensity(ParzenEstimator({}));
  ExpectDrawsFollowTheDensity(ParzenEstimator({0.2}));
  ExpectDrawsFollowTheDensity(ParzenEstimator({0, 0.01, 0.9, 0.9, 0.5}));
}

TEST(ParzenEstimatorTest, IsDenseAroundThePoints) {
  const ParzenEstimator estimator({0.2, 0.21, 0.22});
  EXPECT_GT(estimator.Density(0.21), 3 * estimator.Density(0.7));
  EXPECT_GT(estimator.Density(0.7), 0);
}

TEST(ClassEstimatorTest, CountsThePointsOfEachClass) {
  const ClassEstimator estimator({0.1, 0.1, 0.9}, 4);
  EXPECT_DOUBLE_EQ(estimator.Density(0.2), 4 * (2 + 0.25) / 4);
  EXPECT_DOUBLE_EQ(estimator.Density(0.4), 4 * 0.25 / 4);
  EXPECT_DOUBLE_EQ(estimator.Density(0.8), 4 * 1.25 / 4);
}

TEST(ClassEstimatorTest, DrawsTheMiddlesOfClasses) {
  const ClassEstimator estimator({0.1, 0.1, 0.9}, 4);
  const Rng rng(1, RandomPurpose::kSearch);
  int first = 0;
  for (uint64_t i = 0; i < 4000; ++i) first += static_cast<int>(estimator.Draw(rng, i) == 0.125);
  EXPECT_NEAR(first, 4000 * 2.25 / 4, 100);
}

}  // namespace
}  // namespace fitd
